"""What a comparison of two people rests on, and what was missing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from accounts.models import Section, User
from ingest.credits import Thanked, thanked
from ingest.models import Source, SourceLink, TopArtist
from ingest.sound import sound_sources
from matching import engine, words

_THIN = 10
_BY_HAND = (
    "artists were all picked by hand. No plays stand behind them, and the score counts"
    " them like any others."
)


@dataclass(frozen=True, slots=True)
class SourceAge:
    """``gives`` tells whether any artist of the person's comes from it."""

    who: str
    whose: str
    source: Source
    age_at: datetime | None
    gives: bool

    @property
    def label(self) -> str:
        return self.source.label

    @property
    def is_by_hand(self) -> bool:
        return self.source == Source.MANUAL


@dataclass(frozen=True, slots=True)
class Measured:
    """Who measured the sound of each of the two; None where nobody knows."""

    mine: Thanked | None = None
    theirs: Thanked | None = None


def sources_of(viewer: User, person: User) -> list[SourceAge]:
    """List the sources in use, the viewer's first, in one query."""
    rows = TopArtist.objects.filter(
        person=OuterRef("person"), source=OuterRef("source")
    )
    links = SourceLink.objects.filter(person__in=[viewer, person], is_used=True)
    found = links.annotate(gives=Exists(rows)).values_list(
        "person_id", "source", "latest_import_at", "gives"
    )
    ordered = sorted(found, key=lambda row: (row[0] != viewer.pk, row[1]))
    theirs = (person.shown_name, f"{person.shown_name}’s")
    return [
        SourceAge(
            *(("You", "Your") if owner == viewer.pk else theirs),
            Source(source),
            age_at,
            gives,
        )
        for owner, source, age_at, gives in ordered
    ]


def measured_by(viewer: User, person: User) -> Measured:
    found = sound_sources([viewer.pk, person.pk])
    mine, theirs = found.get(viewer.pk), found.get(person.pk)
    return Measured(
        thanked(mine) if mine else None, thanked(theirs) if theirs else None
    )


def gaps(
    person: User,
    mine: engine.Taste,
    theirs: engine.Taste,
    *,
    shown: Collection[Section],
    has_vectors: bool,
    has_recents: bool,
) -> list[str]:
    """Name what was not there to compare. It never counts against anyone.

    Of the other person only what is ``shown``.
    """
    name = person.shown_name

    def sides(section: Section) -> list[tuple[str, engine.Taste]]:
        return [("you", mine), *([(name, theirs)] if section in shown else [])]

    silent = [whom for whom, t in sides(Section.AUDIO) if t.audio is None]
    plain = [whom for whom, t in sides(Section.GENRES) if not len(t.genre_ids)]
    sentences = [
        f"No data on {what} for {words.listing(who)}, so it is left out."
        for what, who in (("how the music sounds", silent), ("genres", plain))
        if who
    ]
    for whom, taste in sides(Section.ARTISTS):
        if len(taste) < _THIN:
            count = words.plural(len(taste), "artist")
            sentences.append(
                f"Only {count} known of {whom}: the score is a first guess."
            )
    if not has_vectors:
        sentences.append(
            "This community is too small to say which artists lie close to each other."
        )
    if not has_recents and {Section.ARTISTS, Section.RECENT}.issubset(shown):
        sentences.append(f"No recent listens of {name} by artists you share.")
    return sentences


def by_hand(sources: Sequence[SourceAge]) -> list[str]:
    """Say of whom nothing is known but what they named themselves."""
    given: dict[str, list[SourceAge]] = {}
    for one in sources:
        if one.gives:
            given.setdefault(one.whose, []).append(one)
    return [
        f"{whose} {_BY_HAND}"
        for whose, of_one in given.items()
        if all(one.is_by_hand for one in of_one)
    ]
