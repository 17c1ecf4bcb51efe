"""What all questions about artists share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q

from ingest.services.lookups import memory, picking
from ingest.services.lookups.picking import DueArtist, Question
from ingest.services.lookups.turn import Ask

Answer = TypeVar("Answer")


class ArtistAsk(Ask[DueArtist, Answer]):
    """A question about artists; ``can`` are those it may be asked about."""

    can: Q

    def pick(
        self, *, ahead: Sequence[Ask[Any, Any]], now: datetime, limit: int
    ) -> list[DueArtist]:
        first = [Question(a.key, a.can) for a in ahead if isinstance(a, ArtistAsk)]
        return picking.due_artists(
            Question(self.key, self.can), ahead=first, now=now, limit=limit
        )

    def keep_failure(self, items: Sequence[DueArtist], *, now: datetime) -> None:
        memory.failures_keep(self.key, [item.pk for item in items], now=now)
