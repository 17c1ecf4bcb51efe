"""Why two people score what they score, as the page says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from accounts.models import User
from ingest.credits import Thanked, all_thanked
from ingest.models import Listen
from matching import bridges, engine, evidence, words
from matching.bridges import Icebreaker, Suggestion
from matching.crowd import Crowd
from matching.evidence import Measured, SourceAge
from matching.loaders import ArtistNames, artist_names, artist_shown, by_artists
from matching.reader import current_view
from matching.sides import (
    AudioRow,
    GenreRow,
    RankedName,
    TempoWindows,
    audio_rows,
    genre_rows,
    only_of,
    tempo_windows,
)

_ARTIST_ROWS = 30
_KINDS = ("artist", "related", "genre", "audio")
_GENRE_ROWS = 8
_DIFFERENT = 8
_RECENTS = 10


class NothingToExplain(Exception):
    """There is nothing to compare; the message says why, for the viewer to read."""


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    kind: str
    name: str
    points: str
    my_rank: int | None = None
    their_rank: int | None = None
    rarity: str = ""
    detail: str = ""
    artist_id: int | None = None

    def __getitem__(self, name: str) -> object:
        """Templates ask by key first; to fail at that takes longer than to answer."""
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class RelatedPair:
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class RecentListen:
    track: str
    artist: str
    listened_at: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything on the page, in its order. Scores and points are as printed."""

    person: User
    score: str
    verdict: str
    sentence: str
    percentile_text: str
    parts: list[dict[str, object]]
    rows: list[ReceiptRow]
    related_pairs: list[RelatedPair]
    genres: list[GenreRow]
    genres_by: list[Thanked]
    audio: list[AudioRow]
    tempo: TempoWindows | None
    sound_by: Measured
    only_mine: list[RankedName]
    only_theirs: list[RankedName]
    suggestions: list[Suggestion]
    for_them: list[Suggestion]
    icebreakers: list[Icebreaker]
    recents: list[RecentListen]
    sources: list[SourceAge]
    missing: list[str] = field(default_factory=list)

    @property
    def total(self) -> str:
        return self.score

    @property
    def has_match(self) -> bool:
        return self.score != "0.0"


@dataclass(frozen=True, slots=True)
class _Pair:
    """What was read about two people, before it is put into words."""

    viewer: User
    person: User
    crowd: Crowd
    mine: engine.Taste
    theirs: engine.Taste
    receipt: engine.Receipt
    facts: engine.Facts
    artists: ArtistNames

    @property
    def names(self) -> Mapping[int, str]:
        return self.artists.names

    @property
    def shared(self) -> tuple[int, ...]:
        return self.facts.shared_artist_ids


def explanation_for(viewer: User, person: User) -> Explanation:
    """Explain the score of two people; raises :class:`NothingToExplain`."""
    pair = _read(viewer, person)
    rows, recents = _rows(pair), _recents(pair)
    genres = genre_rows(pair.mine, pair.theirs, pair.artists.genres)
    audio, sources = audio_rows(pair.facts), evidence.sources_of(viewer, person)
    return Explanation(
        person=person,
        score=str(pair.receipt.points),
        verdict=words.verdict(float(pair.receipt.points)),
        sentence=_sentence(pair),
        percentile_text=pair.crowd.percentiles([pair.receipt.similarity])[0],
        parts=words.bar(pair.receipt.parts),
        rows=rows,
        related_pairs=_related(pair),
        genres=genres,
        genres_by=_genres_by(pair, rows, genres),
        audio=audio,
        tempo=tempo_windows(pair.mine, pair.theirs, pair.facts),
        sound_by=evidence.measured_by(viewer, person) if audio else Measured(),
        only_mine=only_of(pair.mine, pair.theirs, pair.names)[:_DIFFERENT],
        only_theirs=only_of(pair.theirs, pair.mine, pair.names)[:_DIFFERENT],
        suggestions=_suggest(pair, to_viewer=True),
        for_them=_suggest(pair, to_viewer=False),
        icebreakers=bridges.icebreakers(viewer, person, pair.shared),
        recents=recents,
        sources=sources,
        missing=[*evidence.by_hand(sources), *_gaps(pair, recents)],
    )


