"""Blocking and unblocking."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from social.models import Block, Connection
from social.services.pairs import NoSuchPerson, pair_lock


@transaction.atomic
def block_create(*, blocker: User, blocked: User, now: datetime) -> Block:
    """Hide two people from each other, in silence. Doing it twice is doing it once.

    What they asked each other and their connection end with it, and do not come back
    when the block is taken back. Raises ``ValidationError`` for oneself, and
    ``NoSuchPerson`` for who has left meanwhile.
    """
    if blocker.pk == blocked.pk:
        raise ValidationError("You cannot block yourself.", code="self")
    if len(pair_lock(blocker.pk, blocked.pk)) < 2:
        raise NoSuchPerson
    known = {"handle": blocked.handle or "", "name": blocked.display_name}
    Connection.objects.between(blocker.pk, blocked.pk).update(
        state=Connection.State.REMOVED, changed_at=now
    )
    made, _ = Block.objects.get_or_create(
        blocker=blocker, blocked=blocked, defaults={"created_at": now, **known}
    )
    return made


@transaction.atomic
def block_remove(*, blocker: User, blocked: User) -> None:
    """Take a block of one's own back."""
    Block.objects.filter(blocker=blocker, blocked=blocked).delete()
