"""Every fault at every call: a state and a sentence, and nothing half-written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from accounts import gate
from accounts.models import User
from ingest.models import ImportRun, Source, SourceLink
from ingest.services import run_queue
from ingest.services.turns import MOST_ATTEMPTS
from ingest.sources import http
from musicmatch.standins.spotify import SpotifyStandin
from tests.ingest.conftest import Clock, Connect, Finish

State = ImportRun.State
Tables = Callable[[], object]

# Each call of a full import: its path, and how many of that path come before it.
PLACES = {
    "artists:short_term": ("/v1/me/top/artists", 0),
    "artists:medium_term": ("/v1/me/top/artists", 1),
    "artists:long_term": ("/v1/me/top/artists", 2),
    "tracks:short_term": ("/v1/me/top/tracks", 0),
    "tracks:medium_term": ("/v1/me/top/tracks", 1),
    "tracks:long_term": ("/v1/me/top/tracks", 2),
    "recent": ("/v1/me/player/recently-played", 0),
}


@dataclass(frozen=True)
class Trouble:
    """A fault, and where it leaves the run and the source if it stays."""

    fault: dict[str, Any]
    state: str
    link_state: str = "connected"
    words: str = ""


NO_ANSWER = "did not answer, several times in a row"
ASKS_FOR_PATIENCE = {
    "429 for 2 s": Trouble(
        {"status": 429, "retry_after": 2}, State.WAITING, words="slow down"
    ),
    "429 for a day": Trouble(
        {"status": 429, "retry_after": 81_654}, State.WAITING, words="slow down"
    ),
    "429 without a word": Trouble({"status": 429}, State.WAITING, words="slow down"),
    "quota": Trouble({"kind": "quota"}, State.WAITING, words="allowance"),
}
STOPS = {
    name: Trouble(fault, State.FAILED, "failed", NO_ANSWER)
    for name, fault in {
        "400": {"status": 400},
        "404": {"status": 404},
        "500": {"status": 500},
        "502": {"status": 502},
        "503": {"status": 503},
        "garbage": {"kind": "garbage"},
        "cut": {"kind": "cut"},
    }.items()
}
STOPS["401"] = Trouble(
    {"status": 401}, State.FAILED, "needs_reconnect", "Connect it again"
)
for _kind in ("forbidden_plain", "forbidden_json"):
    STOPS[_kind] = Trouble(
        {"kind": _kind}, State.FAILED, "not_allowed", "not on the list"
    )
BENDS = {
    kind: {"kind": kind}
    for kind in ("missing_keys", "wrong_types", "empty", "null_cursors")
}


@pytest.fixture
def imported(ada: User, connect: Connect, finish: Finish, clock: Clock) -> User:
    """Someone whose listening is here already, an hour ago."""
    assert finish(connect(ada, "percy")).state == State.DONE
    clock.move(minutes=50)
    return ada


def fault_at(standin: SpotifyStandin, place: str, **options: Any) -> None:
    path, skip = PLACES[place]
    standin.fault(path, skip=skip, **options)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", STOPS)
def test_what_stops_an_import(
    name: str,
    place: str,
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
    written: Tables,
) -> None:
    trouble, before = STOPS[name], written()
    cursor = SourceLink.objects.get(person=imported).cursor
    fault_at(standin, place, **trouble.fault)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    called = len(standin.calls("/v1/"))
    run = finish(run)
    assert run.state == trouble.state
    assert trouble.words in run.reason
    assert run.finished_at == clock()
    assert run.staged == {}
    assert written() == before
    link = SourceLink.objects.get(person=imported)
    assert (link.state, link.reason) == (trouble.link_state, run.reason)
    assert link.cursor == cursor
    # What came before was asked once; what failed as often as it makes sense.
    tried = len(standin.calls("/v1/")) - called - list(PLACES).index(place)
    assert tried == {NO_ANSWER: MOST_ATTEMPTS, "Connect it again": 2}.get(
        trouble.words, 1
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ASKS_FOR_PATIENCE)
def test_what_makes_an_import_wait(
    name: str,
    place: str,
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
    written: Tables,
) -> None:
    trouble, before = ASKS_FOR_PATIENCE[name], written()
    fault_at(standin, place, times=1, **trouble.fault)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    called = len(standin.calls("/v1/"))
    run = finish(run, turns=1)
    assert run.state == State.WAITING
    assert trouble.words in run.reason
    assert run.resume_at is not None
    assert written() == before
    closed = gate.closure("spotify", clock() - timedelta(seconds=1))
    assert closed is not None
    assert abs(closed.until - run.resume_at) < timedelta(seconds=1)
    assert len(run.staged) == list(PLACES).index(place)
    # It goes on by itself, and asks for nothing twice but what was refused.
    run = finish(run)
    assert (run.state, run.reason) == (State.DONE, "")
    assert len(standin.calls("/v1/")) - called == len(PLACES) + 1


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [n for n in STOPS if STOPS[n].words == NO_ANSWER])
def test_what_passes_is_tried_again(
    name: str,
    place: str,
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
) -> None:
    fault_at(standin, place, times=2, **STOPS[name].fault)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    called = len(standin.calls("/v1/"))
    run = finish(run, turns=1)
    assert run.state == State.WAITING
    assert "We try again" in run.reason
    assert run.resume_at == clock()  # where the fixture moved the clock to
    run = finish(run)
    assert (run.state, run.reason) == (State.DONE, "")
    assert len(standin.calls("/v1/")) - called == len(PLACES) + 2
    assert SourceLink.objects.get(person=imported).state == "connected"


@pytest.mark.parametrize("place", ["artists:short_term", "recent"])
def test_a_service_that_does_not_answer_in_time(
    place: str,
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault_at(standin, place, kind="slow", seconds=3, times=1)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    with monkeypatch.context() as patch:
        patch.setattr(http, "_READ_SECONDS", 0.5)
        run = finish(run, turns=1)
    assert run.state == State.WAITING
    assert "did not answer" in run.reason
    assert len(run.staged) == list(PLACES).index(place)
    assert finish(run).state == State.DONE


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", BENDS)
def test_answers_that_can_be_read_in_part(
    name: str,
    place: str,
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
) -> None:
    fault_at(standin, place, times=1, **BENDS[name])
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    run = finish(run)
    assert (run.state, run.reason) == (State.DONE, "")
    kind, _, time_range = place.partition(":")
    if kind == "artists" and name != "null_cursors":
        left = imported.top_artists.filter(time_range=time_range)
        assert left.count() == (0 if name == "empty" else 4)
        assert imported.top_artists.count() == 14 + left.count()
    else:
        assert imported.top_artists.count() == 21
    assert imported.listens.count() >= 50


@pytest.mark.parametrize("place", list(PLACES)[:-1])
def test_names_that_are_all_null_do_not_wipe_a_list(
    place: str,
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
    written: Tables,
) -> None:
    before = written()
    fault_at(standin, place, kind="null_names")
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    run = finish(run)
    assert run.state == State.FAILED
    assert NO_ANSWER in run.reason
    assert written() == before


def test_recent_listens_without_names_leave_the_cursor(
    imported: User, standin: SpotifyStandin, finish: Finish, clock: Clock
) -> None:
    clock.move(hours=9)
    cursor = SourceLink.objects.get(person=imported).cursor
    fault_at(standin, "recent", kind="null_names", times=1)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    assert finish(run).state == State.DONE
    assert imported.listens.count() == 50
    assert SourceLink.objects.get(person=imported).cursor == cursor
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    assert finish(run).listens_count > 0
    assert imported.listens.count() > 50


def test_a_refusal_after_some_answers_is_not_a_missing_seat(
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
    written: Tables,
) -> None:
    before = written()
    standin.fault("/v1/me/player", status=403)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    run = finish(run)
    assert run.state == State.FAILED
    assert "refused a part" in run.reason
    assert SourceLink.objects.get(person=imported).state == "failed"
    assert written() == before


@pytest.mark.parametrize(
    ("fault", "state", "link_state"),
    [
        ({"status": 500}, State.FAILED, "failed"),
        ({"kind": "garbage"}, State.FAILED, "failed"),
        ({"kind": "cut"}, State.FAILED, "failed"),
        ({"kind": "missing_keys"}, State.FAILED, "failed"),
        ({"kind": "oauth", "error": "invalid_client"}, State.FAILED, "failed"),
        ({"kind": "oauth"}, State.FAILED, "needs_reconnect"),
    ],
)
def test_every_fault_of_the_token_endpoint(
    fault: dict[str, Any],
    state: str,
    link_state: str,
    imported: User,
    standin: SpotifyStandin,
    finish: Finish,
    clock: Clock,
    written: Tables,
) -> None:
    before = written()
    clock.move(hours=3)
    standin.fault("/api/token", **fault)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    called = len(standin.calls("/v1/"))
    run = finish(run)
    assert (run.state, bool(run.reason)) == (state, True)
    assert SourceLink.objects.get(person=imported).state == link_state
    assert written() == before
    assert len(standin.calls("/v1/")) == called


def test_a_limit_at_the_token_endpoint_closes_the_gate_for_all(
    imported: User,
    ben: User,
    standin: SpotifyStandin,
    connect: Connect,
    finish: Finish,
    clock: Clock,
) -> None:
    clock.move(hours=3)
    standin.fault("/api/token", status=429, retry_after=7200, times=1)
    run = run_queue(person_id=imported.pk, source=Source.SPOTIFY, now=clock())
    run = finish(run, turns=1)
    assert run.state == State.WAITING
    clock.move(hours=-2)
    called = len(standin.log)
    other = finish(connect(ben, "tobin"), turns=1)
    assert (other.state, other.reason) == (State.WAITING, run.reason)
    assert len(standin.log) == called
    assert finish(run).state == State.DONE
    assert finish(other).state == State.DONE
