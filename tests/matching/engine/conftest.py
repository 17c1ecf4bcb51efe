"""A community small enough to see, and ways to have the index built otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from matching.engine import (
    ArtistVectors,
    Columns,
    Facets,
    Index,
    RankedList,
    Taste,
    View,
    build_index,
    merge_ranks,
    scan,
)
from tests.matching.engine.oracle import Oracle

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GENRES = {artist: (artist % 5, 5 + artist % 3) for artist in range(0, 40, 2)}
NO_FACETS: Mapping[int, Facets] = {}
# Everywhere a segment's size is looked at; the shape of a thread's matrix may stay.
SEGMENTED = ("build", "fit", "index", "likeness", "reach", "segment")
# Always and never, of a share of people.
ALWAYS, NEVER = 0.0, 2.0


def route(
    *,
    few_blocks: float = 0,
    many: float = NEVER,
    many_left: float = 0,
    many_lists: float = 2,
    dense: float = NEVER,
    few: int = 10**9,
    nearly_all: float = NEVER,
) -> dict[str, float]:
    """How a board is found: few_blocks is how many blocks are looked at in one go, many
    the share of a group above which everyone is bounded, many_left how many people are
    too many to read the other directions of all, and many_lists how many times as many
    as are asked for are too many to read the genres of all.
    """
    return {
        "comparison.SCAN_ALL_UP_TO": 0,
        "comparison._MANY_LEFT": many_left,
        "comparison._MANY_LISTS": many_lists,
        "comparison._NEARLY_ALL": nearly_all,
        "comparison._FEW": few,
        "candidates._DENSE": dense,
        "field._FEW": few_blocks,
        "field._MANY": many,
        "group._MANY": many,
    }


ROUTES: dict[str, dict[str, float]] = {
    "some of a group": route(),
    "some at once": route(few_blocks=10**9),
    "everyone of a group": route(many=ALWAYS, few=1),
    "led once": route(many_left=10**9, many_lists=10**9, dense=ALWAYS),
    "led once, some at once": route(
        few_blocks=10**9, many_left=10**9, many_lists=10**9
    ),
    "bounded, then everyone": route(nearly_all=-1),
    "as it comes": {"comparison.SCAN_ALL_UP_TO": 0},
}


def make_taste(artists: Sequence[int], **extra: Any) -> Taste:
    ranked = RankedList("picked", "long_term", artists)
    return merge_ranks([ranked], genres_of=GENRES, **extra)


def make_index(
    tastes: Mapping[int, Taste],
    facets: Mapping[int, Facets] = NO_FACETS,
    **options: Any,
) -> Index:
    columns = Columns.of(tastes.items(), facets)
    return build_index(columns, watermark=3, built_at=NOW, **options)


def make_vectors(artists: int = 40) -> ArtistVectors:
    matrix = np.random.default_rng(1).standard_normal((artists, 48))
    ids = np.arange(artists, dtype=np.uint32)
    return ArtistVectors.of(ids, matrix.astype(np.float32))


def make_audio(person: int) -> list[float]:
    rng = np.random.default_rng(person)
    return [float(rng.uniform(80, 160)), *rng.random(4).tolist(), -8.0 - person % 5]


def make_crowd(size: int, *, artists: int = 40, full: bool = True) -> dict[int, Taste]:
    """People with 0 to 12 artists; every third without audio."""
    rng = np.random.default_rng(size)
    crowd = {}
    for person in range(100, 100 + size):
        count = int(rng.integers(0, 13))
        liked = (artists * rng.random(count) ** 2).astype(int)
        chosen = list(dict.fromkeys(liked.tolist()))
        audio = make_audio(person) if full and person % 3 else None
        window = (90.0, 100.0 + person % 40) if audio else None
        crowd[person] = make_taste(chosen, audio=audio, tempo_window=window)
    return crowd


def make_boards(view: View) -> dict[tuple[int, int], float]:
    """S of everyone with everyone."""
    return {
        (viewer, person): similarity
        for viewer in view.person_ids.tolist()
        for board in [scan(view, viewer)]
        for person, similarity in zip(
            board.person_ids.tolist(), board.similarity.tolist(), strict=True
        )
    }


@contextmanager
def segments_of(most: int) -> Iterator[None]:
    """Have segments of up to `most` people."""
    with pytest.MonkeyPatch.context() as patch:
        for module in SEGMENTED:
            patch.setattr(f"matching.engine.{module}.MOST_IN_SEGMENT", most)
        yield


@contextmanager
def pruned(route: str = "some of a group") -> Iterator[None]:
    """Have nobody scored who need not be, however small the community.

    What is cheap depends on how many there are; a route is one way through all that,
    see ROUTES.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ROUTES[route].items():
            patch.setattr(f"matching.engine.{name}", value)
        yield


class Kit:
    """Builders for the tests beside this file."""

    now = NOW
    taste = staticmethod(make_taste)
    index = staticmethod(make_index)
    vectors = staticmethod(make_vectors)
    audio = staticmethod(make_audio)
    crowd = staticmethod(make_crowd)
    boards = staticmethod(make_boards)
    segments_of = staticmethod(segments_of)
    pruned = staticmethod(pruned)
    oracle = Oracle


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit


@pytest.fixture(scope="package", autouse=True)
def small_blocks() -> Iterator[None]:
    """Blocks of four: a few people already are several of them."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("blocks", "field", "likeness"):
            patch.setattr(f"matching.engine.{module}.BLOCK", 4)
        yield


@pytest.fixture(scope="package")
def crowd_view(small_blocks: None) -> View:
    """Forty people with vectors, genres and audio, five of them changed."""
    index = make_index(make_crowd(40), vectors=make_vectors())
    changes: dict[int, Taste | None] = {
        101: make_taste([1, 2, 3, 77], audio=make_audio(5)),
        102: make_taste([3, 2, 1, 77, 4]),
        103: None,
        500: make_taste([30, 8, 2, 1]),
        501: Taste.empty,
    }
    return index.view(changes)
