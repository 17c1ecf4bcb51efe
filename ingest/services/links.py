"""Connecting a source, switching it off and on, and leaving it."""

import uuid
from collections.abc import Collection
from datetime import datetime
from functools import partial, reduce
from operator import or_

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from accounts.keeping import SPOTIFY_UNREFRESHED
from accounts.spotify.services import grant_delete
from ingest.models import (
    ImportRun,
    Listen,
    ListeningMonth,
    Source,
    SourceLink,
    TopArtist,
    TopTrack,
)
from ingest.services import words
from ingest.services.echoes import echoes_mark
from ingest.signals import listening_changed


class SourceUnknown(Exception):
    """There is no such source, or this person does not use it."""


@transaction.atomic
def source_link(
    *, person_id: int, source: Source, now: datetime, user_name: str = ""
) -> SourceLink:
    """Note that a person uses a source from now on, or again.

    Where it is another profile than before, what the former one gave is deleted.
    """
    if user_name:
        profile_leave(person_id=person_id, source=source, new_name=user_name, now=now)
    changes: dict[str, object] = {"state": SourceLink.State.CONNECTED, "reason": ""}
    if user_name:
        changes["user_name"] = user_name
    link, _ = SourceLink.objects.update_or_create(
        person_id=person_id,
        source=source,
        defaults=changes,
        create_defaults={**changes, "connected_at": now},
    )
    return link


@transaction.atomic
def profile_leave(
    *, person_id: int, source: Source, new_name: str, now: datetime
) -> str:
    """Delete what another profile than this one gave.

    Returns that one's name, "" where there was none.
    """
    link = _locked(person_id, source)
    former = link.user_name if link else ""
    if link is None or former.casefold() in {"", new_name.casefold()}:
        return ""
    _forget(link)
    _tell(person_id, now)
    return former


@transaction.atomic
def source_forget(*, person_id: int, source: Source, now: datetime) -> bool:
    """Delete what a source gave, for another account of it comes; False for nothing."""
    link = _locked(person_id, source)
    if link is None:
        return False
    _forget(link)
    _tell(person_id, now)
    return True


def source_refused(*, person_id: int, source: Source) -> None:
    """Ask the person to connect a source anew; what it gave stays."""
    reason = words.RECONNECT.replace("{service}", source.label)
    links = SourceLink.objects.filter(person_id=person_id, source=source)
    links.update(state=SourceLink.State.NEEDS_RECONNECT, reason=reason)


@transaction.atomic
def source_use(
    *, person_id: int, source: Source, is_used: bool, now: datetime
) -> SourceLink:
    """Switch a source off, or on again: it keeps everything and leaves the taste.

    Raises :class:`SourceUnknown`.
    """
    link = _locked(person_id, source)
    if link is None:
        raise SourceUnknown
    if link.is_used != is_used:
        link.is_used = is_used
        link.save(update_fields=["is_used"])
        _tell(person_id, now)
    return link


@transaction.atomic
def source_disconnect(
    *, person_id: int, source: Source, now: datetime
) -> dict[str, int]:
    """Delete everything a source gave of a person, its tokens included.

    Returns how many rows of each kind were deleted. Raises :class:`SourceUnknown`.
    """
    if source == Source.SPOTIFY:
        # First, in the order in which a consent comes: tokens, then the link.
        grant_delete(person_id=person_id)
    link = _locked(person_id, source)
    if link is None:
        raise SourceUnknown
    deleted = _forget(link)
    _tell(person_id, now)
    return deleted


def links_unrefreshed(now: datetime) -> QuerySet[SourceLink]:
    """Links to the Spotify API whose listening is too old to be kept any longer."""
    of_link = {"person": OuterRef("person"), "source": OuterRef("source")}
    kept = [
        Exists(model._default_manager.filter(**of_link))
        for model in (TopArtist, TopTrack, Listen)
    ]
    return SourceLink.objects.annotate(
        refreshed_at=Coalesce("latest_import_at", "connected_at")
    ).filter(
        reduce(or_, kept),
        source=Source.SPOTIFY,
        refreshed_at__lt=now - SPOTIFY_UNREFRESHED,
    )


@transaction.atomic
def link_empty(*, link_id: int, now: datetime) -> bool:
    """Delete what a source gave that could not be read anew; the link itself stays.

    Returns False where an import came meanwhile.
    """
    # Locked: an import that is writing now ends first.
    rows = SourceLink.objects.select_for_update()
    link = rows.filter(pk__in=links_unrefreshed(now).filter(pk=link_id)).first()
    if link is None:
        return False
    for model in (TopArtist, TopTrack, Listen):
        mine = model._default_manager.filter(
            person_id=link.person_id, source=link.source
        )
        mine.delete()
    _tell(link.person_id, now)
    return True


@transaction.atomic
def sources_forget(*, person_id: int) -> None:
    """Delete what every source gave of someone who leaves, with tokens and files."""
    grant_delete(person_id=person_id)
    links = SourceLink.objects.select_for_update().filter(person_id=person_id)
    for link in links.order_by("pk"):
        _forget(link)


def _locked(person_id: int, source: Source) -> SourceLink | None:
    """Lock a link: an import that is writing now ends first, a later one is lost."""
    links = SourceLink.objects.select_for_update()
    return links.filter(person_id=person_id, source=source).first()


def _forget(link: SourceLink) -> dict[str, int]:
    """Delete a link with all that came by it; says how many rows of each kind."""
    mine = {"person_id": link.person_id, "source": link.source}
    runs = ImportRun.objects.filter(**mine)
    ids = list(runs.values_list("pk", flat=True))
    runs.delete()
    deleted = {
        "artists": TopArtist.objects.filter(**mine).delete()[0],
        "tracks": TopTrack.objects.filter(**mine).delete()[0],
        "listens": Listen.objects.filter(**mine).delete()[0],
        "months": ListeningMonth.objects.filter(**mine).delete()[0],
    }
    link.delete()
    transaction.on_commit(partial(_forget_files, ids))
    return deleted


def _forget_files(run_ids: Collection[uuid.UUID]) -> None:
    from ingest.services.uploads import upload_forget

    for run_id in run_ids:
        upload_forget(run_id)


def _tell(person_id: int, now: datetime) -> None:
    """Say that other listening counts now, here and to the layers above."""
    echoes_mark(person_id=person_id)
    listening_changed.send(sender=SourceLink, person_id=person_id, now=now)
