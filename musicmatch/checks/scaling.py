"""What a site on several machines may be told wrongly."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.replicas import PRIMARY
from musicmatch.checks.common import TAG

_SERVER = "django.db.backends.postgresql"


@register(TAG)
def replicas_are_of_the_database(**_: Any) -> list[CheckMessage]:
    wanted = [PRIMARY, *settings.DATABASE_REPLICAS]
    engines = {settings.DATABASES[alias]["ENGINE"] for alias in wanted}
    if len(wanted) == 1 or engines == {_SERVER}:
        return []
    return [
        Error(
            "DATABASE_REPLICA_URLS names a database that is no copy of DATABASE_URL.",
            hint="Name streaming replicas of one PostgreSQL, or leave it empty.",
            id="musicmatch.E060",
        )
    ]


@register(TAG)
def replicas_are_others(**_: Any) -> list[CheckMessage]:
    places = [
        tuple(settings.DATABASES[alias].get(part) for part in ("HOST", "PORT", "NAME"))
        for alias in [PRIMARY, *settings.DATABASE_REPLICAS]
    ]
    if len(places) == len(set(places)):
        return []
    return [
        Error(
            "DATABASE_REPLICA_URLS names a database twice, or the one of DATABASE_URL.",
            hint="Name each replica once, at its own address.",
            id="musicmatch.E061",
        )
    ]


@register(TAG)
def machines_wait_a_while(**_: Any) -> list[CheckMessage]:
    if 0 <= settings.INDEX_SWITCH_SECONDS <= 86_400:
        return []
    return [
        Error(
            f"INDEX_SWITCH_SECONDS is {settings.INDEX_SWITCH_SECONDS}.",
            hint="Give seconds up to a day; 900 suits a few million people.",
            id="musicmatch.E062",
        )
    ]
