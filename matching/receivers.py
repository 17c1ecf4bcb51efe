"""What changes a taste, told by the layers below."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.signals import visibility_changed
from ingest.signals import artists_changed, listening_changed
from matching.models import Taste
from matching.services import listeners_refresh, taste_changed, taste_departed
from matching.tasks import refresh_listeners_task


@receiver(listening_changed, dispatch_uid="matching.listening_changed")
@receiver(visibility_changed, dispatch_uid="matching.visibility_changed")
def refresh_taste(person_id: int, now: datetime, **_: Any) -> None:
    taste_changed(person_id=person_id, now=now)


@receiver(artists_changed, dispatch_uid="matching.artists_changed")
def refresh_listeners(artist_ids: Sequence[int], now: datetime, **_: Any) -> None:
    """The first hundred at once, so that most sites are never of two minds."""
    after = listeners_refresh(artist_ids=artist_ids, now=now)
    if after is not None:
        task = partial(
            refresh_listeners_task.delay, artist_ids=list(artist_ids), after=after
        )
        transaction.on_commit(task, robust=True)


@receiver(post_save, sender=User, dispatch_uid="matching.person_saved_whole")
def refresh_after_admin(
    instance: User, created: bool, update_fields: Any, **_: Any
) -> None:
    """The admin site saves whole rows: someone may be suspended or paused by it.

    Services name the fields they save, and send their own signals.
    """
    if not created and update_fields is None:
        taste_changed(person_id=instance.pk, now=timezone.now())


@receiver(pre_delete, sender=User, dispatch_uid="matching.person_leaves")
def lock_person(instance: User, **_: Any) -> None:
    """Lock the person before the sequence of changes, as every other writer does."""
    User.objects.select_for_update().filter(pk=instance.pk).first()


@receiver(post_delete, sender=Taste, dispatch_uid="matching.taste_deleted")
def note_departure(instance: Taste, **_: Any) -> None:
    taste_departed(person_id=instance.person_id)
