"""Why two people score what they score, as the page says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from accounts.models import Section, User
from ingest.credits import Thanked, all_thanked
from ingest.models import Listen
from matching import bridges, engine, evidence, private, words
from matching.bridges import Icebreaker, Suggestion
from matching.crowd import Crowd
from matching.evidence import Measured, SourceAge
from matching.loaders import ArtistNames, artist_names, artist_shown, by_artists
from matching.muted import Muted, fold_muted, muted_between
from matching.reader import view_with
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
from social.showing import shown_sections
from social.standing import Standing, standing_of

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
    standing: Standing
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
    def has_ranks(self) -> bool:
        return any(row.my_rank for row in self.rows)

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
    standing: Standing
    sections: frozenset[Section]
    muted: Muted

    def shows(self, *sections: Section) -> bool:
        """Whether the two show each other all of these."""
        return self.sections.issuperset(sections)

    @property
    def names(self) -> Mapping[int, str]:
        return self.artists.names

    @property
    def shared(self) -> tuple[int, ...]:
        """The artists both have that may be named."""
        ids = self.facts.shared_artist_ids
        return tuple(artist for artist in ids if artist not in self.muted)


def explanation_for(viewer: User, person: User) -> Explanation:
    """Explain the score of two people; raises :class:`NothingToExplain`."""
    pair = _read(viewer, person)
    rows, recents = _rows(pair), _recents(pair)
    genres, audio = _genres(pair), _audio(pair)
    sources = evidence.sources_of(viewer, person)
    return Explanation(
        person=person,
        standing=pair.standing,
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
        tempo=_tempo(pair),
        sound_by=evidence.measured_by(viewer, person) if audio else Measured(),
        only_mine=_only(pair, pair.mine, pair.theirs),
        only_theirs=_only(pair, pair.theirs, pair.mine),
        suggestions=_suggest(pair, to_viewer=True),
        for_them=_suggest(pair, to_viewer=False),
        icebreakers=_icebreakers(pair),
        recents=recents,
        sources=sources,
        missing=[
            *evidence.by_hand(sources),
            *_gaps(pair, recents),
            *private.sentences(viewer, person, connected=pair.standing.is_connected),
        ],
    )


def _read(viewer: User, person: User) -> _Pair:
    try:
        view = view_with([viewer.pk, person.pk])
    except (engine.IndexMissing, engine.IndexCorrupt) as error:
        raise NothingToExplain(words.BUILDING) from error
    mine, theirs = view.taste(viewer.pk), view.taste(person.pk)
    if mine is None:
        raise NothingToExplain(words.NO_LISTENING)
    if theirs is None:
        raise NothingToExplain(words.no_listening_of(person.shown_name))
    ids = {*mine.artist_ids.tolist(), *theirs.artist_ids.tolist()}
    standing = standing_of(viewer, person)
    return _Pair(
        viewer=viewer,
        person=person,
        crowd=Crowd.around(view, viewer.pk),
        mine=mine,
        theirs=theirs,
        receipt=engine.explain(view, viewer.pk, person.pk),
        facts=engine.facts(view, viewer.pk, person.pk),
        artists=artist_names(ids),
        standing=standing,
        sections=shown_sections(person, to=viewer, connected=standing.is_connected),
        muted=muted_between(viewer.pk, [person.pk])[person.pk],
    )


def match_summary(viewer: User, person: User) -> engine.Summary | None:
    """Return what the board knows of two people; None without a match."""
    try:
        view = view_with([viewer.pk, person.pk])
        [summary] = engine.summaries(view, viewer.pk, [person.pk])
    except (engine.IndexMissing, engine.IndexCorrupt, engine.UnknownPerson):
        return None
    return summary if summary.similarity > 0 else None


def _sentence(pair: _Pair) -> str:
    """The same sentence as on the board, from the same rows."""
    if not pair.shows(Section.ARTISTS):
        return words.ARTISTS_KEPT
    shared = [r.artist_id for r in pair.receipt.rows if r.artist_id is not None]
    return pair.crowd.common([shared], [pair.muted])[0].sentence(pair.names)


# --- The receipt ----------------------------------------------------------


def _rows(pair: _Pair) -> list[ReceiptRow]:
    if pair.receipt.similarity <= 0:
        return []
    rows = private.folded(pair.receipt.rows, pair.sections)
    rows = fold_muted(rows, pair.muted)
    rows = engine.fold(rows, kind="artist", keep=_ARTIST_ROWS)
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
    if row.folded is not None and not row.count:
        return replace(shown, name=words.KEPT_PRIVATE[row.folded])
    if row.folded == "artist" and row.count == 1:
        return replace(shown, name=words.ONE_KEPT_PRIVATE)
    noun = "artist" if row.folded == "artist" else "genre"
    return replace(shown, name=words.plural(row.count, f"more {noun}"))


def _related(pair: _Pair) -> list[RelatedPair]:
    if not pair.shows(Section.ARTISTS):
        return []
    return [
        RelatedPair(pair.names[found.my_artist_id], pair.names[found.their_artist_id])
        for row in pair.receipt.rows
        for found in row.pairs
        if pair.muted.isdisjoint((found.my_artist_id, found.their_artist_id))
    ]


# --- Side by side ---------------------------------------------------------


def _genres(pair: _Pair) -> list[GenreRow]:
    if not pair.shows(Section.GENRES):
        return []
    return genre_rows(pair.mine, pair.theirs, pair.artists.genres)


def _audio(pair: _Pair) -> list[AudioRow]:
    return audio_rows(pair.facts) if pair.shows(Section.AUDIO) else []


def _tempo(pair: _Pair) -> TempoWindows | None:
    if not pair.shows(Section.AUDIO):
        return None
    return tempo_windows(pair.mine, pair.theirs, pair.facts)


def _only(pair: _Pair, one: engine.Taste, other: engine.Taste) -> list[RankedName]:
    if not pair.shows(Section.ARTISTS):
        return []
    return only_of(one, other, pair.names, muted=pair.muted)[:_DIFFERENT]


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
    if not pair.shows(Section.ARTISTS):
        return []
    giver, taker = (pair.theirs, pair.mine) if to_viewer else (pair.mine, pair.theirs)
    return bridges.suggestions(
        giver,
        taker,
        names=pair.names,
        genres=pair.artists.genres,
        vectors=pair.crowd.view.statistics.vectors,
        whose="their" if to_viewer else "your",
        near="your" if to_viewer else "their",
        muted=pair.muted,
    )


def _icebreakers(pair: _Pair) -> list[Icebreaker]:
    if not pair.shows(Section.ARTISTS):
        return []
    return bridges.icebreakers(pair.viewer, pair.person, pair.shared)


def _recents(pair: _Pair) -> list[RecentListen]:
    if not pair.shows(Section.ARTISTS, Section.RECENT):
        return []
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
        shown=pair.sections,
        has_vectors=bool(len(pair.crowd.view.statistics.vectors)),
        has_recents=bool(recents),
    )
