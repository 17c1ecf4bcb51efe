"""What lets a comparison leave people out: nobody's S is above what was promised."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from matching.engine import ArtistVectors, Columns, Index, Taste, View
from matching.engine.blocks import Prospect, Room
from matching.engine.constants import HEAD_DIMENSIONS
from matching.engine.field import Field
from matching.engine.group import NOBODY, Group
from matching.engine.likeness import blocks_of
from matching.engine.query import Query
from matching.engine.rows import Rows, measure

# What vectors, audio and genres can add to s(u, v): lengths one, rounding allowed for.
VECTORS, AUDIO, GENRES = 0.10 * 1.07, 0.02 * 1.07, 0.03
RHO = VECTORS + AUDIO + GENRES
ROUNDING = 2e-5
LISTS = st.lists(
    st.lists(st.integers(0, 45), unique=True, max_size=10), min_size=2, max_size=9
)
NUMBERS = st.floats(-1, 1, width=32, allow_subnormal=False)


def groups_of(view: View, viewer: int) -> list[Group]:
    people, row = view.locate(viewer)
    query = Query.of(people, row, view.statistics)
    return [
        Group(query, of.scaled, of.segment, of.hidden, of.active_at)
        for of in view.people
        if of.segment is not None
    ]


def require_bounded(view: View, viewer: int) -> None:
    """Nobody is closer than their block, their first directions and ρ allow."""
    groups = groups_of(view, viewer)
    field = Field.of(groups, [None] * len(groups))
    outlook = view.index.outlook
    prospect = outlook.of_query(groups[0].query, Room(VECTORS, AUDIO, GENRES))
    assert len(prospect.about) == len(prospect.most) == len(field.peaks)
    for group, start in zip(groups, field.starts, strict=False):
        shown = np.delete(np.arange(len(group)), group.hidden)
        exact = group.exact[shown] / group.query.closeness
        near, closeness = field.near[start * 4 :][shown], group.closeness[shown]
        blocks = start + blocks_of(shown, len(group))[0]
        slack = ROUNDING * (np.abs(exact) + RHO * closeness)
        assert (exact <= near + RHO * closeness + slack).all()
        assert (exact <= near + prospect.most[blocks] + slack).all()
        away = prospect.length * group.blocks.away[shown]
        most = near + (prospect.others[blocks] + group.heads(shown) + away) * closeness
        assert (exact <= most + slack).all()
        assert (near <= field.peaks[blocks]).all()
        known = field.known(start * 4 + shown)
        assert (exact <= known.near + RHO * closeness + slack).all()
    require_reached(groups, field, prospect, RHO * outlook.largest)


def require_reached(
    groups: list[Group], field: Field, prospect: Prospect, room: float
) -> None:
    """Whoever reaches a floor is found, wherever it is, and promised enough."""
    exact = np.concatenate([group.exact / group.query.closeness for group in groups])
    places = np.concatenate(
        [
            start * 4 + np.arange(len(group))
            for group, start in zip(groups, field.starts, strict=False)
        ]
    )
    seen = exact > NOBODY
    exact, places = exact[seen], places[seen]
    for floor in np.quantile(exact, [0, 0.5, 1]) if len(exact) else ():
        low = np.float32(floor - ROUNDING * (abs(floor) + room))
        known, most = field.reaching(prospect, low)
        assert (np.diff(known.places) > 0).all()
        assert set(places[exact >= floor]) <= set(known.places) <= set(places)
        assert (most >= low).all()


@settings(max_examples=50, deadline=None)
@given(lists=LISTS, hidden=st.sets(st.integers(0, 8), max_size=2))
def test_nobody_is_closer_than_their_room_allows(
    kit: Any, lists: list[list[int]], hidden: set[int]
) -> None:
    people = {
        person: kit.taste(artists, audio=kit.audio(person) if person % 3 else None)
        for person, artists in enumerate(lists)
    }
    view = kit.index(people, vectors=kit.vectors()).view(dict.fromkeys(hidden))
    for viewer in view.person_ids.tolist():
        require_bounded(view, viewer)


def test_the_same_direction_stays_in_its_bounds(kit: Any) -> None:
    """Twins in all but artists use up nearly all the room there is."""
    vectors = ArtistVectors(
        np.arange(0, 80, dtype=np.uint32), np.full((80, 48), 18, np.int8)
    )
    people = {p: kit.taste([2 * p, 60 + p], audio=kit.audio(1)) for p in range(9)}
    people |= {50: kit.taste([41, 43], audio=kit.audio(2))}
    view = kit.index(people, vectors=vectors).view()
    for viewer in people:
        require_bounded(view, viewer)


@settings(max_examples=100, deadline=None)
@given(matrix=arrays.arrays(np.float32, (4, 48), elements=NUMBERS))
def test_rounding_makes_no_direction_much_longer(kit: Any, matrix: Any) -> None:
    artists = ArtistVectors.of(np.arange(4, dtype=np.uint32), matrix)
    steps = artists.steps.astype(float)
    assert (np.square(steps).sum(axis=1) <= 1.07 * 127**2).all()
    people = {p: kit.taste([p], audio=kit.audio(p)) for p in range(4)}
    rows = people_rows(kit.index(people, vectors=artists))
    vectors, tones = np.split(rows.directions.astype(float), [48], axis=1)
    for part in (vectors, tones):
        assert (np.square(part).sum(axis=1) <= 1.07 * 127**2).all()


def people_rows(index: Index) -> Rows:
    ((segment, _),) = index.segments
    return segment.content.people.rows


def test_the_first_directions_are_the_head_of_all(kit: Any) -> None:
    crowd = kit.crowd(30)
    index = kit.index(crowd, vectors=kit.vectors())
    rows = measure(Columns.of(crowd.items()), index.statistics.content)
    assert rows.heads.shape == (HEAD_DIMENSIONS, 30)
    assert rows.tails.shape == (30, 54 - HEAD_DIMENSIONS)
    assert (rows.heads.dtype, rows.tails.dtype) == (np.int8, np.int8)
    for row in range(30):
        assert rows.direction(row).tolist() == rows.directions[row].tolist()
        assert (
            rows.direction(row)[:HEAD_DIMENSIONS].tolist()
            == rows.heads[:, row].tolist()
        )


@pytest.mark.parametrize("missing", ["artists", "genres", "audio", "vectors"])
def test_nothing_is_added_for_what_a_viewer_has_not(kit: Any, missing: str) -> None:
    """Missing parts are zeros in both directions; nobody gains or loses by them."""
    viewer = {
        "artists": Taste.empty,
        "genres": kit.taste([1, 3], audio=kit.audio(1)),
        "audio": kit.taste([2, 4]),
        "vectors": kit.taste([41, 43], audio=kit.audio(1)),
    }[missing]
    crowd = {p: t for p, t in kit.crowd(30).items() if 41 not in t.artist_ids}
    view = kit.index(crowd, vectors=kit.vectors()).view({1: viewer})
    oracle = kit.oracle(view)
    known = oracle.known[1]
    part = {
        "artists": known.artists,
        "genres": known.genres,
        "audio": any(known.tones),
        "vectors": any(known.vector),
    }
    assert not part[missing]
    require_bounded(view, 1)
