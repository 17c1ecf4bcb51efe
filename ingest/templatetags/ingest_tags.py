"""What a page about one person shows of their listening."""

from django import template

from accounts.models import User
from ingest.models import TimeRange, TopArtist

register = template.Library()


@register.simple_tag
def top_artists_of(person: User, limit: int = 20) -> list[str]:
    """Return names of a person's top artists, from the longest range they have."""
    rows = list(
        TopArtist.objects.filter(person=person)
        .order_by("rank", "source", "pk")
        .values_list("time_range", "artist__name")
    )
    for time_range in (TimeRange.LONG, TimeRange.MEDIUM, TimeRange.SHORT):
        names = dict.fromkeys(name for r, name in rows if r == time_range)
        if names:
            return list(names)[:limit]
    return []
