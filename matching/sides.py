"""Two people side by side: genres, sound, tempo, and where they differ."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ingest.sound import DIMENSIONS
from matching.engine import Facts, Taste

_GENRES = 12
_TEMPO = DIMENSIONS[0]


@dataclass(frozen=True, slots=True)
class RankedName:
    name: str
    rank: int


@dataclass(frozen=True, slots=True)
class GenreRow:
    """How many artists of a genre each has; widths are 0 to 100."""

    name: str
    mine: int
    theirs: int
    mine_width: float
    theirs_width: float

    @property
    def is_shared(self) -> bool:
        return bool(self.mine and self.theirs)


@dataclass(frozen=True, slots=True)
class AudioRow:
    """One dimension; normalised values are in standard deviations of people here."""

    key: str
    label: str
    mine: str
    theirs: str
    mine_normalised: str
    theirs_normalised: str
    difference: str
    mine_x: float
    theirs_x: float


@dataclass(frozen=True, slots=True)
class TempoWindows:
    """The middle half of each person's tempos in BPM, and where they overlap."""

    mine_low: int
    mine_high: int
    theirs_low: int
    theirs_high: int
    shared_low: int | None
    shared_high: int | None
    mine_low_x: float
    mine_high_x: float
    theirs_low_x: float
    theirs_high_x: float


def only_of(
    taste: Taste, other: Taste, names: Mapping[int, str], *, muted: Collection[int]
) -> list[RankedName]:
    """Artists one has and the other has not, by rank; muted ones are not named."""
    others = {*other.artist_ids.tolist(), *muted}
    return [
        RankedName(names[artist], rank)
        for rank, artist in enumerate(taste.artist_ids.tolist(), start=1)
        if artist not in others
    ]


def genre_rows(
    mine: Taste, theirs: Taste, genres: Mapping[int, Sequence[str]]
) -> list[GenreRow]:
    """Genres of either, shared ones first, then by how many artists they have."""
    my_counts, their_counts = _counts(mine, genres), _counts(theirs, genres)
    names = sorted(
        my_counts.keys() | their_counts.keys(),
        key=lambda n: (
            -min(my_counts[n], their_counts[n]),
            -(my_counts[n] + their_counts[n]),
            n,
        ),
    )[:_GENRES]
    most = max([my_counts[n] for n in names] + [their_counts[n] for n in names] + [1])
    return [
        GenreRow(
            name,
            my_counts[name],
            their_counts[name],
            round(100 * my_counts[name] / most, 1),
            round(100 * their_counts[name] / most, 1),
        )
        for name in names
    ]


def _counts(taste: Taste, genres: Mapping[int, Sequence[str]]) -> Counter[str]:
    return Counter(g for a in taste.artist_ids.tolist() for g in genres.get(a, ()))


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\u2212")


def audio_rows(facts: Facts) -> list[AudioRow]:
    """One row a dimension; none where one of the two has no audio."""
    found = {fact.dimension: fact for fact in facts.audio}
    return [
        AudioRow(
            key=d.key,
            label=d.label,
            mine=d.text(fact.mine),
            theirs=d.text(fact.theirs),
            mine_normalised=_signed(fact.mine_normalised),
            theirs_normalised=_signed(fact.theirs_normalised),
            difference=f"{abs(fact.difference):.2f}",
            mine_x=d.position(fact.mine),
            theirs_x=d.position(fact.theirs),
        )
        for d in DIMENSIONS
        if (fact := found.get(d.key)) is not None
    ]


def tempo_windows(mine: Taste, theirs: Taste, facts: Facts) -> TempoWindows | None:
    if mine.tempo_window is None or theirs.tempo_window is None:
        return None
    (my_low, my_high), (their_low, their_high) = mine.tempo_window, theirs.tempo_window
    shared = facts.tempo_overlap
    return TempoWindows(
        mine_low=round(my_low),
        mine_high=round(my_high),
        theirs_low=round(their_low),
        theirs_high=round(their_high),
        shared_low=round(shared[0]) if shared else None,
        shared_high=round(shared[1]) if shared else None,
        mine_low_x=_TEMPO.position(my_low),
        mine_high_x=_TEMPO.position(my_high),
        theirs_low_x=_TEMPO.position(their_low),
        theirs_high_x=_TEMPO.position(their_high),
    )
