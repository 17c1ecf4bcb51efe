"""A new consent at Spotify starts an import."""

from datetime import datetime, timedelta
from typing import Any

from django.dispatch import receiver

from accounts.signals import spotify_connected
from ingest.models import Source
from ingest.services import run_queue, source_link

# Someone who signs in twice in a row has nothing new to import.
_FRESH = timedelta(minutes=10)


@receiver(spotify_connected, dispatch_uid="ingest.import_after_consent")
def import_after_consent(person_id: int, now: datetime, **_: Any) -> None:
    link = source_link(person_id=person_id, source=Source.SPOTIFY, now=now)
    if link.latest_import_at is None or now - link.latest_import_at > _FRESH:
        run_queue(person_id=person_id, source=Source.SPOTIFY, now=now)
