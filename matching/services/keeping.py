"""What machines tell each other of their indexes, so that all change over at once.

Each machine has a folder of its own and builds into it. A new edition is built beside
the one in use; when every machine that is up has it, or has had time enough, it serves,
and each machine puts it in use within about a second. The database knows all of this;
the cache only says it sooner, and may be emptied at any time.
"""

import logging
import socket
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models.functions import Now
from redis.exceptions import RedisError

from matching import editions
from matching.engine.store import let_serve, waiting_about
from matching.models import Edition, Keeper
from matching.services.building import current_index, folder_name, oldest_watermark

logger = logging.getLogger(__name__)

# Folders are looked after every ten seconds; on a single machine, once a minute.
LIVE = timedelta(seconds=150)
_FORGOTTEN = timedelta(days=7)
_KEY = "index-edition"


def folder() -> Path:
    return Path(settings.INDEX_DIR)


def look() -> None:
    """Tell how this folder is, let an edition serve that all have, and put it in use.

    For who holds the lock of the folder.
    """
    _tell()
    _settle()
    serving = editions.serving()
    if serving is None:
        return
    _announce(serving.number)
    if _waits(serving) and not editions.is_under(current_index(), serving):
        let_serve(folder())
        logger.info("Edition %d serves.", serving.number)
        _tell()


def has_built(edition: Edition) -> bool:
    """Whether this folder has an index under an edition, in use or waiting."""
    return _waits(edition) or editions.is_under(current_index(), edition)


def _waits(edition: Edition) -> bool:
    about = waiting_about(folder())
    known = (about.get("edition"), about.get("built_at"))
    return known == (edition.number, edition.built_at.isoformat())


def announced() -> int | None:
    """The edition that serves, as far as the cache knows."""
    with suppress(RedisError, OSError):
        number: int | None = cache.get(_KEY)
        return number
    return None


def _announce(number: int) -> None:
    with suppress(RedisError, OSError):
        if cache.get(_KEY) != number:
            cache.set(_KEY, number, None)


def _tell() -> None:
    index, about = current_index(), waiting_about(folder())
    serves = index.edition if index else 0
    waits: Any = about.get("edition", 0)
    Keeper.objects.update_or_create(
        folder=folder_name(),
        defaults={
            "host": socket.gethostname()[:100],
            "version": editions.version(),
            "ready": max(serves, int(waits)),
            "serves": serves,
            "watermark": oldest_watermark(folder()),
            "seen_at": Now(),
        },
    )


def _settle() -> None:
    """Let the newest edition serve when no machine that is up still builds it."""
    newest = editions.newest()
    if newest is None or newest.serves_at is not None:
        return
    behind = Keeper.objects.seen_within(LIVE).filter(
        version=editions.version(), ready__lt=newest.number
    )
    waited = timedelta(seconds=settings.INDEX_SWITCH_SECONDS)
    mine = Edition.objects.filter(pk=newest.pk, serves_at__isnull=True)
    if behind.exists():
        mine = mine.filter(made_at__lte=Now() - waited)
    if mine.update(serves_at=Now()):
        logger.info("Edition %d serves from now on.", newest.number)
    Keeper.objects.filter(seen_at__lt=Now() - _FORGOTTEN).delete()


def keepers_live() -> list[Keeper]:
    """Machines whose folders were looked after just now."""
    live = Keeper.objects.seen_within(LIVE)
    return list(live.order_by("host", "folder"))
