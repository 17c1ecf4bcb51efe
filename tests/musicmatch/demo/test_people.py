import re
from itertools import pairwise
from zoneinfo import available_timezones

import pytest

from musicmatch.demo.catalogue import load_catalogue
from musicmatch.demo.names import PLACES
from musicmatch.demo.people import (
    MAINSTREAM,
    NICHE,
    TIME_RANGES,
    DemoPerson,
    demo_people,
)
from musicmatch.demo.scenes import SCENES, scene_pool

COUNT = 2000


@pytest.fixture(scope="module")
def people() -> tuple[DemoPerson, ...]:
    return tuple(demo_people(COUNT))


def share(people: list[DemoPerson]) -> float:
    return len(people) / COUNT


def test_the_same_people_come_every_time(people: tuple[DemoPerson, ...]) -> None:
    assert tuple(demo_people(200)) == people[:200]
    assert tuple(demo_people(0)) == ()


def test_another_seed_makes_other_people(people: tuple[DemoPerson, ...]) -> None:
    others = tuple(demo_people(20, seed=8))
    assert all(other != person for other, person in zip(others, people, strict=False))


def test_handles_are_valid_unique_and_not_a_name(
    people: tuple[DemoPerson, ...],
) -> None:
    handles = [person.handle for person in people]
    given = {name.casefold() for place in PLACES for name in place.given}
    assert len(set(handles)) == COUNT
    assert all(re.fullmatch(r"[a-z0-9_]{3,30}", handle) for handle in handles)
    assert given.isdisjoint(handles)


def test_places_are_real(people: tuple[DemoPerson, ...]) -> None:
    zones = available_timezones()
    assert all(re.fullmatch(r"[A-Z]{2}|", person.country) for person in people)
    assert {person.time_zone for person in people} <= zones
    assert len({person.country for person in people}) >= 40


def test_words_are_short_and_varied(people: tuple[DemoPerson, ...]) -> None:
    bios = [person.bio for person in people]
    assert all(len(bio) <= 200 and not re.search(r"[{}]|  ", bio) for bio in bios)
    assert len(set(bios)) >= 300
    assert "" in bios
    assert all(0 < len(person.display_name) <= 50 for person in people)


def test_names_come_in_many_scripts(people: tuple[DemoPerson, ...]) -> None:
    names = "".join(person.display_name for person in people)
    scripts = (
        "[Α-ω]",
        "[А-я]",
        "[ء-ي]",
        "[一-龠]",
        "[가-힣]",
        "[अ-ह]",
        "[א-ת]",
        "[ก-ฮ]",
    )
    assert [script for script in scripts if not re.search(script, names)] == []


def test_every_artist_and_track_is_in_the_catalogue(
    people: tuple[DemoPerson, ...],
) -> None:
    tracks = {artist.name: set(artist.tracks) for artist in load_catalogue()}
    for person in people:
        assert tracks.keys() >= set(person.picked)
        for names in person.top_artists.values():
            assert tracks.keys() >= set(names)
        for pairs in person.top_tracks.values():
            assert all(track in tracks[artist] for artist, track in pairs)
        assert all(listen.track in tracks[listen.artist] for listen in person.listens)


def test_lists_keep_to_fifty_and_hold_nothing_twice(
    people: tuple[DemoPerson, ...],
) -> None:
    for person in people:
        lists = (
            *person.top_artists.values(),
            *person.top_tracks.values(),
            person.picked,
        )
        assert all(len(set(items)) == len(items) <= 50 for items in lists)
        assert len(person.listens) <= 50
        assert tuple(person.top_artists) in {TIME_RANGES, ()}
        assert person.top_artists.keys() == person.top_tracks.keys()


def test_listens_are_newest_first(people: tuple[DemoPerson, ...]) -> None:
    for person in people:
        assert all(
            newer.minutes_ago < older.minutes_ago
            for newer, older in pairwise(person.listens)
        )
        assert all(listen.minutes_ago > 0 for listen in person.listens)


def test_every_kind_of_person_is_there(people: tuple[DemoPerson, ...]) -> None:
    sourced = [person for person in people if person.top_artists]
    few = [person for person in sourced if len(person.top_artists["long_term"]) <= 6]
    assert 0.02 < share([p for p in people if not p.top_artists]) < 0.05
    assert 0.03 < share(few) < 0.08
    assert 0.02 < share([p for p in people if p.scene == NICHE]) < 0.06
    assert 0.12 < share([p for p in people if p.scene == MAINSTREAM]) < 0.18
    assert 0.09 < share([p for p in people if p.picked]) < 0.15
    assert 0.05 < share([p for p in sourced if not p.listens]) < 0.2
    assert 0.08 < share([p for p in people if not p.country]) < 0.25
    assert SCENES.keys() <= {person.scene for person in people}


def test_people_without_a_source_have_nothing(people: tuple[DemoPerson, ...]) -> None:
    for person in people:
        if not person.top_artists:
            assert person.listens == ()
            assert person.picked == ()
            assert person.scene == ""


def test_niche_people_hear_little_known_artists(
    people: tuple[DemoPerson, ...],
) -> None:
    fame = {artist.name: artist.fame for artist in load_catalogue()}
    heard = {
        scene: [
            fame[name]
            for person in people
            if person.scene == scene
            for name in person.top_artists["long_term"]
        ]
        for scene in (NICHE, MAINSTREAM)
    }
    assert max(heard[NICHE]) <= 2
    assert sum(heard[MAINSTREAM]) / len(heard[MAINSTREAM]) > 4.5


def test_time_ranges_are_related_and_drift(people: tuple[DemoPerson, ...]) -> None:
    full = [
        person.top_artists
        for person in people
        if person.top_artists and len(person.top_artists["long_term"]) >= 20
    ]
    kept = [
        len(set(tops["short_term"]) & set(tops["long_term"])) / len(tops["short_term"])
        for tops in full
    ]
    assert sum(kept) / len(kept) > 0.5
    assert all(tops["short_term"] != tops["long_term"] for tops in full)


def test_people_of_one_scene_share_more_than_others(
    people: tuple[DemoPerson, ...],
) -> None:
    by_scene: dict[str, list[set[str]]] = {}
    for person in people:
        if person.scene in SCENES:
            heard = set(person.top_artists["long_term"])
            by_scene.setdefault(person.scene, []).append(heard)
    firsts = [heard[0] for heard in by_scene.values()]
    within = [len(heard[0] & heard[1]) for heard in by_scene.values()]
    across = [len(a & b) for a, b in pairwise(firsts)]
    assert sum(within) > 2 * sum(across)


def test_scenes_name_only_known_artists_and_scenes() -> None:
    names = {artist.name for artist in load_catalogue()}
    genres = {genre for artist in load_catalogue() for genre in artist.genres}
    for scene in SCENES.values():
        assert names >= set(scene.core), scene.key
        assert genres >= scene.genres.keys(), scene.key
        assert SCENES.keys() >= set(scene.near) - {scene.key}, scene.key
        assert len(scene_pool(scene.key).artists) >= 25, scene.key


def test_an_unknown_scene_is_refused() -> None:
    with pytest.raises(KeyError):
        scene_pool("polka_dots")


def test_most_show_their_artists_and_some_do_not(
    people: tuple[DemoPerson, ...],
) -> None:
    assert 0.82 < share([p for p in people if p.shows_artists]) < 0.88
