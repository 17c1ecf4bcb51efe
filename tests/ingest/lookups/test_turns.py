"""How a worker's turn goes: its pace, its faults, and what survives its end."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from accounts import gate
from accounts.models import ServiceGate, User
from ingest.models import Artist, ArtistGenre, ArtistLookup
from ingest.services.lookups import genres, memory, telling
from ingest.signals import listening_changed
from matching.models import Taste
from tests.factories import make_person, make_taste
from tests.ingest.conftest import Clock
from tests.ingest.lookups.conftest import (
    Reply,
    Worker,
    World,
    genres_by_artist,
    give,
    isrc,
    mbid,
)

pytestmark = pytest.mark.django_db
ROCK = {"rock": 90}


def no_answer() -> Reply:
    raise requests.ConnectionError


def reply(status: int, body: str = "{}", **headers: str) -> Callable[[], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: (status, named, body)


# --- Pace -----------------------------------------------------------------


def test_each_service_is_left_its_gap_and_a_turn_ends_in_time(
    ada: User,
    world: World,
    worker: Worker,
    clock: Clock,
    now: datetime,
    settings: Any,
) -> None:
    settings.LISTENBRAINZ_MIN_GAP_MS, settings.LASTFM_MIN_GAP_MS = 250, 1000
    give(ada, *(f"Known {n:02}" for n in range(40)), first_mbid=1)
    make_taste(ada, [f"Named {n:02}" for n in range(30)], time_range="short_term")
    give(ada, *(f"Known {n:02}" for n in range(40)))
    worker.genres()
    for service, gap in (
        ("listenbrainz", 250),
        ("musicbrainz", 1100),
        ("lastfm", 1000),
    ):
        moments = [call.at for call in world.calls if call.service == service]
        between = [b - a for a, b in pairwise(moments)]
        assert len(moments) > 1
        assert min(between) >= timedelta(milliseconds=gap)
    assert timedelta(seconds=14) < clock() - now < timedelta(seconds=17)
    # Never longer than the longest gap of a service.
    assert max(worker.slept) <= 1.11


def test_the_next_turn_goes_on_where_the_time_was_up(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["musicbrainz"]
    give(ada, *(f"Artist {n:02}" for n in range(40)), first_mbid=1)
    worker.genres()
    first = len(world.calls)
    assert 10 < first < 16
    worker.genres(turns=4)
    assert len(world.asked_once()) == 40


def test_an_import_and_a_lookup_share_one_gate(
    ada: User, world: World, worker: Worker, clock: Clock, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    settings.LISTENBRAINZ_MIN_GAP_MS = 2000
    give(ada, "Can", first_mbid=1)
    gate.enter("listenbrainz", now=clock(), gap_ms=2000)
    worker.genres()
    [call] = world.calls
    assert call.at == clock() == clock.now
    assert worker.slept == [pytest.approx(2.005)]


def test_a_service_that_was_asked_for_patience_is_not_asked(
    ada: User, world: World, worker: Worker, clock: Clock
) -> None:
    give(ada, "Can", "Low", first_mbid=1)
    world.named["Can"] = ROCK
    world.silent = {"musicbrainz"}
    gate.close("listenbrainz", now=clock(), retry_after=600, is_quota=False)
    worker.genres()
    assert world.asked("listenbrainz") == []
    # The others do not wait for it.
    assert genres_by_artist() == {"Can": [("rock", "lastfm")]}
    clock.move(minutes=11)
    worker.genres()
    assert world.asked("listenbrainz") == [(mbid(2),)]


def test_a_pause_in_a_good_answer_is_kept(
    ada: User, world: World, worker: Worker, clock: Clock, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    give(ada, *(f"Artist {n:02}" for n in range(50)), first_mbid=1)
    world.tags[mbid(1)] = ROCK
    world.headers["listenbrainz"] = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-In": "40",
    }
    worker.genres()
    assert len(world.calls) == 1
    assert genres_by_artist() == {"Artist 00": [("rock", "listenbrainz")]}
    clock.move(seconds=40)
    worker.genres()
    assert len(world.calls) == 1
    clock.move(seconds=2)
    worker.genres()
    assert len(world.asked_once()) == 50


# --- Faults ---------------------------------------------------------------

UNAVAILABLE = {
    "no answer": no_answer,
    "500": reply(500),
    "HTML": reply(200, "<!doctype html>"),
    "half": reply(200, '[{"artist_mbid": "0'),
    "a number": reply(200, "17"),
    "a redirect": reply(302, "", Location="https://elsewhere.example/"),
}
PATIENCE = {
    "429": reply(429, Retry_After="90"),
    "429 without a time": reply(429),
}
SERVICES = ("listenbrainz", "musicbrainz", "lastfm")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("fault", UNAVAILABLE)
def test_without_an_answer_it_is_asked_again_later_and_the_others_go_on(
    service: str,
    fault: str,
    ada: User,
    world: World,
    worker: Worker,
    clock: Clock,
    settings: Any,
) -> None:
    others = [name for name in SERVICES if name != service]
    settings.GENRE_LOOKUP = [service, *others]
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = world.named["Can"] = ROCK
    world.faults[service] = UNAVAILABLE[fault]
    worker.genres()
    assert len(world.asked(service)) == 1
    assert genres_by_artist() == {"Can": [("rock", others[0])]}
    failed = ArtistLookup.objects.get(service=service)
    assert failed.ask_again_at == failed.asked_at + timedelta(hours=1)
    assert not ServiceGate.objects.exists()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("fault", PATIENCE)
def test_a_service_that_asks_for_patience_is_given_it(
    service: str,
    fault: str,
    ada: User,
    world: World,
    worker: Worker,
    clock: Clock,
    settings: Any,
) -> None:
    settings.GENRE_LOOKUP = [service]
    give(ada, "Can", "Low", first_mbid=1)
    world.tags[mbid(1)] = world.named["Can"] = ROCK
    world.faults[service] = PATIENCE[fault]
    worker.genres()
    assert len(world.calls) == 1
    assert ServiceGate.objects.get().service == service
    # Nobody is to blame for it.
    assert not ArtistLookup.objects.exists()
    clock.move(seconds=50)
    worker.genres()
    assert len(world.calls) == 1
    del world.faults[service]
    clock.move(seconds=42)
    worker.genres()
    assert genres_by_artist() == {"Can": [("rock", service)]}


REFUSALS: dict[str, tuple[str, Callable[[], Reply]]] = {
    "listenbrainz 403": ("listenbrainz", reply(403)),
    "listenbrainz 401": ("listenbrainz", reply(401)),
    "musicbrainz 403": ("musicbrainz", reply(403)),
    "lastfm 10": ("lastfm", reply(200, '{"error": 10, "message": "Invalid key"}')),
    "lastfm 26": ("lastfm", reply(403, '{"error": 26, "message": "Suspended"}')),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_service_that_refuses_this_site_is_left_alone_for_a_day(
    refusal: str,
    ada: User,
    world: World,
    worker: Worker,
    settings: Any,
    caplog: Any,
) -> None:
    service, world.faults[REFUSALS[refusal][0]] = REFUSALS[refusal]
    settings.GENRE_LOOKUP = [service]
    give(ada, "Can", "Low", first_mbid=1)
    worker.genres(turns=3)
    assert len(world.calls) == 1
    assert f"{service} refuses this site" in caplog.text
    assert settings.LASTFM_API_KEY not in caplog.text
    assert not ArtistLookup.objects.exists()
    cache.clear()
    del world.faults[service]
    world.tags[mbid(1)] = world.named["Can"] = ROCK
    worker.genres()
    assert genres_by_artist() == {"Can": [("rock", service)]}


def test_an_artist_lastfm_does_not_know_is_no_refusal(
    ada: User, world: World, worker: Worker, settings: Any, clock: Clock
) -> None:
    settings.GENRE_LOOKUP = ["lastfm"]
    give(ada, "Can", "Low")
    world.faults["lastfm"] = reply(200, '{"error": 6, "message": "not found"}')
    worker.genres()
    assert world.asked() == [("Can",), ("Low",)]
    waits = set(ArtistLookup.objects.values_list("ask_again_at", flat=True))
    assert min(waits) > clock() + timedelta(days=29)


def test_the_wait_doubles_up_to_a_week(
    ada: User, world: World, worker: Worker, clock: Clock, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    give(ada, "Can", first_mbid=1)
    world.faults["listenbrainz"] = no_answer
    waits = []
    for _ in range(10):
        worker.genres()
        lookup = ArtistLookup.objects.get()
        waits.append(lookup.ask_again_at - lookup.asked_at)
        worker.genres()
        clock.now = lookup.ask_again_at
    assert len(world.calls) == 10
    hours = [wait / timedelta(hours=1) for wait in waits]
    assert hours == [1, 2, 4, 8, 16, 32, 64, 128, 168, 168]
    # A failure after an answer is the first of its kind.
    del world.faults["listenbrainz"]
    worker.genres()
    clock.move(days=31)
    world.faults["listenbrainz"] = no_answer
    worker.genres()
    lookup.refresh_from_db()
    assert lookup.ask_again_at - lookup.asked_at == timedelta(hours=1)


def test_one_bad_artist_does_not_keep_the_others_from_their_answer(
    ada: User, world: World, worker: Worker, clock: Clock, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    give(ada, *(f"Artist {n:02}" for n in range(10)), first_mbid=1)
    world.tags = {mbid(n): ROCK for n in range(1, 11)}

    def fails_for_the_third() -> Reply:
        about = world.calls[-1].about
        if mbid(3) in about:
            return 500, {}, ""
        rows = [{"tag": "rock", "count": 9}]
        return (
            200,
            {},
            str([{"artist_mbid": m, "tag": {"artist": rows}} for m in about]).replace(
                "'", '"'
            ),
        )

    world.faults["listenbrainz"] = fails_for_the_third
    worker.genres()
    assert genres_by_artist() == {}
    for _ in range(3):
        clock.move(hours=1)
        worker.genres()
    assert len(genres_by_artist()) == 9
    assert [len(about) for about in world.asked()][:2] == [10, 1]


# --- One at a time --------------------------------------------------------


def test_two_workers_do_not_ask_the_same(
    ada: User, world: World, worker: Worker
) -> None:
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = ROCK

    def meanwhile() -> Reply:
        del world.faults["listenbrainz"]
        worker.genres()
        return 500, {}, ""

    world.faults["listenbrainz"] = meanwhile
    worker.genres()
    assert len(world.asked("listenbrainz")) == 1


def test_a_worker_that_died_holds_nobody_up_for_long(
    ada: User, world: World, worker: Worker
) -> None:
    give(ada, "Can", first_mbid=1)
    cache.add("lookups:genres", "of a worker that died", 1)
    worker.genres()
    assert world.calls == []
    time.sleep(1.1)
    worker.genres()
    assert world.asked("listenbrainz") == [(mbid(1),)]


# --- Ends half-way --------------------------------------------------------


class Died(Exception):
    """A worker is killed here."""


def die(*_: Any, **__: Any) -> None:
    raise Died


@pytest.fixture
def ready(ada: User, ben: User, world: World, told: list[int]) -> list[User]:
    """Two people, artists of theirs every way of asking is needed for."""
    give(ada, *(f"Known {n:02}" for n in range(30)), first_mbid=1)
    give(ben, "Known 03", "Recorded", "Named", tracks={isrc(1): "Recorded"})
    world.tags = {mbid(n): ROCK for n in range(1, 27)} | {mbid(99): {"dub": 5}}
    world.recordings[isrc(1)] = [(mbid(99), "Recorded")]
    world.named["Named"] = {"folk": 100}
    del told[:]
    return [ada, ben]


def everything() -> dict[str, Any]:
    lookups = ArtistLookup.objects.order_by("artist__name", "service")
    return {
        "genres": genres_by_artist(),
        "mbids": dict(Artist.objects.values_list("name", "mbid")),
        "lookups": list(lookups.values_list("artist__name", "service", "genres_found")),
        "waiting": list(lookups.filter(memory.UNTOLD).values_list("pk")),
        "tastes": {t.person_id: bytes(t.blob) for t in Taste.objects.all()},
    }


CRASHES: dict[str, tuple[Any, str]] = {
    "writing genres": (genres, "genres_replace"),
    "remembering the answer": (memory, "answers_keep"),
    "before telling": (telling.cache, "get"),
    "while telling": (listening_changed, "send"),
    "after telling": (telling.cache, "delete"),
}


@pytest.mark.parametrize("place", CRASHES)
@pytest.mark.parametrize("after", [0, 1])
def test_a_turn_that_ends_half_way_is_finished_by_the_next(
    place: str,
    after: int,
    ready: list[User],
    world: World,
    worker: Worker,
    clock: Clock,
    monkeypatch: Any,
) -> None:
    owner, name = CRASHES[place]
    whole = getattr(owner, name)
    left = [after]

    def killed(*args: Any, **kwargs: Any) -> Any:
        if args and str(args[0]).startswith("lookups:genres"):
            return whole(*args, **kwargs)
        if left[0] == 0:
            die()
        left[0] -= 1
        return whole(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        try:
            worker.genres()
        except Died:
            pass
        else:
            assert after == 1, "the turn was not ended at all"
    cache.delete("lookups:genres")
    worker.genres(turns=2)
    found = everything()
    assert len(found["genres"]) == 28
    assert found["genres"]["Recorded"] == [("dub", "listenbrainz")]
    assert found["genres"]["Named"] == [("folk", "lastfm")]
    assert found["mbids"]["Recorded"] == mbid(99)
    assert found["waiting"] == []
    # As if nothing had happened: forgotten and asked anew, it is the same.
    asked = len(world.calls)
    worker.genres()
    assert len(world.calls) == asked
    ArtistLookup.objects.all().delete()
    ArtistGenre.objects.all().delete()
    worker.genres(turns=2)
    assert everything()["genres"] == found["genres"]
    assert everything()["tastes"].keys() == found["tastes"].keys()


def test_an_answer_that_was_written_is_not_asked_for_again(
    ready: list[User], world: World, worker: Worker, told: list[int], monkeypatch: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(genres, "tell", lambda *_, **__: True)
        worker.genres()
    assert told == []
    asked = len(world.calls)
    before = {t.person_id: bytes(t.blob) for t in Taste.objects.all()}
    worker.genres()
    assert len(world.calls) == asked
    assert told == [person.pk for person in ready]
    after = {t.person_id: bytes(t.blob) for t in Taste.objects.all()}
    assert all(after[p.pk] != before[p.pk] for p in ready)
    assert not ArtistLookup.objects.filter(memory.UNTOLD).exists()


def test_an_answer_outlives_the_switch_of_its_service(
    ready: list[User], world: World, worker: Worker, told: list[int], settings: Any
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(genres, "tell", lambda *_, **__: True)
        worker.genres()
    settings.GENRE_LOOKUP = ["lastfm"]
    worker.genres()
    assert told == [person.pk for person in ready]


def test_an_answer_that_came_between_is_told_to_everyone(
    crowd: list[User], world: World, worker: Worker, clock: Clock, told: list[int]
) -> None:
    worker.genres()
    [lookup] = ArtistLookup.objects.filter(service="listenbrainz")
    # Another worker left off after the fourth of them; then there was news.
    place = "lookups:told:listenbrainz,musicbrainz,lastfm"
    cache.set(place, (lookup.asked_at, crowd[3].pk), 60)
    lookup.asked_at = lookup.ask_again_at = clock.move(seconds=1)
    lookup.save()
    del told[:]
    worker.genres()
    assert told == [person.pk for person in crowd]
    # Without news it goes on with the fifth.
    cache.set(place, (lookup.asked_at, crowd[3].pk), 60)
    lookup.save()
    del told[:]
    worker.genres()
    assert told == [person.pk for person in crowd[4:]]


@pytest.mark.parametrize("clash", [IntegrityError, OperationalError])
def test_an_import_that_comes_in_the_way_is_no_error(
    clash: type[Exception],
    ada: User,
    world: World,
    worker: Worker,
    monkeypatch: Any,
    caplog: Any,
) -> None:
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = ROCK

    def gone(*_: Any, **__: Any) -> None:
        raise clash

    with monkeypatch.context() as patch:
        patch.setattr(genres, "genres_replace", gone)
        worker.genres()
    assert "could not be written" in caplog.text
    worker.genres()
    assert genres_by_artist() == {"Can": [("rock", "listenbrainz")]}


# --- Many people ----------------------------------------------------------


@pytest.fixture
def crowd(db: None, world: World, told: list[int], monkeypatch: Any) -> list[User]:
    """Seven people with one artist, of whom three are told at a time."""
    monkeypatch.setattr(telling, "_AT_ONCE", 3)
    people = [make_person(f"one_of_{n}") for n in range(7)]
    for person in people:
        make_taste(person, ["Can"])
    Artist.objects.update(mbid=mbid(1))
    world.tags[mbid(1)] = ROCK
    del told[:]
    return people


def test_many_people_are_told_in_batches(
    crowd: list[User], worker: Worker, told: list[int]
) -> None:
    worker.genres()
    assert told == [person.pk for person in crowd]


def test_there_may_not_be_time_to_tell_all_of_them(
    crowd: list[User],
    ben: User,
    world: World,
    worker: Worker,
    clock: Clock,
    told: list[int],
    monkeypatch: Any,
) -> None:
    send = listening_changed.send

    def slow(**values: Any) -> None:
        send(**values)
        clock.move(seconds=6)

    with monkeypatch.context() as patch:
        patch.setattr(telling.listening_changed, "send", slow)
        worker.genres()
        # Four times five seconds, in batches of three.
        assert len(told) == 4
        newcomer = give(ben, "Low", first_mbid=2)
        told.remove(ben.pk)
        worker.genres()
        # Those who wait go first, and took all the time there is.
        assert world.asked() == [(mbid(1),)]
    worker.genres(turns=2)
    assert told == [person.pk for person in crowd]
    assert world.asked("listenbrainz") == [(mbid(1),), (newcomer[0].mbid,)]


# --- Cost -----------------------------------------------------------------


def queries_of(worker: Worker) -> int:
    # The gates' rows are looked at once a minute.
    for service in SERVICES:
        gate.closure(service, worker.clock())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        worker.genres()
    return len(queries)


def test_queries_do_not_grow_with_artists(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    counts = []
    for start, many in ((1, 2), (101, 25)):
        give(ada, *(f"Artist {start + n}" for n in range(many)), first_mbid=start)
        world.tags |= {mbid(start + n): ROCK for n in range(many)}
        counts.append(queries_of(worker))
    assert counts[0] == counts[1] < 45


def test_each_further_call_costs_the_same(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    counts = []
    for start, calls in ((1, 1), (101, 2), (201, 3)):
        many = 25 * calls
        give(ada, *(f"Artist {start + n}" for n in range(many)), first_mbid=start)
        world.tags |= {mbid(start + n): ROCK for n in range(many)}
        before = len(world.calls)
        counts.append(queries_of(worker))
        assert len(world.calls) - before == calls
    assert counts[2] - counts[1] == counts[1] - counts[0] < 15


def test_a_turn_with_nothing_due_asks_the_database_little(
    ada: User, world: World, worker: Worker, django_assert_max_num_queries: Any
) -> None:
    make_taste(ada, ["Can"], genres=["krautrock"])
    with django_assert_max_num_queries(10):
        worker.genres()
    assert world.calls == []
