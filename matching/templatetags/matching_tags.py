"""What a page about one person shows of the viewer's match with them."""

from collections.abc import Collection
from typing import Any

from django import template
from django.urls import reverse

from accounts.models import Section, User
from matching import words
from matching.explanation import match_summary

register = template.Library()


@register.simple_tag
def match_strip(
    viewer: User, person: User, shown: Collection[Section]
) -> dict[str, Any] | None:
    """Return score, sentence and parts of two people, or None without a match.

    What artists they share is said where those are ``shown``.
    """
    if viewer.pk in (None, person.pk):
        return None
    summary = match_summary(viewer, person)
    if summary is None:
        return None
    shared = words.plural(len(summary.shared_artist_ids), "artist")
    shows_artists = Section.ARTISTS in shown
    return {
        "score": str(summary.score),
        "score_text": words.short_score(summary.score),
        "sentence": f"{shared} in common." if shows_artists else words.ARTISTS_KEPT,
        "url": reverse("matching:explanation", args=[person.handle]),
        "parts": words.bar(summary.parts),
    }
