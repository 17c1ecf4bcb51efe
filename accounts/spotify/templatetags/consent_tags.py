"""The notice about a consent at Spotify, for the pages that show it."""

from datetime import datetime

from django import template
from django.utils import timezone

from accounts.models import User
from accounts.spotify import consent

register = template.Library()


@register.simple_tag
def consent_notice(
    person: User, now: datetime | None = None
) -> consent.ConsentNotice | None:
    """Return what is to be said to this person, at most one query."""
    return consent.consent_notice(person_id=person.pk, now=now or timezone.now())
