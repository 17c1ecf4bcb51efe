"""The receipt of a score: named contributions whose printed points add up to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import numpy as np

from matching.engine.arrays import Doubles
from matching.engine.constants import AUDIO_DIMENSIONS
from matching.engine.index import View
from matching.engine.pair import Pair, compare, side
from matching.engine.related import RelatedArtists, related_artists
from matching.engine.score import TENTHS, printed_tenths, score_of

Kind = Literal["artist", "related", "genre", "audio", "more"]
NOTHING = Decimal("0.0")
_BY_NAME = np.argsort(AUDIO_DIMENSIONS)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One row of a receipt.

    term is in units of S and may be slightly negative for related and audio; points
    are its share of the printed score. Which other fields are set depends on kind:

    artist   artist_id, my_rank, their_rank, n_listeners (people who have the artist,
             these two included)
    related  pairs: the closest pairs of artists, one of each person, strongest first
    genre    genre_id
    audio    dimension
    more     folded: the kind of the small rows in this one; count: how many they are
    """

    kind: Kind
    term: float
    points: Decimal = NOTHING
    artist_id: int | None = None
    my_rank: int | None = None
    their_rank: int | None = None
    n_listeners: int | None = None
    genre_id: int | None = None
    dimension: str | None = None
    pairs: tuple[RelatedArtists, ...] = ()
    folded: Kind | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """Points by kind; they add up to the printed score."""

    artist: Decimal
    related: Decimal
    genre: Decimal
    audio: Decimal

    @classmethod
    def of(cls, rows: Sequence[Contribution]) -> "Parts":
        kinds: tuple[Kind, ...] = ("artist", "related", "genre", "audio")
        return cls(
            *(sum((r.points for r in rows if r.kind == k), NOTHING) for k in kinds)
        )

    @classmethod
    def between(cls, pair: Pair) -> "Parts":
        """The parts of a pair's receipt, without writing its rows."""
        groups = _terms(pair)
        tenths = _tenths(np.concatenate(list(groups.values())), pair.similarity)
        points: dict[str, Decimal] = {}
        start = 0
        for kind, terms in groups.items():
            points[kind] = _decimal(sum(tenths[start : start + len(terms)]))
            start += len(terms)
        return cls(**points)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Why two people score what they score.

    similarity is S, score the exact score, points the printed score to one decimal:
    always the sum of the points of the rows. Rows come with most points first.
    """

    viewer_id: int
    person_id: int
    similarity: float
    score: float
    points: Decimal
    rows: tuple[Contribution, ...]

    @property
    def parts(self) -> Parts:
        return Parts.of(self.rows)


def explain(view: View, viewer_id: int, person_id: int) -> Receipt:
    """Explain the score of two people; the same points from both sides.

    Raises UnknownPerson when one of them is not in the view.
    """
    mine, theirs = side(view, viewer_id), side(view, person_id)
    pair = compare(mine, theirs)
    rows = itemise(view, pair)
    pairs = related_artists(view.statistics, mine, theirs)
    return Receipt(
        viewer_id,
        person_id,
        pair.similarity,
        float(score_of(pair.similarity)),
        printed_score(pair.similarity),
        tuple(replace(r, pairs=pairs) if r.kind == "related" else r for r in rows),
    )


def printed_score(similarity: float) -> Decimal:
    """Round the score of S to the one decimal people read."""
    return _decimal(printed_tenths(similarity))


def itemise(view: View, pair: Pair) -> tuple[Contribution, ...]:
    """Name every term of S and give it its printed points, most points first."""
    rows = [*_artist_rows(view, pair), *_genre_rows(pair), *_audio_rows(pair)]
    if pair.related is not None:
        rows.append(Contribution("related", pair.related))
    rows.sort(key=_identity)
    tenths = _tenths(np.array([row.term for row in rows]), pair.similarity)
    priced = [
        replace(row, points=_decimal(points))
        for row, points in zip(rows, tenths, strict=True)
    ]
    return tuple(sorted(priced, key=lambda row: (-row.points, *_identity(row))))


def fold(
    rows: Sequence[Contribution], *, kind: Kind = "artist", keep: int
) -> tuple[Contribution, ...]:
    """Fold the rows of a kind after the first `keep` into one row of the exact sum.

    Other kinds stay. A single row left over is not folded: it takes the same space.
    """
    small = [row for row in rows if row.kind == kind][keep:]
    if len(small) < 2:
        return tuple(rows)
    more = Contribution(
        "more",
        sum(row.term for row in small),
        sum((row.points for row in small), NOTHING),
        count=len(small),
        folded=kind,
    )
    gone = {id(row) for row in small}
    return (*(row for row in rows if id(row) not in gone), more)


def _artist_rows(view: View, pair: Pair) -> list[Contribution]:
    listeners = np.maximum(view.listeners(pair.artist_ids), 2)
    columns = (
        pair.artist_ids,
        pair.artist_terms,
        pair.my_ranks,
        pair.their_ranks,
        listeners,
    )
    return [
        Contribution(
            "artist",
            term,
            artist_id=artist,
            my_rank=mine,
            their_rank=theirs,
            n_listeners=count,
        )
        for artist, term, mine, theirs, count in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


def _genre_rows(pair: Pair) -> list[Contribution]:
    terms = zip(pair.genre_ids.tolist(), pair.genre_terms.tolist(), strict=True)
    return [Contribution("genre", term, genre_id=genre) for genre, term in terms]


def _audio_rows(pair: Pair) -> list[Contribution]:
    terms = zip(AUDIO_DIMENSIONS, pair.audio.tolist(), strict=False)
    return [Contribution("audio", term, dimension=name) for name, term in terms]


def _identity(row: Contribution) -> tuple[str, int, str]:
    """Order rows the same way whoever looks."""
    number = row.artist_id if row.artist_id is not None else row.genre_id
    return row.kind, number if number is not None else -1, row.dimension or ""


def _terms(pair: Pair) -> dict[Kind, Doubles]:
    """Every term by kind, in the order of :func:`_identity`."""
    related = np.array([pair.related] if pair.related is not None else [])
    return {
        "artist": pair.artist_terms,
        "audio": pair.audio[_BY_NAME[: len(pair.audio)]],
        "genre": pair.genre_terms,
        "related": related,
    }


def _tenths(terms: Doubles, similarity: float) -> list[int]:
    """Share out the printed score in tenths of a point by largest remainder.

    Points of a term are term · score / S. Each is rounded down; the tenths still
    missing go to the largest remainders, so the sum is the printed score exactly.
    """
    if similarity <= 0:
        return [0] * len(terms)
    score = float(score_of(similarity))
    exact = terms * (score / similarity * TENTHS)
    floors = np.floor(exact)
    missing = round(score * TENTHS) - int(floors.sum())
    favoured = np.argsort(floors - exact, kind="stable")[:missing]
    floors[favoured] += 1
    return [int(tenth) for tenth in floors]


def _decimal(tenths: int) -> Decimal:
    return Decimal(tenths).scaleb(-1)
