"""What changes a taste, told by the layers below."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.signals import visibility_changed
from ingest.signals import listening_changed
from matching.services import taste_refresh


@receiver(listening_changed, dispatch_uid="matching.listening_changed")
@receiver(visibility_changed, dispatch_uid="matching.visibility_changed")
def refresh_taste(person_id: int, now: datetime, **_: Any) -> None:
    taste_refresh(person_id=person_id, now=now)
