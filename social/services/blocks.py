"""Blocking and unblocking."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from social.models import Block


@transaction.atomic
def block_create(*, blocker: User, blocked: User, now: datetime) -> Block:
    """Hide two people from each other. Doing it twice is doing it once.

    Raises ``ValidationError`` for oneself.
    """
    if blocker.pk == blocked.pk:
        raise ValidationError("You cannot block yourself.", code="self")
    made, _ = Block.objects.get_or_create(
        blocker=blocker, blocked=blocked, defaults={"created_at": now}
    )
    return made


@transaction.atomic
def block_remove(*, blocker: User, blocked: User) -> None:
    """Take a block of one's own back."""
    Block.objects.filter(blocker=blocker, blocked=blocked).delete()
