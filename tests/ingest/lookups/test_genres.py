"""Which artists are asked about, where, and what becomes of the answer."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from ingest.models import Artist, ArtistGenre, ArtistLookup, Genre
from ingest.services.lookups import genres_awaited, genres_known
from matching.models import Taste
from tests.factories import make_taste, make_user
from tests.ingest.conftest import Clock
from tests.ingest.lookups.conftest import Worker, World, genres_by_artist, give, mbid

pytestmark = pytest.mark.django_db
ROCK = {"rock": 90}


# --- The switch -----------------------------------------------------------


@pytest.mark.parametrize(
    "off",
    [
        {"GENRE_LOOKUP": []},
        {"GENRE_LOOKUP": ["spotify", "nobody", ""]},
        {"GENRE_LOOKUP": ["listenbrainz"], "LISTENBRAINZ_URL": ""},
        {"GENRE_LOOKUP": ["lastfm"], "LASTFM_API_KEY": ""},
    ],
)
def test_nobody_is_asked_unless_the_host_says_so(
    off: dict[str, Any],
    ada: User,
    world: World,
    worker: Worker,
    settings: Any,
    django_assert_num_queries: Any,
) -> None:
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = ROCK
    for name, value in off.items():
        setattr(settings, name, value)
    with django_assert_num_queries(0):
        worker.genres()
    assert world.calls == []
    settings.GENRE_LOOKUP = ["listenbrainz"]
    settings.LISTENBRAINZ_URL = "https://listenbrainz.example"
    worker.genres()
    assert genres_by_artist() == {"Can": [("rock", "listenbrainz")]}


def test_a_host_may_write_the_services_with_spaces_and_twice(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = [" ListenBrainz", "listenbrainz "]
    give(ada, "Can", first_mbid=1)
    worker.genres()
    assert world.asked() == [(mbid(1),)]


def test_only_names_and_ids_of_artists_leave_the_site(
    ada: User, world: World, worker: Worker
) -> None:
    give(ada, "Can", "Low", first_mbid=1)
    give(ada, "Sade", "Air", tracks={"ZZSTI2600001": "Sade"})
    Artist.objects.filter(name="Can").update(spotify_id="TheSpotifyId")
    worker.genres()
    sent = " ".join(call.url for call in world.calls)
    assert "Sade" in sent
    assert "TheSpotifyId" not in sent
    for word in (ada.username, str(ada.handle), ada.display_name):
        assert word not in sent


# --- Answers --------------------------------------------------------------


def test_what_people_tagged_becomes_genres(
    ada: User, world: World, worker: Worker, clock: Clock, told: list[int]
) -> None:
    [can] = give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = {"krautrock": 20, "Hip-Hop": 15, "seen live": 90, "dub": 1}
    del told[:]
    worker.genres()
    assert genres_by_artist() == {
        "Can": [("hip hop", "listenbrainz"), ("krautrock", "listenbrainz")]
    }
    lookup = ArtistLookup.objects.get()
    assert (lookup.artist, lookup.service) == (can, "listenbrainz")
    assert (lookup.asked_at, lookup.genres_found) == (clock(), 2)
    assert lookup.ask_again_at == clock() + timedelta(days=180)
    assert told == [ada.pk]


def test_the_taste_has_the_genres(ada: User, world: World, worker: Worker) -> None:
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = ROCK
    before = bytes(Taste.objects.get(person=ada).blob)
    worker.genres()
    assert bytes(Taste.objects.get(person=ada).blob) != before


def test_twenty_five_are_asked_about_in_one_call(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    give(ada, *(f"Artist {n:02}" for n in range(60)), first_mbid=1)
    worker.genres()
    assert [len(about) for about in world.asked()] == [25, 25, 10]
    assert len(world.asked_once()) == 60


def test_each_person_is_told_once_in_a_turn(
    ada: User, ben: User, world: World, worker: Worker, told: list[int]
) -> None:
    names = [f"Artist {n:02}" for n in range(30)]
    give(ada, *names, first_mbid=1)
    give(ben, *names)
    world.tags = {mbid(n): ROCK for n in range(1, 31)}
    world.named = dict.fromkeys(names, ROCK)
    del told[:]
    worker.genres()
    assert len(world.asked("listenbrainz")) == 2
    assert told == [ada.pk, ben.pk]


def test_who_has_nothing_of_it_is_not_told(
    ada: User, ben: User, world: World, worker: Worker, told: list[int]
) -> None:
    give(ada, "Can", first_mbid=1)
    give(ben, "Low", first_mbid=2)
    world.tags[mbid(1)] = ROCK
    del told[:]
    worker.genres()
    assert told == [ada.pk]


def test_people_of_an_artist_that_stands_for_the_same_are_told(
    ada: User, ben: User, cyd: User, world: World, worker: Worker, told: list[int]
) -> None:
    [can] = give(ada, "Can", first_mbid=1)
    [kan] = give(ben, "Kan", first_mbid=2)
    [whole] = give(cyd, "C.A.N.", first_mbid=3)
    Artist.objects.filter(pk__in=[can.pk, kan.pk]).update(same_as=whole)
    world.tags[mbid(1)] = ROCK
    del told[:]
    worker.genres()
    assert told == [ada.pk, ben.pk, cyd.pk]


# --- Where to ask ---------------------------------------------------------


def test_the_next_service_is_asked_what_the_preferred_one_does_not_know(
    ada: User, world: World, worker: Worker
) -> None:
    give(ada, "Can", "Low", first_mbid=1)
    world.tags[mbid(1)] = ROCK
    world.named["Low"] = {"slowcore": 100}
    worker.genres()
    assert world.asked() == [(mbid(1), mbid(2)), (mbid(2),), ("Low",)]
    assert genres_by_artist() == {
        "Can": [("rock", "listenbrainz")],
        "Low": [("slowcore", "lastfm")],
    }


def test_the_host_says_who_is_preferred(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["lastfm", "listenbrainz"]
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = {"krautrock": 5}
    worker.genres()
    assert world.asked() == [("Can",), (mbid(1),)]
    assert genres_by_artist() == {"Can": [("krautrock", "listenbrainz")]}


def test_an_artist_without_an_id_is_asked_about_by_name(
    ada: User, world: World, worker: Worker
) -> None:
    give(ada, "Sigur Rós & the Others")
    world.named["Sigur Rós & the Others"] = {"post-rock": 100}
    worker.genres()
    assert world.asked() == [("Sigur Rós & the Others",)]
    assert genres_by_artist()["Sigur Rós & the Others"] == [("post-rock", "lastfm")]


def test_of_two_artists_with_one_name_only_the_one_with_an_id_is_asked_about(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["lastfm"]
    [known] = give(ada, "Nirvana", first_mbid=1)
    other = Artist.objects.create(
        name="NIRVANA", name_key=known.name_key, spotify_id="other"
    )
    ada.top_artists.create(
        source="spotify", time_range="long_term", rank=1, artist=other
    )
    world.named["Nirvana"] = world.named["NIRVANA"] = ROCK
    world.tags[mbid(1)] = {"grunge": 100}
    worker.genres()
    assert world.asked() == [(mbid(1),)]
    assert genres_by_artist() == {"Nirvana": [("grunge", "lastfm")]}


def test_those_most_people_have_go_first(
    ada: User, ben: User, cyd: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["musicbrainz"]
    give(ada, "One", "Two", "Three", first_mbid=1)
    make_taste(ben, ["Three", "Two"])
    make_taste(cyd, ["Three"])
    worker.genres()
    assert world.asked_once() == [mbid(3), mbid(2), mbid(1)]


def test_nobody_asks_about_artists_nobody_has_or_whose_genres_are_known(
    ada: User, world: World, worker: Worker
) -> None:
    make_taste(ada, ["Known"], genres=["dub"])
    Artist.objects.update(mbid=mbid(1))
    Artist.objects.create(name="Nobody's", name_key="nobody's", mbid=mbid(2))
    give(ada, "Asked", first_mbid=3)
    make_taste(ada, ["Known", "Asked"])
    worker.genres()
    assert world.asked("listenbrainz") == [(mbid(3),)]


# --- Asking again ---------------------------------------------------------


def test_an_answer_is_kept_and_nobody_asked_before_its_time(
    ada: User, world: World, worker: Worker, clock: Clock
) -> None:
    give(ada, "Can", "Low", first_mbid=1)
    world.tags[mbid(1)] = ROCK
    worker.genres()
    asked = len(world.calls)
    clock.move(days=29, hours=23)
    worker.genres(turns=3)
    assert len(world.calls) == asked
    clock.move(hours=2)
    worker.genres()
    assert world.asked()[asked:] == [(mbid(2),), (mbid(2),), ("Low",)]
    asked = len(world.calls)
    clock.move(days=150)
    # Not what nobody knew, then, but what was found half a year ago.
    ArtistLookup.objects.filter(artist__name="Low").update(
        ask_again_at=clock() + timedelta(days=1)
    )
    worker.genres()
    assert world.asked()[asked:] == [(mbid(1),)]


def test_what_a_service_says_now_replaces_what_it_said(
    ada: User, world: World, worker: Worker, clock: Clock, told: list[int]
) -> None:
    [can] = give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = {"rock": 9, "pop": 5}
    worker.genres()
    dub = Genre.objects.create(name="dub")
    ArtistGenre.objects.create(artist=can, genre=dub, source="spotify")
    world.tags[mbid(1)] = {"rock": 9, "krautrock": 7}
    del told[:]
    clock.move(days=181)
    worker.genres()
    assert genres_by_artist() == {
        "Can": [
            ("dub", "spotify"),
            ("krautrock", "listenbrainz"),
            ("rock", "listenbrainz"),
        ]
    }
    assert told == [ada.pk]


@pytest.mark.parametrize("tags", [{"rock": 70}, {"seen live": 9}, {}])
def test_the_same_answer_and_silence_change_nothing(
    tags: dict[str, int],
    ada: User,
    world: World,
    worker: Worker,
    clock: Clock,
    told: list[int],
) -> None:
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = ROCK
    worker.genres()
    before = genres_by_artist()
    world.tags[mbid(1)] = tags
    del told[:]
    clock.move(days=181)
    worker.genres()
    assert len(world.asked("listenbrainz")) == 2
    assert genres_by_artist() == before
    assert told == []
    # Nobody else is asked: there are genres.
    assert world.asked("lastfm") == []


def test_genres_of_two_who_say_the_same_stay_with_the_first(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz"]
    [can] = give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = ROCK
    worker.genres()
    ArtistGenre.objects.update(source="spotify")
    ArtistLookup.objects.all().delete()
    worker.genres()
    assert genres_by_artist() == {"Can": [("rock", "spotify")]}
    assert len(world.calls) == 1


# --- For the pages --------------------------------------------------------


def test_how_many_genres_are_known(
    ada: User, now: datetime, django_assert_num_queries: Any
) -> None:
    make_taste(ada, ["Known"], genres=["dub", "rock"])
    make_taste(ada, ["Known", "Merged", "Unknown", "Stands for one"])
    known, merged, unknown, whole = (
        Artist.objects.get(name=name)
        for name in ("Known", "Merged", "Unknown", "Stands for one")
    )
    with django_assert_num_queries(1):
        assert genres_known([known.pk, unknown.pk, merged.pk]) == (1, 3)
    merged.same_as = known
    merged.save()
    assert genres_known([known.pk, unknown.pk, merged.pk, merged.pk]) == (2, 3)
    known.same_as, merged.same_as = whole, None
    known.save()
    merged.save()
    assert genres_known([whole.pk, unknown.pk]) == (1, 2)
    # Of three rows that are one artist only one has genres.
    unknown.same_as = whole
    unknown.save()
    assert genres_known([unknown.pk, merged.pk]) == (1, 2)
    assert genres_known([]) == (0, 0)


def test_how_many_are_still_to_be_asked_about(
    ada: User, world: World, worker: Worker, settings: Any
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz", "musicbrainz"]
    world.tags[mbid(1)] = ROCK
    world.recordings["ZZSTI2600001"] = [(mbid(4), "Nobody")]
    tracks = {"ZZSTI2600001": "Air"}
    artists = give(ada, "Can", "Low", first_mbid=1)
    # Of Sade nothing is known that MusicBrainz could be asked by.
    artists += give(ada, "Air", "Sade", tracks=tracks)
    give(ada, "Can", "Low", "Air", "Sade")
    ids = [artist.pk for artist in artists]
    assert genres_awaited(ids) == 3
    assert genres_awaited([]) == 0

    world.faults["musicbrainz"] = lambda: (503, {}, "{}")
    worker.genres()
    assert genres_known(ids) == (1, 4)
    assert genres_awaited(ids) == 2

    del world.faults["musicbrainz"]
    worker.clock.move(hours=2)
    worker.genres(turns=2)
    assert genres_awaited(ids) == 0
    assert genres_known(ids) == (1, 4)
    settings.GENRE_LOOKUP = []
    assert genres_awaited(ids) == 0


def test_people_who_have_not_joined_are_served_too(
    db: None, world: World, worker: Worker
) -> None:
    give(make_user("new_here"), "Can", first_mbid=1)
    world.tags[mbid(1)] = ROCK
    worker.genres()
    assert genres_by_artist() == {"Can": [("rock", "listenbrainz")]}
