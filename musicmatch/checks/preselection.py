"""The preselection of large communities has what it needs."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from matching import preselect
from musicmatch.checks.common import TAG


@register(TAG)
def preselect_is_known(**_: Any) -> list[CheckMessage]:
    if settings.MATCHING_PRESELECT in {"", "pgvector"}:
        return []
    return [
        Error(
            f"MATCHING_PRESELECT is {settings.MATCHING_PRESELECT!r}.",
            hint="Use pgvector, or leave it empty to compare everyone.",
            id="musicmatch.E011",
        )
    ]


@register(Tags.database)
def preselect_has_its_tables(
    databases: Collection[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Without its tables the preselection is off: a warning, for setup comes later."""
    if settings.MATCHING_PRESELECT != "pgvector" or not databases:
        return []
    missing = preselect.what_is_missing()
    if not missing:
        return []
    return [
        CheckWarning(
            f"MATCHING_PRESELECT is pgvector, and everyone is compared. {missing}",
            hint="On PostgreSQL with pgvector, run manage.py preselect_setup.",
            id="musicmatch.W012",
        )
    ]
