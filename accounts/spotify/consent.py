"""When a consent at Spotify ends, and what people are told before and after."""

from calendar import monthrange
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet
from redis.exceptions import RedisError

from accounts.models import SpotifyGrant

_MONTHS = 6
_SOON_DAYS = 7
# How long it is believed that there is nothing to say.
_QUIET_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class ConsentNotice:
    """What is to be said of a consent: it ends soon, or has ended."""

    ends_at: datetime
    is_soon: bool
    has_ended: bool

    @property
    def kind(self) -> str:
        """Which banner: "" for the quiet one."""
        if self.has_ended:
            return "bad"
        return "warn" if self.is_soon else ""


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def consent_ends_at(authorized_at: datetime) -> datetime:
    """Six calendar months after the consent; no refresh moves it."""
    return _months_later(authorized_at, _MONTHS)


def consents_over(now: datetime) -> QuerySet[SpotifyGrant]:
    """Consents that have ended and whose tokens are still kept."""
    ended = SpotifyGrant.objects.filter(authorized_at__lte=_months_later(now, -_MONTHS))
    return ended.exclude(access_token="", refresh_token="")


def consent_notice(*, person_id: int, now: datetime) -> ConsentNotice | None:
    """Return what is to be said to a person now; None for nothing.

    Asks the database once, and not again for an hour where there is nothing to say.
    """
    key = f"consent-quiet:{person_id}"
    if not settings.SPOTIFY_CLIENT_ID or _is_quiet(key):
        return None
    grants = SpotifyGrant.objects.filter(person_id=person_id)
    row = grants.values_list("authorized_at", "state").first()
    notice = _notice(*row, now) if row else None
    if notice is None:
        with suppress(RedisError, OSError):
            cache.set(key, True, _QUIET_SECONDS)
    return notice


def _is_quiet(key: str) -> bool:
    """Whether nothing was to be said within the hour; no page waits for the cache."""
    with suppress(RedisError, OSError):
        return bool(cache.get(key))
    return False


def _notice(authorized_at: datetime, state: str, now: datetime) -> ConsentNotice | None:
    ends_at = consent_ends_at(authorized_at)
    has_ended = now >= ends_at or state == SpotifyGrant.State.NEEDS_RECONNECT
    if not has_ended and now < _months_later(authorized_at, _MONTHS - 1):
        return None
    is_soon = now >= ends_at - timedelta(days=_SOON_DAYS)
    return ConsentNotice(ends_at, is_soon, has_ended)
