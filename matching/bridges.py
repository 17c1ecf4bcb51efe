"""What two people could give each other: artists to try, tracks to begin with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accounts.models import User
from ingest.models import TopTrack
from matching.engine import ArtistVectors, Taste
from matching.loaders import artist_shown, by_artists

_SUGGESTIONS = 6
_ICEBREAKERS = 5
# Below this cosine two artists are not close enough to say so.
_CLOSE = 0.3
Strengths = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suggestion:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Icebreaker:
    track: str
    artist: str
    reason: str


def suggestions(
    giver: Taste,
    taker: Taste,
    *,
    names: Mapping[int, str],
    genres: Mapping[int, Sequence[str]],
    vectors: ArtistVectors,
    whose: str,
    near: str,
    muted: Collection[int] = (),
) -> list[Suggestion]:
    """Artists the giver has and the taker has not, nearest to the taker first.

    An artist counts by the giver's weight times its closeness to the closest of
    the taker's artists: the cosine of their vectors, or the share of genres.
    ``muted`` ones are neither given nor named as close.
    """
    has = set(taker.artist_ids.tolist()).union(muted)
    ranked = enumerate(giver.artist_ids.tolist(), start=1)
    new = [(rank, artist) for rank, artist in ranked if artist not in has]
    known = taker.artist_ids[~np.isin(taker.artist_ids, list(muted))]
    if not new or not len(known):
        return []
    rows = np.array([rank - 1 for rank, _ in new])
    closeness = np.maximum(
        _by_vectors(giver.artist_ids[rows], known, vectors),
        _by_genres([a for _, a in new], known.tolist(), genres),
    )
    best = closeness.argmax(axis=1)
    nearest = closeness[np.arange(len(new)), best]
    worth = giver.artist_weights[rows] * nearest
    chosen = np.lexsort((rows, -worth))[:_SUGGESTIONS]
    return [
        Suggestion(
            names[new[at][1]],
            f"{whose} number {new[at][0]}, close to {near}"
            f" {names[int(known[best[at]])]}",
        )
        for at in chosen.tolist()
        if nearest[at] >= _CLOSE
    ]


def _by_vectors(
    theirs: npt.NDArray[np.uint32], mine: npt.NDArray[np.uint32], vectors: ArtistVectors
) -> Strengths:
    """Cosine of each of their artists with each of mine; 0 where one has no vector."""
    if not len(vectors):
        return np.zeros((len(theirs), len(mine)))
    return np.asarray(_rows(theirs, vectors) @ _rows(mine, vectors).T, np.float64)


def _rows(ids: npt.NDArray[np.uint32], vectors: ArtistVectors) -> Strengths:
    return vectors.of_artists(ids)


def _by_genres(
    theirs: Sequence[int], mine: Sequence[int], genres: Mapping[int, Sequence[str]]
) -> Strengths:
    """Jaccard of the genres of each pair of artists."""
    vocabulary = {
        name: column
        for column, name in enumerate(
            sorted({g for a in (*theirs, *mine) for g in genres.get(a, ())})
        )
    }

    def table(artists: Sequence[int]) -> Strengths:
        rows = np.zeros((len(artists), len(vocabulary)))
        for row, artist in enumerate(artists):
            for name in genres.get(artist, ()):
                rows[row, vocabulary[name]] = 1
        return rows

    left, right = table(theirs), table(mine)
    both = left @ right.T
    either = left.sum(axis=1)[:, None] + right.sum(axis=1)[None, :] - both
    shares: Strengths = np.divide(
        both, either, out=np.zeros_like(both), where=either > 0
    )
    return shares


def icebreakers(viewer: User, person: User, shared: Sequence[int]) -> list[Icebreaker]:
    """Tracks by shared artists: first those both have, then the other's own."""
    rows = (
        TopTrack.objects.of_used_sources()
        .filter(by_artists("track__artist", shared), person__in=[viewer, person])
        .order_by("rank", "time_range", "pk")
    )
    ranks: dict[tuple[str, str], dict[int, int]] = {}
    for person_id, rank, *key in rows.values_list(
        "person_id", "rank", "track__name", artist_shown("track__artist")
    ):
        ranks.setdefault((key[0], key[1]), {}).setdefault(person_id, rank)
    theirs = {key: by for key, by in ranks.items() if person.pk in by}
    ordered = sorted(
        theirs.items(),
        key=lambda item: (viewer.pk not in item[1], item[1][person.pk], item[0]),
    )
    found: dict[str, Icebreaker] = {}
    for (track, artist), by in ordered:
        reason = (
            "Among the top tracks of both of you."
            if viewer.pk in by
            else f"Number {by[person.pk]} of {person.shown_name}, by a shared artist."
        )
        # One track an artist: five openers, not five times the same one.
        found.setdefault(artist, Icebreaker(track, artist, reason))
    return list(found.values())[:_ICEBREAKERS]
