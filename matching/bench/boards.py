"""The boards that are measured, what they have to read, and the hardest of all."""

from collections.abc import Iterator

import numpy as np

from matching import engine
from matching.bench.synthetic import COUNTRIES, MOST_ARTISTS, Synthetic
from matching.engine.arrays import Whole

COUNT = 50
_PAGE, _AHEAD = 20, 100


def board(view: engine.View, person_id: int) -> Whole:
    """The fifty closest people, closest first."""
    return engine.Comparison(view, person_id).closest(COUNT).person_ids


def page(view: engine.View, person_id: int) -> Whole:
    """All that a page of the leaderboard asks: who is next, and how close that is."""
    comparison = engine.Comparison(view, person_id)
    closest = comparison.closest(_AHEAD)
    return comparison.below(closest.similarity[:_PAGE])


def filtered(view: engine.View, person_id: int) -> Whole:
    """The fifty closest people of one country."""
    wanted = engine.Wanted(country=COUNTRIES[0])
    return engine.Comparison(view, person_id).closest(COUNT, wanted).person_ids


def everyone(view: engine.View, person_id: int) -> Whole:
    """The same as the board by ranking everyone in float64, without any shortcut."""
    scan = engine.scan(view, person_id)
    return scan.person_ids[scan.order()[:COUNT]]


def postings(view: engine.View, person_id: int) -> list[np.ndarray]:
    """The stored lists of everyone who has a person's artists, where they lie."""
    taste = view.taste(person_id)
    if taste is None:
        raise engine.UnknownPerson(person_id)
    return [
        array[start : start + length]
        for lists in (segment.artists for segment in view.segments)
        for start, length in zip(*lists.locate(taste.artist_ids), strict=True)
        for array in (lists.members, lists.weights)
    ]


def in_one_piece(lists: list[np.ndarray]) -> list[np.ndarray]:
    """The same bytes side by side, which no index of lists can have for everyone."""
    parts = [np.ascontiguousarray(part).view(np.uint8) for part in lists]
    return [np.concatenate([np.empty(0, np.uint8), *parts])]


def read(lists: list[np.ndarray]) -> None:
    """Read every number once, and do nothing with it."""
    for part in lists:
        np.bitwise_or.reduce(part)


def hardest(
    community: Synthetic, listeners: Whole
) -> Iterator[tuple[str, engine.Taste]]:
    """Tastes a person may have that ask for the most work, each with its name.

    listeners is how many people have each artist, by its id.
    """
    order = np.argsort(-listeners, kind="stable")
    known = order[listeners[order] > 0]
    top, rare = known[:MOST_ARTISTS].tolist(), known[-MOST_ARTISTS:].tolist()
    unknown = range(len(listeners), len(listeners) + MOST_ARTISTS)
    yield "the 150 best known artists", _taste(community, top)
    yield "the same, least known first", _taste(community, top[::-1])
    yield "the best known artist alone", _taste(community, top[:1])
    yield "150 artists one person has", _taste(community, rare)
    yield "150 artists nobody has", _taste(community, list(unknown))


def _taste(community: Synthetic, artists: list[int]) -> engine.Taste:
    genres = {
        artist: community.genres_of(artist)
        for artist in artists
        if artist <= community.artists
    }
    return engine.merge_ranks(
        [engine.RankedList("community", "long_term", artists)],
        genres_of=genres,
        audio=[120.0, 0.6, 0.45, 0.55, 0.3, -9.0],
        tempo_window=(110.0, 130.0),
    )
