"""What the page about muted artists reads: the rules, and artists to make one for."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q

from accounts.models import User
from ingest.models import Artist, TopArtist, TopTrack
from ingest.models.music import ArtistQuerySet
from ingest.names import name_key
from ingest.pages.rules import UNMUTED, Rule, rules_of

PAGE_SIZE = 50
_FOUND = 20
_LEAST_TYPED = 2


@dataclass(frozen=True, slots=True)
class RuledArtist:
    """An artist and what the person decided about it."""

    pk: int
    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class MutedPage:
    """``found`` answers a search: the person's own first, then others known here."""

    page_obj: Page[RuledArtist]
    found: list[RuledArtist]


def muted_page(person: User, *, asked: str, page: str | None) -> MutedPage:
    """Read the list and what a search found, in at most five queries."""
    rules = rules_of(person)
    names = Artist.objects.names(rules)
    ruled = _with_rules(names, rules)
    ruled.sort(key=lambda artist: (artist.name.casefold(), artist.pk))
    found = _with_rules(_found(person, asked), rules)
    return MutedPage(Paginator(ruled, PAGE_SIZE).get_page(page), found)


def muted_artist(person: User, artist_id: int) -> RuledArtist:
    """Read one artist, as the one that stands for it.

    Only one's own, those with a rule, and those several people have: what few have is
    as unknown here as what nobody has. Raises ``Artist.DoesNotExist``.
    """
    artist = Artist.objects.select_related("same_as").get(pk=artist_id)
    stands = artist.same_as or artist
    rules = rules_of(person)
    group = Artist.objects.rows_of([stands.pk])
    if stands.pk not in rules and not (
        _own(person).filter(pk__in=group.values("pk")).exists()
        or group.known_here().exists()
    ):
        raise Artist.DoesNotExist
    return RuledArtist(stands.pk, stands.name, rules.get(stands.pk, UNMUTED))


def _with_rules(
    names: Mapping[int, str], rules: Mapping[int, Rule]
) -> list[RuledArtist]:
    return [RuledArtist(pk, name, rules.get(pk, UNMUTED)) for pk, name in names.items()]


def _own(person: User) -> ArtistQuerySet:
    """Rows of artists in a person's lists, from every source and of every track."""
    listed = TopArtist.objects.filter(person=person).values("artist")
    played = TopTrack.objects.filter(person=person).values("track__artist")
    return Artist.objects.filter(Q(pk__in=listed) | Q(pk__in=played))


def _found(person: User, asked: str) -> dict[int, str]:
    """Find artists by a part of any of their names: as those that stand, by id."""
    key = name_key(asked)
    if len(key) < _LEAST_TYPED:
        return {}
    named = Q(name_key__contains=key) | Q(same_as__name_key__contains=key)
    own = _own(person).filter(named).select_related("same_as").order_by("name_key")
    found = {row.pk: row.name for row in (one.same_as or one for one in own[:_FOUND])}
    if len(found) < _FOUND:
        known = Artist.objects.filter(named).known_here()[:_FOUND]
        found |= {pk: name for pk, name in known if pk not in found}
    return dict([*found.items()][:_FOUND])
