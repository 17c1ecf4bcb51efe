"""The closest people of a comparison that leaves most unscored, beside brute force."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.engine import (
    EVERYONE,
    Comparison,
    Facets,
    Index,
    Taste,
    UnknownPerson,
    View,
    Wanted,
    scan,
)
from tests.matching.engine.conftest import ROUTES

COUNTRIES = ("", "DE", "FR")


@dataclass(frozen=True)
class Person:
    """What a person of a made-up community is drawn as."""

    artists: list[int]
    has_audio: bool
    country: str
    active_at: int

    def facets(self) -> Facets:
        return Facets(self.country, self.active_at)


# A few fixed lists among the drawn ones make twins, and so ties.
ARTISTS = st.one_of(
    st.sampled_from([[], [1, 2, 3], [4, 6], [8], [44]]),
    st.lists(st.integers(0, 45), unique=True, max_size=10),
)
PERSON = st.builds(
    Person, ARTISTS, st.booleans(), st.sampled_from(COUNTRIES), st.integers(0, 9)
)
IDS = st.integers(0, 29)


@dataclass(frozen=True)
class Story:
    """How a community came about: built, then changed, and maybe compacted between."""

    built: dict[int, Person]
    folded: dict[int, Person | None]
    changed: dict[int, Person | None]
    most_in_segment: int
    has_vectors: bool
    is_saved: bool


STORIES = st.builds(
    Story,
    st.dictionaries(IDS, PERSON, max_size=24),
    st.dictionaries(IDS, st.none() | PERSON, max_size=8),
    st.dictionaries(IDS, st.none() | PERSON, max_size=5),
    st.sampled_from([3, 7, 65_536]),
    st.booleans(),
    st.booleans(),
)
WANTED = st.builds(
    Wanted,
    country=st.sampled_from(COUNTRIES),
    active_since=st.sampled_from([0, 0, 5]),
    genre_id=st.sampled_from([None, None, 1, 6, 99]),
    min_shared=st.sampled_from([0, 0, 1, 2]),
    only=st.none() | st.lists(IDS, max_size=20).map(tuple),
    min_similarity=st.sampled_from([0.0, 0.0, 0.2, 1.0, 9.0]),
    but=st.lists(IDS, max_size=6).map(tuple),
)


def tastes_of(kit: Any, people: dict[int, Person | None]) -> dict[int, Taste | None]:
    return {
        person: drawn
        and kit.taste(
            drawn.artists, audio=kit.audio(person) if drawn.has_audio else None
        )
        for person, drawn in people.items()
    }


def facets_of(people: dict[int, Person | None]) -> dict[int, Facets]:
    return {person: drawn.facets() for person, drawn in people.items() if drawn}


def saved(index: Index) -> Index:
    folder = Path(tempfile.mkdtemp())
    try:
        index.save(folder)
        return Index.load(folder)
    finally:
        shutil.rmtree(folder)


def told(kit: Any, story: Story) -> View:
    """The view a story ends in, its index compacted and loaded on the way."""
    with kit.segments_of(story.most_in_segment):
        index = kit.index(
            tastes_of(kit, story.built),
            facets_of(story.built),
            vectors=kit.vectors() if story.has_vectors else None,
        )
        if story.folded:
            folded = tastes_of(kit, story.folded), facets_of(story.folded)
            index = index.view(*folded).compacted(watermark=4)
        if story.is_saved:
            index = saved(index)
        return index.view(tastes_of(kit, story.changed), facets_of(story.changed))


def people_of(story: Story) -> dict[int, Person]:
    everyone = story.built | story.folded | story.changed
    return {person: drawn for person, drawn in everyone.items() if drawn is not None}


def passes(oracle: Any, viewer: int, wanted: Wanted, person: int, of: Person) -> bool:
    """The filters, one by one."""
    return all(
        [
            wanted.country in ("", of.country),
            of.active_at >= wanted.active_since,
            wanted.genre_id is None
            or wanted.genre_id in oracle.tastes[person].genre_ids.tolist(),
            oracle.shared(viewer, person) >= wanted.min_shared,
            wanted.only is None or person in wanted.only,
            person not in wanted.but,
        ]
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    story=STORIES,
    wanted=WANTED,
    unknown=st.sets(IDS, max_size=4),
    count=st.integers(1, 40),
    route=st.sampled_from(tuple(ROUTES)),
)
def test_the_closest_are_those_of_brute_force(
    kit: Any, story: Story, wanted: Wanted, unknown: set[int], count: int, route: str
) -> None:
    """People, S to the last bit and ties, whoever is hidden, blocked or filtered."""
    view, people = told(kit, story), people_of(story)
    oracle = kit.oracle(view)
    assert oracle.tastes.keys() == people.keys()
    for viewer in list(people)[:6]:
        expected = oracle.closest(
            viewer,
            passes=lambda p, v=viewer: passes(oracle, v, wanted, p, people[p]),
            unknown=unknown,
            least=wanted.min_similarity,
        )
        with kit.pruned(route):
            comparison = Comparison(view, viewer, unknown)
            found = comparison.closest(count, wanted)
        pairs = zip(found.person_ids.tolist(), found.similarity.tolist(), strict=True)
        assert list(pairs) == expected[:count]
        assert found.is_everyone == (len(expected) < count)
        assert comparison.count(wanted) == len(expected)
        assert comparison.total == len(people.keys() - unknown - {viewer})


@settings(max_examples=40, deadline=None)
@given(
    story=STORIES,
    unknown=st.sets(IDS, max_size=4),
    route=st.sampled_from(tuple(ROUTES)),
)
def test_everyone_less_close_is_counted(
    kit: Any, story: Story, unknown: set[int], route: str
) -> None:
    view, people = told(kit, story), people_of(story)
    oracle = kit.oracle(view)
    for viewer in list(people)[:4]:
        others = people.keys() - unknown - {viewer}
        every = sorted(oracle.similarity(viewer, person) for person in others)
        asked = np.array([*every, 0.0, 0.5, 99.0])
        with kit.pruned(route):
            below = Comparison(view, viewer, unknown).below(asked)
        expected = [sum(one < value for one in every) for value in asked.tolist()]
        assert below.tolist() == expected


@pytest.fixture(scope="module")
def large(kit: Any) -> tuple[View, Any]:
    """Three hundred people in eight segments, thirty changed; and the oracle."""
    crowd = kit.crowd(300, artists=120)
    facets = {p: Facets(COUNTRIES[p % 3], p % 10) for p in crowd}
    with kit.segments_of(40):
        index = kit.index(crowd, facets, vectors=kit.vectors(120))
        changes = {p: crowd[p + 1] for p in range(100, 130)} | {131: None}
        view = index.view(changes, facets)
    return view, kit.oracle(view)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("count", [1, 20, 298, 1_000])
def test_many_segments_give_one_board(
    kit: Any, large: tuple[View, Any], count: int, route: str
) -> None:
    view, oracle = large
    assert len(view.index.segments) == 8
    for viewer in range(105, 400, 29):
        with kit.pruned(route):
            found = Comparison(view, viewer).closest(count)
        pairs = zip(found.person_ids.tolist(), found.similarity.tolist(), strict=True)
        assert list(pairs) == oracle.closest(viewer)[:count]


FILTERS = {
    "country": Wanted(country="DE"),
    "active": Wanted(active_since=5),
    "genre": Wanted(genre_id=1),
    "shared": Wanted(min_shared=2),
    "some": Wanted(only=tuple(range(90, 400, 3))),
    "few": Wanted(only=(399, 120, 150, 150, 5, 131, 110, 205, 251)),
    "nobody": Wanted(only=()),
    "but some": Wanted(but=(399, 150, 120, 150, 5)),
    "some but some": Wanted(only=(399, 120, 150, 131), but=(150, 7)),
    "similar": Wanted(min_similarity=1.2),
    "all": Wanted("FR", 3, 6, 1, tuple(range(600)), 0.3),
    "none": EVERYONE,
}


@pytest.mark.parametrize("route", ["everyone of a group", "as it comes"])
@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_alone_and_all_together(
    kit: Any, large: tuple[View, Any], name: str, route: str
) -> None:
    view, oracle = large
    wanted = FILTERS[name]
    listed = 0
    for viewer in range(110, 400, 47):
        expected = oracle.closest(
            viewer,
            passes=lambda p, v=viewer: passes(
                oracle, v, wanted, p, Person([], False, COUNTRIES[p % 3], p % 10)
            ),
            least=wanted.min_similarity,
        )
        listed += len(expected)
        with kit.pruned(route):
            found = Comparison(view, viewer).closest(15, wanted)
        assert found.person_ids.tolist() == [person for person, _ in expected[:15]]
        assert Comparison(view, viewer).count(wanted) == len(expected)
    assert (listed > 0) == (name != "nobody")


def test_a_filtered_board_is_as_full(kit: Any, large: tuple[View, Any]) -> None:
    view, oracle = large
    blocked = [person for person, _ in oracle.closest(140)[:10]]
    with kit.pruned():
        found = Comparison(view, 140, blocked).closest(10, Wanted(country="DE"))
    assert len(found) == 10
    assert not set(found.person_ids.tolist()) & set(blocked)


def test_only_those_in_reach_are_scored(
    kit: Any, large: tuple[View, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tests above prove of the pruned way is not proved of the other."""
    view, _ = large
    with kit.pruned():
        comparison = Comparison(view, 140)
        comparison.closest(10)
    assert not comparison.is_scanned
    whole = Comparison(view, 140)
    assert whole.is_scanned
    assert whole.closest(10).person_ids.tolist() == (
        comparison.closest(10).person_ids.tolist()
    )


