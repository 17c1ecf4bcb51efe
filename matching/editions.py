"""Editions: the community's statistics as the database hands them to every machine."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models.functions import Now

from matching import engine
from matching.engine.constants import FORMAT_VERSION
from matching.engine.store import flatten, rebuild
from matching.models import Edition, EditionPart

# What one row holds; a community of a million has some dozens of them.
_PART = 1024 * 1024
_AT_ONCE = 8
_KEPT = 2
_KEPT_FOR_OTHERS = timedelta(days=7)


def version() -> str:
    """What tells editions of this program from those of another release."""
    return f"{FORMAT_VERSION}.{engine.SCORE_VERSION}"


def newest() -> Edition | None:
    return Edition.objects.of(version()).last()


def serving() -> Edition | None:
    """The edition every machine is to answer by."""
    return Edition.objects.of(version()).serving().last()


@transaction.atomic
def edition_publish(index: engine.Index, *, now: datetime) -> Edition:
    """Hand the statistics of an index to every machine; the first one serves at once.

    Of the editions before, those nobody has to build any more are forgotten.
    """
    about, arrays = _laid_out(index.statistics.content)
    digest = hashlib.sha256()
    edition = Edition.objects.create(
        version=version(),
        built_at=index.built_at,
        watermark=index.watermark,
        people=index.statistics.content.people,
        about=about,
        made_at=Now(),
        serves_at=None if serving() else now,
    )
    rows: list[EditionPart] = []
    for place, data in enumerate(_parts(arrays)):
        digest.update(data)
        rows.append(EditionPart(edition=edition, place=place, data=data))
        if len(rows) == _AT_ONCE:
            EditionPart.objects.bulk_create(rows)
            rows.clear()
    EditionPart.objects.bulk_create(rows)
    edition.digest = digest.hexdigest()
    edition.save(update_fields=["digest"])
    _forget_old(now)
    return edition


def _laid_out(statistics: engine.Statistics) -> tuple[dict[str, Any], list[np.ndarray]]:
    flat = flatten(statistics)
    kept = {key: np.ascontiguousarray(v) for key, v in flat.items() if _is_array(v)}
    about = {
        "arrays": [[key, a.dtype.str, list(a.shape)] for key, a in kept.items()],
        "values": {key: v for key, v in flat.items() if key not in kept},
    }
    return about, list(kept.values())


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _parts(arrays: list[np.ndarray]) -> Iterator[bytes]:
    for array in arrays:
        data = array.tobytes()
        for start in range(0, len(data), _PART):
            yield data[start : start + _PART]


def _forget_old(now: datetime) -> None:
    """Keep the newest two and the one that serves; of another release for a week."""
    mine = Edition.objects.of(version())
    kept = list(mine.values_list("number", flat=True))[-_KEPT:]
    if last := mine.serving().last():
        kept.append(last.number)
    mine.exclude(number__in=kept).delete()
    others = Edition.objects.exclude(version=version())
    others.filter(made_at__lt=now - _KEPT_FOR_OTHERS).delete()


def statistics_of(edition: Edition) -> engine.Statistics:
    """Read an edition's statistics; ``engine.IndexCorrupt`` when they are not whole."""
    parts = EditionPart.objects.filter(edition=edition).order_by("place")
    data = b"".join(bytes(part) for part in parts.values_list("data", flat=True))
    if hashlib.sha256(data).hexdigest() != edition.digest:
        raise engine.IndexCorrupt(f"{edition} is not what was published.")
    flat: dict[str, Any] = dict(edition.about["values"])
    start = 0
    for key, kind, shape in edition.about["arrays"]:
        dtype = np.dtype(kind)
        count = int(np.prod(shape, dtype=np.int64))
        flat[key] = np.frombuffer(data, dtype, count, start).reshape(shape)
        start += count * dtype.itemsize
    statistics: engine.Statistics = rebuild(engine.Statistics, flat)
    return statistics


def is_under(index: engine.Index | None, edition: Edition | None) -> bool:
    """Whether an index measures people under this edition.

    The moment is compared too: a database from a backup gives numbers a second time.
    """
    return (
        index is not None
        and edition is not None
        and (index.edition, index.built_at) == (edition.number, edition.built_at)
    )
