"""Keep the index of this machine."""

import logging
import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from matching import services

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 10.0
_ASK_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Keep the index in this machine's DATA_DIR as the community is, until stopped:"
        " one beside the web (or the worker) of every machine. It shares nothing with"
        " other machines but the database and the cache, and may be killed at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="do what is due now, and end"
        )

    def handle(self, *, once: bool, **_: Any) -> None:
        if once:
            while services.index_keep(now=timezone.now()):
                pass
            return
        signal.signal(signal.SIGTERM, _end)
        while True:
            if not _kept():
                _wait()


def _kept() -> bool:
    """Look once; what is wrong now may be right at the next look."""
    close_old_connections()
    try:
        return services.index_keep(now=timezone.now())
    except services.BuildRunning:
        logger.info("Another process builds the index.")
    except OSError:
        logger.exception("The index cannot be written; the one before serves on.")
    except DatabaseError:
        logger.exception("The database cannot be asked; the index serves on.")
        connections.close_all()
    return False


def _wait() -> None:
    """Wait for the next look; less long where an edition is to be put in use."""
    known = services.edition_announced()
    until = time.monotonic() + _LOOK_SECONDS
    while time.monotonic() < until:
        time.sleep(_ASK_SECONDS)
        if services.edition_announced() != known:
            return


def _end(*_: object) -> None:
    sys.exit(0)
