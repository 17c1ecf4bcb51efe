"""What a page about one person shows of the viewer's match with them."""

from typing import Any

from django import template
from django.urls import reverse

from accounts.models import User
from matching import words
from matching.explanation import match_summary

register = template.Library()


@register.simple_tag
def match_strip(viewer: User, person: User) -> dict[str, Any] | None:
    """Return score, sentence and parts of two people, or None without a match."""
    if viewer.pk == person.pk:
        return None
    summary = match_summary(viewer, person)
    if summary is None:
        return None
    return {
        "score": str(summary.score),
        "score_text": words.short_score(summary.score),
        "sentence": words.plural(len(summary.shared_artist_ids), "artist")
        + " in common.",
        "url": reverse("matching:explanation", args=[person.handle]),
        "parts": words.bar(summary.parts),
    }
