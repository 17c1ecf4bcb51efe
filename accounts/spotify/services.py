"""Keeping a person's consent at Spotify, and access tokens made from it."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from accounts import gate
from accounts.fields import CannotDecrypt
from accounts.models import ServiceGate, SpotifyGrant, User
from accounts.signals import spotify_connected, spotify_revoked
from accounts.spotify import tokens
from accounts.spotify.consent import consents_over

SERVICE = "spotify"
_LOCK_SECONDS = 60

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
    values: dict[str, Any] = {
        "access_token": access_token,
        "scopes": scopes or " ".join(settings.SPOTIFY_SCOPES),
        "authorized_at": now,
        "expires_at": expires_at or now + timedelta(hours=1),
        "refreshed_at": None,
        "state": SpotifyGrant.State.ACTIVE,
    }
    if refresh_token:
        values["refresh_token"] = refresh_token
    # Deferred: old tokens that no key opens must not stand in the way of new ones.
    grants = SpotifyGrant.objects.defer("access_token", "refresh_token")
    grant, _ = grants.update_or_create(person=person, defaults=values)
    spotify_connected.send(sender=SpotifyGrant, person_id=person.pk, now=now)
    return grant


def grant_access_token(
    *, person_id: int, now: datetime, must_refresh: bool = False
) -> str:
    """Return an access token that is good for a minute at least.

    Raises :class:`GrantMissing`, :class:`RefreshBusy`, ``gate.GateClosed`` (a 429
    closes the gate) or a :class:`tokens.TokenError`. A revoked grant is marked and
    its tokens are discarded; it is never tried again.
    """
    grant = _read(person_id, now)
    if grant.is_fresh(now) and not must_refresh:
        return grant.access_token
    with _one_at_a_time(person_id):
        return _refresh(grant, now)


def _read(person_id: int, now: datetime) -> SpotifyGrant:
    """Return a grant that can be used.

    Tokens that no key opens stay where they are, in case the host finds the key.
    """
    grants = SpotifyGrant.objects.filter(person_id=person_id)
    try:
        grant = grants.first()
    except CannotDecrypt as error:
        logger.error("No key opens the Spotify tokens of person %s.", person_id)
        with transaction.atomic():
            grants.update(state=SpotifyGrant.State.NEEDS_RECONNECT)
            _tell_revoked(person_id, now)
        raise tokens.GrantRevoked("no key opens the tokens") from error
    if grant is None:
        raise GrantMissing
    if grant.state == SpotifyGrant.State.NEEDS_RECONNECT:
        raise tokens.GrantRevoked("needs to be connected again")
    return grant


@contextmanager
def _one_at_a_time(person_id: int) -> Iterator[None]:
    """Hold the lock of one person's refresh; raises :class:`RefreshBusy`."""
    key, mine = f"spotify-refresh:{person_id}", secrets.token_hex(8)
    if not cache.add(key, mine, _LOCK_SECONDS):
        raise RefreshBusy
    try:
        yield
    finally:
        # It may have run out and be somebody else's by now.
        if cache.get(key) == mine:
            cache.delete(key)


def _refresh(seen: SpotifyGrant, now: datetime) -> str:
    """Refresh under the lock. The row is read again: the last holder may have done it.

    What another wrote meanwhile, above all a new consent, is never overwritten.
    """
    grant = _read(seen.person_id, now)
    if grant.version != seen.version and grant.is_fresh(now):
        return grant.access_token
    try:
        fresh = _request(grant, now)
    except tokens.GrantRevoked:
        if _revoke(grant, now):
            raise
        return _read(grant.person_id, now).access_token
    is_mine = _write(
        grant,
        access_token=fresh.access_token,
        refresh_token=fresh.refresh_token or grant.refresh_token,
        scopes=fresh.scope or grant.scopes,
        expires_at=now + timedelta(seconds=fresh.expires_in),
        refreshed_at=now,
        state=SpotifyGrant.State.ACTIVE,
    )
    return fresh.access_token if is_mine else _read(grant.person_id, now).access_token


def grant_end(*, grant_id: int, now: datetime) -> bool:
    """Discard the tokens of a consent that is over, unless another one came meanwhile.

    Where nobody reads a source any more, no refresh tells that its consent has ended.
    """
    # Deferred: tokens that no key opens are discarded, too.
    grants = consents_over(now).defer("access_token", "refresh_token")
    grant = grants.filter(pk=grant_id).first()
    return grant is not None and _revoke(grant, now)


_NO_TOKENS = {"access_token": "", "refresh_token": ""}


@transaction.atomic
def _revoke(grant: SpotifyGrant, now: datetime) -> bool:
    """Note that a consent has ended, unless another one came meanwhile."""
    values = {"state": SpotifyGrant.State.NEEDS_RECONNECT, **_NO_TOKENS}
    is_mine = _write(grant, **values)
    if is_mine:
        _tell_revoked(grant.person_id, now)
    return is_mine


def _tell_revoked(person_id: int, now: datetime) -> None:
    spotify_revoked.send(sender=SpotifyGrant, person_id=person_id, now=now)


def _write(grant: SpotifyGrant, **values: Any) -> bool:
    """Change the row if it is still the one that was read; return whether it was."""
    rows = SpotifyGrant.objects.filter(
        pk=grant.pk, authorized_at=grant.authorized_at, refreshed_at=grant.refreshed_at
    )
    return bool(rows.update(**values))


def _request(grant: SpotifyGrant, now: datetime) -> tokens.FreshTokens:
    if not grant.refresh_token:
        raise tokens.GrantRevoked("no refresh token")
    gate.enter(SERVICE, now=now, gap_ms=0)
    try:
        return tokens.request_refresh(grant.refresh_token)
    except tokens.AppRefused:
        log_app_refused()
        raise
    except tokens.TokenRateLimited as error:
        raise close_gate(error, now) from error


def log_app_refused() -> None:
    """Tell the host what only the host can mend."""
    logger.error("Spotify refuses this site's client id or secret.")


def close_gate(error: tokens.TokenRateLimited, now: datetime) -> gate.GateClosed:
    """Close the gate for the whole site and return what to tell the caller."""
    until = gate.close(
        SERVICE, now=now, retry_after=error.retry_after, is_quota=error.is_quota
    )
    reason = ServiceGate.Reason.QUOTA if error.is_quota else ServiceGate.Reason.RATE
    return gate.GateClosed(until, reason.value)


@transaction.atomic
def grant_delete(*, person_id: int) -> None:
    """Forget the tokens and the account at Spotify they belong to."""
    SocialAccount.objects.filter(user_id=person_id, provider=SERVICE).delete()
    SpotifyGrant.objects.filter(person_id=person_id).delete()
