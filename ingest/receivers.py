"""A new consent at Spotify starts an import; one that ended is said on the source."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from accounts.replicas import wrote
from accounts.signals import (
    account_closing,
    spotify_account_changed,
    spotify_connected,
    spotify_revoked,
)
from ingest.models import Source
from ingest.services import (
    run_queue,
    source_forget,
    source_link,
    source_refused,
    sources_forget,
)
from ingest.signals import listening_changed

# Someone who signs in twice in a row has nothing new to import.
_FRESH = timedelta(minutes=10)


@receiver(spotify_connected, dispatch_uid="ingest.import_after_consent")
def import_after_consent(person_id: int, now: datetime, **_: Any) -> None:
    link = source_link(person_id=person_id, source=Source.SPOTIFY, now=now)
    if link.latest_import_at is None or now - link.latest_import_at > _FRESH:
        run_queue(person_id=person_id, source=Source.SPOTIFY, now=now)


@receiver(spotify_account_changed, dispatch_uid="ingest.forget_former_account")
def forget_former_account(person_id: int, now: datetime, **_: Any) -> bool:
    return source_forget(person_id=person_id, source=Source.SPOTIFY, now=now)


@receiver(spotify_revoked, dispatch_uid="ingest.ask_to_reconnect")
def ask_to_reconnect(person_id: int, **_: Any) -> None:
    source_refused(person_id=person_id, source=Source.SPOTIFY)


@receiver(account_closing, dispatch_uid="ingest.forget_sources")
def forget_sources(person_id: int, **_: Any) -> None:
    sources_forget(person_id=person_id)


@receiver(listening_changed, dispatch_uid="ingest.show_what_was_imported")
def show_what_was_imported(person_id: int, **_: Any) -> None:
    """What a worker has just written is on the next page, however far a replica is."""
    transaction.on_commit(partial(wrote, person_id), robust=True)
