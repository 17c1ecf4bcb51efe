"""Carrying an import on: one worker's turn at one run."""

import logging
import uuid

from ingest.models import Source
from ingest.services import doors
from ingest.services.exports import ExportTurn
from ingest.services.fetching import FetchTurn
from ingest.services.turns import Clock, RunLost, claim
from ingest.sources.base import Way

logger = logging.getLogger(__name__)


def run_advance(*, run_id: uuid.UUID, clock: Clock) -> float | None:
    """Carry a run on as far as it goes now.

    Returns the seconds after which to come again, or None when it ended, waits
    longer than a minute, or is in other hands. Never sleeps.
    """
    run = claim(run_id, clock())
    if run is None:
        return None
    try:
        if Source(run.source).door.way is Way.UPLOAD:
            return ExportTurn(run, clock).take()
        with doors.session() as session:
            return FetchTurn(run, clock, session).take()
    except RunLost:
        logger.info("Import %s is in other hands.", run_id)
        return None
