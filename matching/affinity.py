"""What two people share, for the pages on which they meet and write to each other."""

from collections.abc import Mapping

from django.urls import reverse

from accounts.models import Section, User
from ingest.models import Artist
from matching import bridges, engine, words
from matching.crowd import Common, Crowd
from matching.loaders import ArtistNames, artist_names
from matching.muted import Muted, muted_between
from matching.reader import view_with
from social.affinity import Card, Why
from social.models import CardKind
from social.showing import shows

# So many shared artists may be chosen from.
_ARTISTS = 30


# --- What to begin with ---------------------------------------------------


def cards_between(viewer: User, person: User, connected: bool) -> list[Card]:
    """Shared artists, tracks by them, and artists one could give the other.

    Nothing where the two do not show each other their artists.
    """
    if not shows(person, Section.ARTISTS, to=viewer, connected=connected):
        return []
    try:
        view = view_with([viewer.pk, person.pk] if connected else [viewer.pk])
        [summary] = engine.summaries(view, viewer.pk, [person.pk])
    except (engine.IndexMissing, engine.IndexCorrupt, engine.UnknownPerson):
        return []
    muted = muted_between(viewer.pk, [person.pk])[person.pk]
    shared = [a for a in summary.shared_artist_ids if a not in muted]
    mine, theirs = view.taste(viewer.pk), view.taste(person.pk)
    if mine is None or theirs is None:
        return []
    artists = artist_names([*mine.artist_ids.tolist(), *theirs.artist_ids.tolist()])
    tracks = bridges.icebreakers(viewer, person, shared)
    vectors = view.statistics.vectors
    return _each_once(
        *(Card(CardKind.ARTIST, artists.names[a]) for a in shared[:_ARTISTS]),
        *(Card(CardKind.TRACK, track.track, track.artist) for track in tracks),
        *_gifts(theirs, mine, artists, vectors, muted),
        *_gifts(mine, theirs, artists, vectors, muted),
    )


def _each_once(*cards: Card) -> list[Card]:
    """The first of each name: of two artists of one name nobody could tell which."""
    found: dict[tuple[str, str, str], Card] = {}
    for card in cards:
        found.setdefault((card.kind, card.name, card.artist), card)
    return [*found.values()]


def _gifts(
    giver: engine.Taste,
    taker: engine.Taste,
    artists: ArtistNames,
    vectors: engine.ArtistVectors,
    muted: Muted,
) -> list[Card]:
    found = bridges.suggestions(
        giver,
        taker,
        names=artists.names,
        genres=artists.genres,
        vectors=vectors,
        whose="",
        near="",
        muted=muted,
    )
    return [Card(CardKind.ARTIST, one.name, is_shared=False) for one in found]


# --- Why ------------------------------------------------------------------


def why_of_people(viewer: User, people: Mapping[User, bool]) -> dict[int, Why]:
    """Sum up the viewer and each of these people; nothing where nothing connects.

    The value is whether the viewer is connected with them.
    """
    close = [person.pk for person, is_close in people.items() if is_close]
    try:
        # Of strangers nobody is hidden: who is not on the boards has no taste.
        view = view_with([viewer.pk, *close])
        crowd = Crowd.around(view, viewer.pk)
    except (engine.IndexMissing, engine.IndexCorrupt, engine.UnknownPerson):
        return {}
    known = {p.pk: p for p in people if view.taste(p.pk) is not None}
    met = [one for one in crowd.summaries([*known]) if one.similarity > 0]
    muted = muted_between(viewer.pk, known)
    common = crowd.common(
        [one.shared_artist_ids for one in met], [muted[one.person_id] for one in met]
    )
    names = Artist.objects.names({a for ground in common for a in ground.named})
    pairs = [(known[one.person_id], one) for one in met]
    return {
        person.pk: _why(viewer, person, people[person], summary, ground, names)
        for (person, summary), ground in zip(pairs, common, strict=True)
    }


def _why(
    viewer: User,
    person: User,
    is_close: bool,
    summary: engine.Summary,
    ground: Common,
    names: Mapping[int, str],
) -> Why:
    shown = shows(person, Section.ARTISTS, to=viewer, connected=is_close)
    return Why(
        score_text=words.short_score(summary.score),
        sentence=ground.sentence(names) if shown else words.ARTISTS_KEPT,
        artists=tuple(names[artist] for artist in ground.named) if shown else (),
        url=reverse("matching:explanation", args=[person.handle]),
    )
