"""Keeping a person's consent at Spotify alive, and ending it."""

import logging
from datetime import datetime, timedelta

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from accounts import gate
from accounts.models import SpotifyGrant, User
from accounts.signals import spotify_connected
from accounts.spotify import tokens

SERVICE = "spotify"
_LOCK_SECONDS = 30

logger = logging.getLogger(__name__)


class GrantMissing(Exception):
    """This person has not connected Spotify."""


class RefreshBusy(Exception):
    """Another worker refreshes this grant right now."""


@transaction.atomic
def grant_store(
    *,
    person: User,
    access_token: str,
    refresh_token: str,
    expires_at: datetime | None,
    scopes: str,
    now: datetime,
) -> SpotifyGrant:
    """Keep what a sign-in or a connection brought, and tell the layers above.

    A consent without a refresh token leaves the one we have in place.
    """
    earlier = SpotifyGrant.objects.filter(person=person).first()
    grant, _ = SpotifyGrant.objects.update_or_create(
        person=person,
        defaults={
            "access_token": access_token,
            "refresh_token": refresh_token
            or (earlier.refresh_token if earlier else ""),
            "scopes": scopes or " ".join(settings.SPOTIFY_SCOPES),
            "authorized_at": now,
            "expires_at": expires_at or now + timedelta(hours=1),
            "refreshed_at": None,
            "state": SpotifyGrant.State.ACTIVE,
        },
    )
    spotify_connected.send(sender=SpotifyGrant, person_id=person.pk, now=now)
    return grant


def grant_access_token(
    *, person_id: int, now: datetime, must_refresh: bool = False
) -> str:
    """Return an access token that is good for a minute at least.

    Raises :class:`GrantMissing`, :class:`RefreshBusy`, ``gate.GateClosed`` or a
    :class:`tokens.TokenError`. A revoked grant is marked; it is never tried again.
    """
    grant = SpotifyGrant.objects.filter(person_id=person_id).first()
    if grant is None:
        raise GrantMissing
    if grant.state == SpotifyGrant.State.NEEDS_RECONNECT:
        raise tokens.GrantRevoked("needs to be connected again")
    if grant.is_fresh(now) and not must_refresh:
        return grant.access_token
    lock = f"spotify-refresh:{person_id}"
    if not cache.add(lock, 1, _LOCK_SECONDS):
        raise RefreshBusy
    try:
        return _refresh(grant, now)
    finally:
        cache.delete(lock)


def _refresh(stale: SpotifyGrant, now: datetime) -> str:
    """Refresh under the lock. The row is read again: the last holder may have done it.

    A consent given meanwhile (another ``authorized_at``) is never overwritten.
    """
    grant = SpotifyGrant.objects.get(pk=stale.pk)
    if grant.refreshed_at != stale.refreshed_at and grant.is_fresh(now):
        return grant.access_token
    mine = SpotifyGrant.objects.filter(pk=grant.pk, authorized_at=grant.authorized_at)
    if not grant.refresh_token:
        mine.update(state=SpotifyGrant.State.NEEDS_RECONNECT)
        raise tokens.GrantRevoked("no refresh token")
    gate.enter(SERVICE, now=now, gap_ms=0)
    try:
        fresh = tokens.request_refresh(grant.refresh_token)
    except tokens.GrantRevoked:
        mine.update(
            state=SpotifyGrant.State.NEEDS_RECONNECT, access_token="", refresh_token=""
        )
        raise
    except tokens.AppRefused:
        logger.error("Spotify refuses this site's client id or secret.")
        raise
    except tokens.TokenRateLimited as error:
        gate.close(
            SERVICE, now=now, retry_after=error.retry_after, is_quota=error.is_quota
        )
        raise
    mine.update(
        access_token=fresh.access_token,
        refresh_token=fresh.refresh_token or grant.refresh_token,
        scopes=fresh.scope or grant.scopes,
        expires_at=now + timedelta(seconds=fresh.expires_in),
        refreshed_at=now,
    )
    return fresh.access_token


@transaction.atomic
def grant_delete(*, person_id: int) -> None:
    """Forget the tokens and the account at Spotify they belong to."""
    SpotifyGrant.objects.filter(person_id=person_id).delete()
    SocialAccount.objects.filter(user_id=person_id, provider=SERVICE).delete()
