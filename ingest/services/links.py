"""Connecting a source and leaving it."""

from datetime import datetime

from django.db import transaction

from accounts.spotify.services import grant_delete
from ingest.models import ImportRun, Listen, Source, SourceLink, TopArtist, TopTrack
from ingest.signals import listening_changed


class SourceUnknown(Exception):
    """There is no such source, or this person does not use it."""


@transaction.atomic
def source_link(*, person_id: int, source: Source, now: datetime) -> SourceLink:
    """Note that a person uses a source from now on, or again."""
    link, _ = SourceLink.objects.update_or_create(
        person_id=person_id,
        source=source,
        defaults={"state": SourceLink.State.CONNECTED, "reason": ""},
        create_defaults={"connected_at": now},
    )
    return link


@transaction.atomic
def source_disconnect(
    *, person_id: int, source: Source, now: datetime
) -> dict[str, int]:
    """Delete everything a source gave of a person, its tokens included.

    Returns how many rows of each kind were deleted. Raises :class:`SourceUnknown`.
    """
    # Locked: an import that is writing now ends first, one that comes later finds
    # nothing to write to.
    locked = SourceLink.objects.select_for_update()
    link = locked.filter(person_id=person_id, source=source).first()
    if link is None:
        raise SourceUnknown
    mine = {"person_id": person_id, "source": source}
    ImportRun.objects.filter(**mine).delete()
    deleted = {
        "artists": TopArtist.objects.filter(**mine).delete()[0],
        "tracks": TopTrack.objects.filter(**mine).delete()[0],
        "listens": Listen.objects.filter(**mine).delete()[0],
    }
    link.delete()
    if source == Source.SPOTIFY:
        grant_delete(person_id=person_id)
    listening_changed.send(sender=SourceLink, person_id=person_id, now=now)
    return deleted
