"""Tags and filters of the look, loaded into every template as builtins.

They know words, numbers and colours, and nothing of the apps.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, urlize
from django.utils.safestring import SafeString

register = template.Library()

TONES = 8

_UNITS = (
    ("year", timedelta(days=365)),
    ("month", timedelta(days=30)),
    ("week", timedelta(days=7)),
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)


@register.filter
def tone(name: str | None) -> str:
    """Return the class, ``tone-0`` to ``tone-7``, a name always has."""
    return f"tone-{zlib.crc32((name or '').encode()) % TONES}"


@register.filter
def initials(name: str | None) -> str:
    """Return one or two capitals for a name: "Ana Lima" is AL, "ana" is A."""
    words = (name or "").replace("_", " ").split()
    letters = [next((c for c in word if c.isalnum()), "") for word in words]
    found = [letter for letter in letters if letter]
    if len(found) > 1:
        return (found[0] + found[-1]).upper()
    return found[0].upper() if found else "?"


def time_in_words(moment: datetime, now: datetime) -> str:
    """Say how far a moment is from now in one unit: "3 hours ago", "in 2 days"."""
    distance = abs(now - moment)
    for unit, length in _UNITS:
        count = distance // length
        if count:
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if moment > now else f"{words} ago"
    return "in a moment" if moment > now else "just now"


def exact_time(moment: datetime) -> str:
    """Say a moment to the minute in the reader's time zone."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y, %H:%M %Z}"


@register.simple_tag
def time_tag(moment: datetime) -> SafeString:
    """Render ``<time>``: words to read, the exact moment in its title."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        exact_time(moment),
        time_in_words(moment, timezone.now()),
    )


@register.simple_tag
def clock_tag(moment: datetime) -> SafeString:
    """Render ``<time>`` as a clock time today or tomorrow, else as a date."""
    local = timezone.localtime(moment)
    days = (local.date() - timezone.localtime().date()).days
    clock = f"{local:%H:%M}"
    near = {0: clock, 1: f"tomorrow at {clock}"}
    words = near.get(days, f"{local.day} {local:%B} at {clock}")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        exact_time(moment),
        words,
    )


@register.filter
def typed_text(text: str) -> SafeString:
    """Show what a person typed: escaped, its links and line breaks kept."""
    linked = urlize(text, nofollow=True, autoescape=True)
    # In escaped text only urlize itself writes this attribute.
    ours = linked.replace(' rel="nofollow"', ' rel="nofollow ugc noopener"')
    return SafeString(ours.replace("\n", "<br>"))


@register.filter
def percent(share: float) -> str:
    """Print a share of 0 to 100 as whole per cent, small ones as "under 1 %"."""
    if 0 < share < 1:
        return "under 1 %"
    return f"{share:.0f} %"


@register.filter
def points(value: str | float) -> str:
    """Print points with one decimal and a true minus sign."""
    return f"{float(value):.1f}".replace("-", "−")


@register.filter
def at_least(value: float, floor: float) -> float:
    """Return the larger of two numbers."""
    return max(value, floor)


@register.filter
def at_most(value: float, ceiling: float) -> float:
    """Return the smaller of two numbers."""
    return min(value, ceiling)


@register.filter
def bar_label(parts: Iterable[Mapping[str, Any]]) -> str:
    """Say a bar of points in words: "Shared artists: 41.6 points; Genres: …"."""
    said = (f"{part['label']}: {points(part['points'])} points" for part in parts)
    return "; ".join(said) or "No points yet"


@register.filter
def bar_rects(parts: Iterable[Mapping[str, Any]]) -> SafeString:
    """Draw the parts of a bar of points; in one go, since a list has many bars."""
    # Kinds and numbers of our own, nothing a person wrote.
    return SafeString(
        "".join(
            f'<rect class="scorebar__part part--{part["kind"]}"'
            f' fill="url(#part-{part["kind"]})" x="{part["x"]}%"'
            f' width="{part["width"]}%" height="12" />'
            for part in parts
            if part["width"]
        )
    )
