"""Someone who leaves for good."""

from typing import Any

from django.dispatch import receiver

from accounts.signals import account_closing
from social.services import person_leave


@receiver(account_closing, dispatch_uid="social.person_leaves")
def leave(person_id: int, **_: Any) -> None:
    person_leave(person_id=person_id)
