"""Signing people out everywhere."""

from collections.abc import Collection

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session


def sessions_end(person_ids: Collection[int]) -> None:
    """Delete every session of these people.

    Whose a session is stands in its sealed data, so each one is opened.
    """
    ids = {str(pk) for pk in person_ids}
    ended = [
        session.pk
        for session in Session.objects.iterator()
        if session.get_decoded().get(SESSION_KEY) in ids
    ]
    Session.objects.filter(pk__in=ended).delete()
