"""What workers do between people: one service each."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from social import services
from social.delivery import Busy
from social.models import Topic


# Tried again for about half an hour; no wait is longer than the queue waits for a
# worker before it gives a task to another.
@shared_task(
    autoretry_for=(Busy,),
    retry_backoff=30,
    retry_backoff_max=480,
    retry_jitter=True,
    max_retries=10,
)
def mail_task(*, topic: str, subject_id: int, **_: Any) -> None:
    """Send one mail if it is still wanted; done twice, it is sent once."""
    services.mail_send(topic=Topic(topic), subject_id=subject_id, now=timezone.now())


@shared_task
def lift_suspensions_task(**_: Any) -> None:
    """End what moderators decided until a time that has come."""
    services.suspensions_lift(now=timezone.now())