def _read(viewer: User, person: User) -> _Pair:
    if viewer.is_paused:
        raise NothingToExplain(words.PAUSED)
    try:
        view = current_view()
    except (engine.IndexMissing, engine.IndexCorrupt) as error:
        raise NothingToExplain(words.BUILDING) from error
    mine, theirs = view.taste(viewer.pk), view.taste(person.pk)
    if mine is None:
        raise NothingToExplain(words.NO_LISTENING)
    if theirs is None:
        raise NothingToExplain(words.no_listening_of(person.shown_name))
    ids = {*mine.artist_ids.tolist(), *theirs.artist_ids.tolist()}
    return _Pair(
        viewer=viewer,
        person=person,
        crowd=Crowd.around(view, viewer.pk),
        mine=mine,
        theirs=theirs,
        receipt=engine.explain(view, viewer.pk, person.pk),
        facts=engine.facts(view, viewer.pk, person.pk),
        artists=artist_names(ids),
    )


def match_summary(viewer: User, person: User) -> engine.Summary | None:
    """Return what the board knows of two people; None without a match."""
    try:
        [summary] = engine.summaries(current_view(), viewer.pk, [person.pk])
    except (engine.IndexMissing, engine.IndexCorrupt, engine.UnknownPerson):
        return None
    return summary if summary.similarity > 0 else None


def _sentence(pair: _Pair) -> str:
    """The same sentence as on the board, from the same rows."""
    shared = [r.artist_id for r in pair.receipt.rows if r.artist_id is not None]
    return pair.crowd.common([shared])[0].sentence(pair.names)


# --- The receipt ----------------------------------------------------------


def _rows(pair: _Pair) -> list[ReceiptRow]:
    if pair.receipt.similarity <= 0:
        return []
    rows = engine.fold(pair.receipt.rows, kind="artist", keep=_ARTIST_ROWS)
    rows = engine.fold(rows, kind="genre", keep=_GENRE_ROWS)
    return [_row(pair, row) for row in sorted(rows, key=_place)]


def _place(row: engine.Contribution) -> int:
    """Artists first, then what they stand for; what was folded after its kind."""
    if row.kind == "more":
        return 2 * _KINDS.index(str(row.folded)) + 1
    return 2 * _KINDS.index(row.kind)


def _row(pair: _Pair, row: engine.Contribution) -> ReceiptRow:
    shown = ReceiptRow(row.kind, "", str(row.points))
    if row.artist_id is not None:
        return replace(
            shown,
            name=pair.names[row.artist_id],
            my_rank=row.my_rank,
            their_rank=row.their_rank,
            rarity=words.rarity(row.n_listeners or 0),
            artist_id=row.artist_id,
        )
    if row.genre_id is not None:
        return replace(
            shown, name=pair.artists.genre_names.get(row.genre_id, "a genre")
        )
    if row.dimension is not None:
        return replace(shown, name=words.SOUND_LABELS[row.dimension])
    if row.kind == "related":
        return replace(
            shown,
            name="Artists close to each other",
            detail="Different artists whom the same people here listen to.",
        )
    noun = "artist" if row.folded == "artist" else "genre"
    return replace(shown, name=words.plural(row.count, f"more {noun}"))


def _related(pair: _Pair) -> list[RelatedPair]:
    return [
        RelatedPair(pair.names[found.my_artist_id], pair.names[found.their_artist_id])
        for row in pair.receipt.rows
        for found in row.pairs
    ]


def _genres_by(
    pair: _Pair, rows: Sequence[ReceiptRow], genres: Sequence[GenreRow]
) -> list[Thanked]:
    """Everyone who named a genre that is shown for one of these artists."""
    shown = {row.name for row in rows if row.kind == "genre"}
    shown.update(row.name for row in genres)
    return all_thanked(
        key for name in shown for key in pair.artists.said_by.get(name, ())
    )


# --- What comes of it -----------------------------------------------------


def _suggest(pair: _Pair, *, to_viewer: bool) -> list[Suggestion]:
    giver, taker = (pair.theirs, pair.mine) if to_viewer else (pair.mine, pair.theirs)
    return bridges.suggestions(
        giver,
        taker,
        names=pair.names,
        genres=pair.artists.genres,
        vectors=pair.crowd.view.statistics.vectors,
        whose="their" if to_viewer else "your",
        near="your" if to_viewer else "their",
    )


def _recents(pair: _Pair) -> list[RecentListen]:
    rows = (
        Listen.objects.shown()
        .filter(by_artists("track__artist", pair.shared), person=pair.person)
        .order_by("-listened_at", "-pk")
    )
    found = rows.values_list(
        "track__name", artist_shown("track__artist"), "listened_at"
    )
    return [RecentListen(*row) for row in found[:_RECENTS]]


def _gaps(pair: _Pair, recents: Sequence[RecentListen]) -> list[str]:
    return evidence.gaps(
        pair.person,
        pair.mine,
        pair.theirs,
        has_vectors=bool(len(pair.crowd.view.statistics.vectors)),
        has_recents=bool(recents),
    )
