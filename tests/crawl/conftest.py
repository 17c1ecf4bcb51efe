"""A community, and someone who joins it later."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.services import artists_show
from ingest.models import Artist, ImportRun, Listen
from matching.services import index_rebuild
from social.mails import off_token
from social.models import Connection, Message, Notice, Thread, Topic
from social.services import connection_request
from tests.conftest import NOW
from tests.factories import make_person, make_taste
from tests.factories.lives import lead_life, listen
from tests.factories.mails import make_notice
from tests.factories.threads import make_connection, say

# The day after everything happened, at which it is looked at.
TODAY = NOW + timedelta(days=1)
# So large that no other number on a page is like it.
ADA = 987_654_321
ONLY_ADAS = "Quixotic Nonet"
NOTE, TEXT, BIO = "Zephyrs note", "Zephyrs text", "Zephyrs bio"


@pytest.fixture(autouse=True)
def _a_standing_clock() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture(autouse=True)
def _own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@dataclass
class Community:
    """``dee`` looks; the others are there before ``ada`` comes."""

    dee: User
    ben: User
    cyd: User
    eve: User
    fay: User
    ada: User | None = None
    marks: list[str] = field(default_factory=list)


@pytest.fixture
def community(db: None) -> Community:
    people = {
        name: make_person(f"{name}_here", country="DE")
        for name in ("dee", "ben", "cyd", "eve", "fay")
    }
    here = Community(**people)
    make_taste(
        here.ben, ["Grouper", "Portishead", "Sade", "Neu!"], genres=["krautrock"]
    )
    make_taste(here.cyd, ["Sade", "Autechre", "Portishead"], genres=["idm"])
    make_taste(here.eve, ["Sade", "Grouper"], genres=["ambient"])
    lead_life(
        here.dee, friend=here.ben, stranger=here.cyd, enemy=here.fay, asker=here.eve
    )
    for person in (here.dee, here.ben, here.cyd):
        artists_show(person=person)
    index_rebuild(now=NOW)
    here.dee.refresh_from_db()
    return here


def ada_comes(here: Community, *, meets_dee: bool) -> User:
    """Let Ada join, listen and meet people; note everything that would show her."""
    ada = here.ada = make_person("zephyr_ada", id=ADA, country="DE", bio=BIO)
    ada.display_name = "Zephyrine"
    ada.save(update_fields=["display_name"])
    listen(ada)
    make_taste(ada, ["Portishead", "Grouper", "Sade", ONLY_ADAS], genres=["trip hop"])
    track = Listen.objects.filter(person=ada).get().track
    Listen.objects.create(person=ada, source="demo", track=track, listened_at=NOW)
    artists_show(person=ada)
    make_connection(ada, here.ben)
    say(ada, here.ben, TEXT)
    say(here.ben, ada, TEXT)
    make_notice(ada)
    if meets_dee:
        connection_request(requester=ada, addressee=here.dee, note=NOTE, now=NOW)
        make_connection(here.dee, ada)
        say(ada, here.dee, TEXT)
        say(here.dee, ada, "Dees own words")
    here.marks = [*_names(ada), *_public_ids(ada), NOTE, TEXT, BIO]
    return ada


def _names(ada: User) -> list[str]:
    return ["zephyr", "Zephyrine", str(ada.pk), str(ada.public_id)]


def _public_ids(ada: User) -> list[str]:
    rows = [
        *Connection.objects.of(ada.pk),
        *Message.objects.filter(sender=ada),
        *Notice.objects.of(ada.pk),
    ]
    runs = ImportRun.objects.filter(person=ada)
    return [str(row.public_id) for row in rows] + [str(run.pk) for run in runs]


def adas_values(here: Community) -> dict[str, list[str]]:
    """What in an address may stand for Ada or something of hers."""
    ada = here.ada
    assert ada is not None
    threads = Thread.objects.filter(low=ada) | Thread.objects.filter(high=ada)
    return {
        "handle": [ada.handle or "", str(ada.pk), str(ada.public_id), ada.username],
        "connection_id": _ids(Connection.objects.of(ada.pk)),
        "thread_id": _ids(threads),
        "notice_id": _ids(Notice.objects.of(ada.pk)),
        "run_id": [str(r.pk) for r in ImportRun.objects.filter(person=ada)],
        "pk": [str(pk) for pk in Artist.objects.values_list("pk", flat=True)],
        "token": [off_token(ada, Topic.MESSAGES)],
    }


def _ids(rows: Any) -> list[str]:
    return [str(row.public_id) for row in rows]
