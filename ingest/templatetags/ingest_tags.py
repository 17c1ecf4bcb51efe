"""What a page about one person shows of their listening."""

from collections import Counter
from dataclasses import dataclass

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from ingest.credits import Thanked
from ingest.models import Source, TimeRange, TopArtist
from ingest.pages import SHOWN, spotify_url
from ingest.pages.doors import WayIn, open_ways
from ingest.sources.base import Door

register = template.Library()
_LONGEST_FIRST = (TimeRange.LONG, TimeRange.MEDIUM, TimeRange.SHORT)


@register.simple_tag
def ways_in(without: str = "") -> list[WayIn]:
    """Return every open door of this site, but one."""
    return open_ways(without=without)


@register.filter
def door_of(source: str) -> Door:
    """Return the door behind the key of a source."""
    return Source(source).door


@register.filter
def credited(thanked: Thanked) -> SafeString:
    """Name someone who is thanked, with the link they are owed."""
    credit = thanked.credit
    if credit is None:
        return format_html("{}", thanked.label)
    link = format_html('<a href="{}" rel="noopener">{}</a>', credit.url, credit.text)
    if credit.text == thanked.label:
        return link
    return format_html("{} ({})", thanked.label, link)


@dataclass(frozen=True, slots=True)
class NamedArtist:
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class TopList:
    """One list of one source: what different sources say is never mixed."""

    source: str
    artists: tuple[NamedArtist, ...]


@register.simple_tag
def top_artists_of(person: User) -> TopList | None:
    """Return a person's top artists: the longest range, the source that says most.

    Without those they muted, also to themselves: they see what others see.
    """
    rows = list(
        TopArtist.objects.of_used_sources()
        .unmuted()
        .filter(person=person)
        .order_by("rank", "source", "pk")
        .values_list("time_range", "source", "artist__name", "artist__spotify_id")
    )
    ranges = {time_range for time_range, *_ in rows}
    longest = next((r for r in _LONGEST_FIRST if r in ranges), None)
    if longest is None:
        return None
    rows = [row for row in rows if row[0] == longest]
    [(source, _)] = Counter(row[1] for row in rows).most_common(1)
    artists = [
        NamedArtist(name, spotify_url("artist", spotify_id, source))
        for _, of, name, spotify_id in rows
        if of == source
    ]
    return TopList(source, tuple(artists[:SHOWN]))
