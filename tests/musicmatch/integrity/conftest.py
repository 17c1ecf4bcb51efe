"""A community in which everything agrees: made by the services alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from accounts.models import User
from ingest.models import ImportRun, Source, UploadPart
from ingest.services import source_link
from matching.services import index_rebuild
from social import services
from social.models import Connection, Message, Notice, Report
from social.services import appeal_create, block_create, connection_request
from tests.conftest import NOW
from tests.factories import make_taste
from tests.factories.lives import rest
from tests.factories.threads import make_connection, say
from tests.social.deciding import decide, make_chief, make_moderator, report, suspended

# An hour after everything happened, at which it is compared.
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _a_standing_clock() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


@dataclass
class Site:
    ada: User
    ben: User
    cyd: User
    dee: User
    message: Message
    case: Report
    waiting: ImportRun
    done: ImportRun

    def connection(self, a: User, b: User) -> Connection:
        return Connection.objects.between(a.pk, b.pk).get()


@pytest.fixture
def site(community: list[User], settings: Any, tmp_path: Path) -> Site:
    ada, ben, cyd, dee = community
    make_connection(ada, ben)
    say(ben, ada, "Seen by nobody yet")
    message = say(ada, ben, "The last word")
    rest(cyd, ada)
    connection_request(requester=ben, addressee=cyd, now=NOW)
    block_create(blocker=dee, blocked=ada, now=NOW)
    mod, chief = make_moderator(), make_chief()
    case = report(ada, cyd)
    decide(services.person_warn, case, mod)
    suspended(dee, ben, mod, until=NOW + timedelta(days=9))
    told = Notice.objects.get(person=cyd)
    appeal = appeal_create(notice=told, words="It was a joke", now=NOW)
    services.appeal_uphold(appeal_id=appeal.pk, actor=chief, reason="No joke", now=NOW)
    index_rebuild(now=NOW)
    make_taste(ben, ["Grouper", "Low"])
    return Site(ada, ben, cyd, dee, message, case, _waiting(ada), _done(ben))


def _waiting(person: User) -> ImportRun:
    source_link(person_id=person.pk, source=Source.EXPORT, now=NOW)
    run = ImportRun.objects.create(
        person=person,
        source=Source.EXPORT,
        queued_at=LATER,
        staged={"files": [["a.json", "0"]], "sizes": [2]},
    )
    UploadPart.objects.create(run_id=run.pk, file=0, place=0, data=b"[]", kept_at=NOW)
    return run


def _done(person: User) -> ImportRun:
    source_link(person_id=person.pk, source=Source.LASTFM, now=NOW)
    return ImportRun.objects.create(
        person=person,
        source=Source.LASTFM,
        state="done",
        queued_at=NOW,
        finished_at=NOW,
    )
