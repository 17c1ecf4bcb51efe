"""Counting what leaves the site, and what ends in it, by what the apps tell."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.signals import spotify_called
from ingest.signals import run_finished
from ingest.sources import http
from musicmatch.watching import metrics
from social.models import Connection, Message

_SERVICES = ("spotify", "listenbrainz", "lastfm", "musicbrainz", "reccobeats")


def count_calls() -> None:
    """Have every call of a source counted from now on."""
    if _note_call not in http.watchers:
        http.watchers.append(_note_call)


def _note_call(url: str, status: int | None, seconds: float) -> None:
    metrics.called(service_of(url), status, seconds)


def service_of(url: str) -> str:
    """Name the service an address is of, as the settings say where each is."""
    for name in _SERVICES:
        setting = "SPOTIFY_API_URL" if name == "spotify" else f"{name.upper()}_URL"
        root = str(getattr(settings, setting, ""))
        if root and url.startswith(root):
            return name
    return "other"


@receiver(spotify_called, dispatch_uid="count_spotify")
def count_spotify(status: int | None, seconds: float, **_: Any) -> None:
    metrics.called("spotify", status, seconds)


@receiver(run_finished, dispatch_uid="count_run")
def count_run(source: str, kind: str, state: str, **_: Any) -> None:
    metrics.import_finished(source, kind, state)


@receiver(post_save, sender=Message, dispatch_uid="count_message")
@receiver(post_save, sender=Connection, dispatch_uid="count_connection")
def count_written(sender: type[Any], created: bool, **_: Any) -> None:
    if created:
        what = "message" if sender is Message else "request"
        transaction.on_commit(lambda: metrics.written(what))
