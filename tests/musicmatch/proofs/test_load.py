"""People made for a proof act on a live site, and what they did is there."""

import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import User
from matching.services import index_rebuild
from musicmatch import integrity
from musicmatch.integrity import sent
from musicmatch.integrity.journal import Journal, Outcome, Verb
from musicmatch.proofs import acting
from musicmatch.proofs.load import Load, Pressure
from musicmatch.proofs.population import Cast, cast_of, community_fill
from musicmatch.proofs.visitor import Visitor
from social.models import Connection, Message

PEOPLE = 120
LONGEST = 60.0


@pytest.fixture
def people(transactional_db: None) -> None:
    list(community_fill(PEOPLE, now=timezone.now()))
    index_rebuild(now=timezone.now())


def site_of(live_server: Any) -> str:
    return str(live_server.url).replace("localhost", "127.0.0.1")


def test_what_was_filled_agrees(people: None) -> None:
    found = list(integrity.checks(now=timezone.now()))
    assert [line for check in found for line in check.differences] == []
    assert User.objects.count() == PEOPLE
    assert Connection.objects.accepted().count() == 2 * PEOPLE
    assert Message.objects.count() == 10 * PEOPLE


def test_a_community_is_never_filled_into_another(people: None) -> None:
    with pytest.raises(CommandError, match="empty database"):
        call_command("prove_fill", people=PEOPLE)
    assert User.objects.count() == PEOPLE


def test_parts_share_no_members_and_strangers_are_none(
    people: None, tmp_path: Path
) -> None:
    path = tmp_path / "cast"
    call_command(
        "prove_fill", people=0, sessions=5, cast=path, part=1, stdout=StringIO()
    )
    one, other = cast_of(5), Cast.read(path)
    assert path.stat().st_mode & 0o077 == 0
    mine, theirs = ({m.handle for m in cast.members} for cast in (one, other))
    assert (len(mine), len(theirs), mine & theirs) == (5, 5, set())
    for member in (*one.members, *other.members):
        assert member.strangers
        assert not {*member.strangers} & (mine | theirs)
        assert not {*member.strangers} & {*member.partners, member.handle}


def test_people_act_and_their_journal_is_what_is_stored(
    people: None, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Much is written, so that little time is enough."""
    writing = {**dict.fromkeys(acting.MIX, 1), "send": 6, "ask": 6, "import": 0}
    monkeypatch.setattr(acting, "MIX", {**writing, "upload": 0})
    path = tmp_path / "journal"
    cast = cast_of(8)
    latest = time.monotonic() + LONGEST
    with Load(site_of(live_server), cast, Pressure(users=1), journal=path) as load:
        while time.monotonic() < latest and not _is_enough(path):
            time.sleep(0.2)
    assert not load.tally.failures
    journal = Journal.read(path)
    assert {a.outcome for a in journal.actions} == {Outcome.STORED}
    assert {Verb.MESSAGE, Verb.REQUEST, Verb.BLOCK} <= {a.verb for a in journal.actions}
    assert list(sent.differences(journal)) == []
    Message.objects.filter(pk__gt=journal.last_message).latest("pk").delete()
    assert len(list(sent.differences(journal))) == 1


def _is_enough(path: Path) -> bool:
    said = path.read_text()
    return all(f'"{verb}"' in said for verb in ("message", "request", "block"))


def test_a_visitor_stays_on_this_machine(people: None) -> None:
    cast = cast_of(1)
    with pytest.raises(ValueError, match="only a site of this machine"):
        Visitor("https://musicmatch.example", cast, cast.members[0])


def test_load_needs_a_database_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://127.0.0.1:1/none")
    with pytest.raises(CommandError, match="Set REDIS_URL"):
        call_command("prove_load")


@pytest.mark.parametrize("command", ["prove_faults", "prove_scans"])
def test_what_nobody_knows_is_refused(command: str) -> None:
    with pytest.raises(CommandError, match="There is no .* nonsense"):
        call_command(command, "nonsense")
