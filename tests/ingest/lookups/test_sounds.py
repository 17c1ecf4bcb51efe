"""How tracks sound that no import measured."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ServiceGate, User
from ingest.models import (
    ArtistLookup,
    AudioFeatures,
    Listen,
    Source,
    TopTrack,
    Track,
)
from ingest.services.lookups import memory, sounds
from ingest.sound import SILENT, SOUND_KEYS, person_sound
from ingest.sources.base import TrackItem
from matching.models import Taste
from tests.factories import make_taste
from tests.ingest.conftest import Clock
from tests.ingest.lookups.conftest import (
    Reply,
    Worker,
    World,
    give_tracks,
    isrc,
    track_item,
)

pytestmark = pytest.mark.django_db
MEASURED = {
    "tempo": 120.1,
    "energy": 0.74,
    "valence": 0.53,
    "danceability": 0.61,
    "acousticness": 0.02,
    "loudness": -5.6,
}
SONG = track_item("Song", "Can", spotify_id="idSong")
TUNE = track_item("Tune", "Low", spotify_id="idTune")


def sounding(spotify_id: str, code: str = "", **values: float) -> dict[str, Any]:
    href = f"https://open.spotify.com/track/{spotify_id}"
    return {"id": "1", "href": href, "isrc": code, **MEASURED, **values}


def ids(*names: str) -> dict[str, dict[str, Any]]:
    return {name: sounding(name) for name in names}


# --- The switch -----------------------------------------------------------


def test_nobody_is_asked_unless_the_host_says_so(
    ada: User,
    world: World,
    worker: Worker,
    now: datetime,
    settings: Any,
    django_assert_num_queries: Any,
) -> None:
    give_tracks(ada, SONG, now=now)
    settings.RECCOBEATS_URL = ""
    with django_assert_num_queries(0):
        worker.sounds()
    assert world.calls == []
    settings.RECCOBEATS_URL = "https://reccobeats.example/v1"
    worker.sounds()
    assert world.asked() == [("idSong",)]


# --- Answers --------------------------------------------------------------


def test_what_was_measured_is_kept_with_who_measured_it(
    ada: User,
    ben: User,
    world: World,
    worker: Worker,
    now: datetime,
    told: list[int],
) -> None:
    [song] = give_tracks(ada, SONG, now=now)
    make_taste(ben, ["Can"])
    world.sounds = ids("idSong")
    before = bytes(Taste.objects.get(person=ada).blob)
    del told[:]
    worker.sounds()
    row = AudioFeatures.objects.get()
    assert (row.track, row.source) == (song, "reccobeats")
    assert {key: getattr(row, key) for key in SOUND_KEYS} == MEASURED
    # Only who has the track ranked.
    assert told == [ada.pk]
    assert bytes(Taste.objects.get(person=ada).blob) != before


def test_forty_are_asked_about_in_one_call(
    ada: User, ben: User, world: World, worker: Worker, now: datetime, told: list[int]
) -> None:
    many = [track_item(f"T{n}", "Can", spotify_id=f"id{n}") for n in range(90)]
    give_tracks(ada, *many, now=now)
    give_tracks(ben, *many[80:], now=now)
    # In any order, and with gaps.
    world.sounds = ids(*(f"id{n}" for n in range(89, 20, -1)))
    del told[:]
    worker.sounds()
    assert [len(about) for about in world.asked()] == [40, 40, 10]
    assert len(world.asked_once()) == 90
    # Those two have go first.
    assert set(world.asked()[0][:10]) == {f"id{n}" for n in range(80, 90)}
    known = AudioFeatures.objects.exclude(SILENT)
    assert known.count() == 69
    assert not known.filter(track__spotify_id="id20").exists()
    assert told == [ada.pk, ben.pk]


def test_tracks_without_an_id_are_asked_about_by_their_isrc(
    ada: User, world: World, worker: Worker, now: datetime
) -> None:
    items = [
        SONG,
        track_item("A", "Can", isrc=isrc(1)),
        track_item("B", "Can", isrc=isrc(2)),
        track_item("C", "Can", isrc=isrc(3)),
        track_item("Nothing to ask by", "Can"),
    ]
    give_tracks(ada, *items, now=now)
    world.sounds = {
        **ids("idSong"),
        isrc(1): sounding("elsewhere1", isrc(1), tempo=101),
        isrc(3): sounding("elsewhere3", isrc(3), tempo=103),
    }
    worker.sounds()
    # One a call: what comes back is named by another id.
    assert world.asked() == [("idSong", isrc(1)), (isrc(2),), (isrc(3),)]
    tempos = dict(AudioFeatures.objects.values_list("track__name", "tempo"))
    assert tempos == {"Song": 120.1, "A": 101, "B": None, "C": 103}


def test_what_people_lately_listened_to_comes_after_what_they_ranked(
    ada: User, world: World, worker: Worker, now: datetime, told: list[int]
) -> None:
    [song, old, new] = give_tracks(
        ada,
        SONG,
        track_item("Old", "Can", spotify_id="idOld"),
        track_item("New", "Can", spotify_id="idNew"),
        now=now,
    )
    TopTrack.objects.exclude(track=song).delete()
    for track, days in ((old, 29), (new, 27)):
        Listen.objects.create(
            person=ada,
            source="spotify",
            track=track,
            listened_at=now - timedelta(days=days),
        )
    world.sounds = ids("idNew")
    del told[:]
    worker.sounds()
    assert world.asked() == [("idSong", "idNew")]
    assert AudioFeatures.objects.get(track=new).tempo == 120.1


def test_tracks_nobody_has_or_somebody_measured_are_not_asked_about(
    ada: User, world: World, worker: Worker, now: datetime
) -> None:
    song, tune = give_tracks(ada, SONG, TUNE, now=now)
    AudioFeatures.objects.create(track=song, source="spotify", tempo=99)
    Track.objects.create(
        artist=song.artist, name="Nobody's", name_key="nobody's", spotify_id="idN"
    )
    world.sounds = ids("idSong", "idTune", "idN")
    worker.sounds()
    assert world.asked() == [("idTune",)]
    assert AudioFeatures.objects.get(track=song).tempo == 99


def test_an_import_that_was_faster_has_the_last_word(
    ada: User, world: World, worker: Worker, now: datetime
) -> None:
    [song] = give_tracks(ada, SONG, now=now)

    def meanwhile() -> Reply:
        AudioFeatures.objects.create(track=song, source="spotify", tempo=99)
        del world.faults["reccobeats"]
        return world.answer(requests.Request("GET", world.calls[-1].url).prepare())

    world.sounds = ids("idSong")
    world.faults["reccobeats"] = meanwhile
    worker.sounds()
    row = AudioFeatures.objects.get()
    assert (row.source, row.tempo) == ("spotify", 99)


# --- Asking again ---------------------------------------------------------


def test_what_is_not_known_is_asked_again_after_a_month(
    ada: User, world: World, worker: Worker, clock: Clock, now: datetime
) -> None:
    give_tracks(ada, SONG, TUNE, now=now)
    world.sounds = ids("idTune")
    worker.sounds()
    assert world.asked() == [("idSong", "idTune")]
    clock.move(days=29)
    worker.sounds(turns=2)
    assert len(world.calls) == 1
    world.sounds = ids("idSong", "idTune")
    clock.move(days=2)
    worker.sounds(turns=2)
    assert world.asked() == [("idSong", "idTune"), ("idSong",)]
    assert not AudioFeatures.objects.filter(SILENT).exists()


def test_a_new_track_of_an_artist_asked_about_does_not_wait(
    ada: User, world: World, worker: Worker, now: datetime
) -> None:
    give_tracks(ada, SONG, now=now)
    worker.sounds()
    more = track_item("Another", "Can", spotify_id="idMore")
    give_tracks(ada, SONG, more, now=now)
    worker.sounds()
    assert world.asked() == [("idSong",), ("idMore",)]


def no_answer() -> Reply:
    raise requests.ConnectionError


FAULTS = {
    "no answer": no_answer,
    "500": lambda: (500, {}, ""),
    "HTML": lambda: (200, {}, "<!doctype html>"),
    "half": lambda: (200, {}, '{"content": [{"id'),
    "malformed": lambda: (400, {}, '{"code": 4002}'),
    "missing": lambda: (200, {}, '{"code": 4001}'),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_without_an_answer_it_is_asked_again_later_and_alone(
    fault: str,
    ada: User,
    world: World,
    worker: Worker,
    clock: Clock,
    now: datetime,
) -> None:
    give_tracks(ada, SONG, TUNE, now=now)
    world.sounds = ids("idSong", "idTune")
    world.faults["reccobeats"] = FAULTS[fault]
    worker.sounds(turns=2)
    assert len(world.calls) == 1
    assert not AudioFeatures.objects.exists()
    # A new track of the artist waits as well.
    give_tracks(ada, SONG, TUNE, TrackItem("B", SONG.artist, "idB"), now=now)
    del world.faults["reccobeats"]
    worker.sounds()
    assert len(world.calls) == 1
    clock.move(hours=1)
    worker.sounds()
    assert [len(about) for about in world.asked()] == [2, 1, 1, 1]
    assert AudioFeatures.objects.exclude(SILENT).count() == 2


@pytest.mark.parametrize("wait", ["90", None])
def test_a_service_that_asks_for_patience_is_given_it(
    wait: str | None,
    ada: User,
    world: World,
    worker: Worker,
    clock: Clock,
    now: datetime,
) -> None:
    give_tracks(ada, SONG, now=now)
    headers = {"Retry-After": wait} if wait else {}
    world.faults["reccobeats"] = lambda: (429, headers, '{"code": 4291}')
    worker.sounds(turns=2)
    assert len(world.calls) == 1
    gate = ServiceGate.objects.get()
    assert gate.blocked_until - now == timedelta(seconds=91 if wait else 60)
    assert not ArtistLookup.objects.exists()
    del world.faults["reccobeats"]
    clock.move(seconds=92)
    worker.sounds()
    assert len(world.calls) == 2


def test_a_service_that_refuses_this_site_is_left_alone(
    ada: User, world: World, worker: Worker, now: datetime, caplog: Any
) -> None:
    give_tracks(ada, SONG, now=now)
    world.faults["reccobeats"] = lambda: (403, {}, "{}")
    worker.sounds(turns=3)
    assert len(world.calls) == 1
    assert "reccobeats refuses this site" in caplog.text


# --- Ends half-way --------------------------------------------------------


class Died(Exception):
    """A worker is killed here."""


@pytest.mark.parametrize(
    ("owner", "name"),
    [(memory, "answers_keep"), (sounds, "_tell"), (sounds, "_row")],
    ids=["remembering", "telling", "writing"],
)
def test_a_turn_that_ends_half_way_is_finished_by_the_next(
    owner: Any,
    name: str,
    ada: User,
    world: World,
    worker: Worker,
    now: datetime,
    told: list[int],
    monkeypatch: Any,
) -> None:
    give_tracks(ada, SONG, now=now)
    world.sounds = ids("idSong")
    whole = getattr(owner, name)
    # The first time it is called at the beginning of the turn, where it is harmless.
    left = [1 if name == "_tell" else 0]

    def killed(*args: Any, **kwargs: Any) -> Any:
        if left[0] == 0:
            raise Died
        left[0] -= 1
        return whole(*args, **kwargs)

    del told[:]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(Died):
            worker.sounds()
    assert told == []
    worker.sounds()
    assert told == [ada.pk]
    assert len(world.calls) == (1 if name == "_tell" else 2)
    assert AudioFeatures.objects.get().tempo == 120.1
    worker.sounds()
    assert told == [ada.pk]


def test_the_people_of_two_calls_are_told_though_the_second_found_nothing(
    ada: User, world: World, worker: Worker, now: datetime, told: list[int]
) -> None:
    items = [track_item(f"T{n:02}", "Can", spotify_id=f"id{n:02}") for n in range(41)]
    give_tracks(ada, *items, now=now)
    world.sounds = ids("id00")
    del told[:]
    worker.sounds()
    assert len(world.calls) == 2
    assert told == [ada.pk]


def test_the_gap_is_kept(
    ada: User, world: World, worker: Worker, clock: Clock, now: datetime
) -> None:
    items = [track_item(f"T{n}", "Can", isrc=isrc(n)) for n in range(30)]
    give_tracks(ada, *items, now=now)
    worker.sounds()
    assert 10 < len(world.calls) < 17
    assert clock() - now < timedelta(seconds=17)
    worker.sounds(turns=3)
    assert len(world.asked_once()) == 30


# --- One source in one taste ----------------------------------------------


def measured(tracks: Sequence[Track], source: str, tempo: float) -> None:
    for track in tracks:
        values = {**MEASURED, "tempo": tempo}
        AudioFeatures.objects.create(track=track, source=source, **values)


@pytest.mark.parametrize(
    ("spotify", "reccobeats", "expected"),
    [
        (6, 2, ("spotify", 100)),
        (2, 6, ("reccobeats", 200)),
        (5, 5, ("reccobeats", 200)),
        (3, 3, ("reccobeats", 200)),
        (1, 0, ("spotify", 100)),
    ],
)
def test_two_sources_never_mix(
    spotify: int,
    reccobeats: int,
    expected: tuple[str, float],
    ada: User,
    now: datetime,
) -> None:
    many = spotify + reccobeats
    items = [track_item(f"T{n}", "Can", spotify_id=f"id{n}") for n in range(many)]
    tracks = give_tracks(ada, *items, now=now)
    measured(tracks[:spotify], Source.SPOTIFY, 100)
    measured(tracks[spotify:], "reccobeats", 200)
    sound = person_sound({t.pk for t in tracks}, set())
    assert sound
    assert (sound.source, sound.means["tempo"]) == expected
    if spotify + reccobeats > 1 and expected[0] == "reccobeats":
        assert sound.tempo_window == (200, 200)


def test_the_page_can_name_who_measured(ada: User, now: datetime) -> None:
    [song] = give_tracks(ada, SONG, now=now)
    for source, label in (("reccobeats", "ReccoBeats"), ("spotify", "Spotify")):
        AudioFeatures.objects.all().delete()
        measured([song], source, 100)
        sound = person_sound({song.pk}, set())
        assert sound
        assert sound.source_label == label


def test_silence_is_no_sound(ada: User, now: datetime) -> None:
    items = [track_item(f"T{n}", "Can", spotify_id=f"id{n}") for n in range(7)]
    tracks = give_tracks(ada, *items, now=now)
    for track in tracks[:6]:
        AudioFeatures.objects.create(track=track, source="reccobeats")
    assert person_sound({t.pk for t in tracks}, set()) is None
    measured(tracks[6:], Source.SPOTIFY, 100)
    sound = person_sound({t.pk for t in tracks}, set())
    assert sound
    assert (sound.source, sound.means["tempo"]) == ("spotify", 100)


def test_queries_do_not_grow_with_tracks(
    ada: User, ben: User, world: World, worker: Worker, now: datetime
) -> None:
    counts = []
    for person, many in ((ada, 2), (ben, 40)):
        names = [f"{person.handle} {n}" for n in range(many)]
        ids_ = [f"id{person.pk}x{n}" for n in range(many)]
        items = [
            track_item(name, f"Artist {name}", spotify_id=id_)
            for name, id_ in zip(names, ids_, strict=True)
        ]
        give_tracks(person, *items, now=now)
        world.sounds |= ids(*ids_)
        worker.clock.move(seconds=30)
        with CaptureQueriesContext(connection) as queries:
            worker.sounds()
        counts.append(len(queries))
    assert counts[1] <= counts[0] < 45
