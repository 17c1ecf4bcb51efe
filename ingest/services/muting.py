"""Leaving an artist out of one's taste, or out of what others read."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from ingest.models import Artist, MutedArtist
from ingest.signals import listening_changed

MOST_MUTED = 500


class TooManyMuted(Exception):
    """There is no room for one more; the message says so, for people to read."""


@transaction.atomic
def artist_mute(
    *,
    person_id: int,
    artist_id: int,
    now: datetime,
    is_counted: bool | None = None,
    is_shown: bool | None = None,
) -> None:
    """Decide whether an artist counts for a person, and whether others see it there.

    None leaves that as it is. With both the artist is like any other again. Saying the
    same twice changes nothing. Raises ``Artist.DoesNotExist``, :class:`TooManyMuted`.
    """
    # Before the taste is computed, which locks the person too.
    User.objects.select_for_update(no_key=True).get(pk=person_id)
    artist = Artist.objects.get(pk=artist_id)
    stands = artist.same_as_id or artist.pk
    mine = MutedArtist.objects.of([person_id])
    rules = mine.filter(artist__in=Artist.objects.rows_of([stands]))
    before = (
        not rules.filter(is_counted=False).exists(),
        not rules.filter(is_shown=False).exists(),
    )
    after = (
        before[0] if is_counted is None else is_counted,
        before[1] if is_shown is None else is_shown,
    )
    if after == before:
        return
    if all(after):
        rules.delete()
    else:
        if all(before) and mine.count() >= MOST_MUTED:
            raise TooManyMuted(
                f"You have left out {MOST_MUTED} artists, which is as many as can be"
                " kept. Take one back first."
            )
        wanted = {"is_counted": after[0], "is_shown": after[1]}
        rules.update(**wanted)
        mine.get_or_create(
            person_id=person_id,
            artist_id=stands,
            defaults={**wanted, "created_at": now},
        )
    listening_changed.send(sender=MutedArtist, person_id=person_id, now=now)