def test_a_board_does_not_change_when_everyone_is_scored_meanwhile(
    kit: Any, large: tuple[View, Any]
) -> None:
    view, _ = large
    with kit.pruned():
        comparison = Comparison(view, 203)
        before = comparison.closest(30)
        comparison.everyone()
        after = comparison.closest(30)
    assert comparison.is_scanned
    assert before.person_ids.tolist() == after.person_ids.tolist()
    assert before.similarity.tobytes() == after.similarity.tobytes()


def test_twins_are_ordered_by_viewer(kit: Any) -> None:
    """Ties come out the same on the pruned way, and not by id."""
    people = {person: kit.taste([1, 2]) for person in range(40)}
    with kit.segments_of(16):
        view = kit.index(people).view()
    firsts = set()
    for viewer in people:
        with kit.pruned():
            found = Comparison(view, viewer).closest(5)
        assert np.unique(found.similarity).size == 1
        board = scan(view, viewer)
        expected = board.person_ids[board.order()[:5]].tolist()
        assert found.person_ids.tolist() == expected
        firsts.add(expected[0])
    assert len(firsts) > 15


def test_an_empty_community_has_nobody_to_compare(kit: Any) -> None:
    view = kit.index({}).view()
    with pytest.raises(UnknownPerson):
        Comparison(view, 1)
    alone = view.updated({1: kit.taste([1, 2])})
    with kit.pruned():
        comparison = Comparison(alone, 1)
        found = comparison.closest(10)
    assert (len(found), found.is_everyone, comparison.total) == (0, True, 0)
    assert comparison.below(np.array([0.5])).tolist() == [0]
    assert comparison.below(np.empty(0)).tolist() == []
    assert replace(EVERYONE) == Wanted()


@pytest.mark.parametrize("genre", [70_000, 5_000_000, 4_000_000_000])
def test_a_genre_may_have_any_number(kit: Any, genre: int) -> None:
    """One taste with a number far off must not cost everyone's boards memory."""
    taste = kit.taste([2, 4])
    genres = np.array([genre, *taste.genre_ids[1:]], np.uint32)
    odd = replace(taste, genre_ids=genres)
    with kit.segments_of(8):
        view = kit.index(kit.crowd(20) | {1: odd, 2: odd, 3: taste}).view()
    oracle = kit.oracle(view)
    for viewer in (1, 3, 100):
        with kit.pruned():
            found = Comparison(view, viewer).closest(30)
        expected = oracle.closest(viewer)
        assert found.person_ids.tolist() == [person for person, _ in expected]
        assert found.similarity.tolist() == [similarity for _, similarity in expected]
