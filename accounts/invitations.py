"""Links by which people may make an account where the site takes no others.

A link leads to the page of sign-up and is remembered by the session meanwhile, so it
opens the way by Spotify as well. It is counted where the account is made, or neither.
"""

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import events
from accounts.models import Invitation

_KEY = "invitation"


class InvitationOver(Exception):
    """Nobody can come in by this invitation any more, or there was none."""


def invitation_create(
    *, note: str, uses: int, expires_at: datetime, now: datetime
) -> tuple[Invitation, str]:
    """Make an invitation; the token is told this once, and not kept."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        digest=_digest(token), note=note, uses=uses, expires_at=expires_at, made_at=now
    )
    invitation.full_clean()
    invitation.save()
    events.tell("invitation made", None, invitation=invitation.pk, uses=uses)
    return invitation, token


def invitation_revoke(*, invitation: Invitation, now: datetime) -> None:
    """Take an invitation back; whoever came in by it stays."""
    invitation.revoked_at = invitation.revoked_at or now
    invitation.save(update_fields=["revoked_at"])


def _digest(token: str) -> str:
    # The token is 256 random bits: a plain digest cannot be searched.
    return hashlib.sha256(token.encode()).hexdigest()


def remember(request: HttpRequest, token: str, *, now: datetime) -> bool:
    """Keep a good invitation for the sign-up that follows; return whether it is one."""
    invitation = Invitation.objects.good(now).filter(digest=_digest(token)).first()
    if invitation is not None:
        request.session[_KEY] = invitation.pk
    return invitation is not None


def is_open_for(request: HttpRequest, *, now: datetime) -> bool:
    """Whether this visitor may make an account."""
    if settings.REGISTRATION != "invite":
        return bool(settings.REGISTRATION == "open")
    kept = request.session.get(_KEY)
    return kept is not None and Invitation.objects.good(now).filter(pk=kept).exists()


def spend(request: HttpRequest, *, now: datetime) -> None:
    """Count one account, where accounts need an invitation.

    Raises :class:`InvitationOver`. Asked again in the update: of two who come at once
    by the last use, one comes in.
    """
    if settings.REGISTRATION != "invite":
        return
    kept = request.session.get(_KEY, 0)
    good = Invitation.objects.good(now).filter(pk=kept)
    if not good.update(used=F("used") + 1):
        raise InvitationOver
    del request.session[_KEY]


def over_page(request: HttpRequest) -> HttpResponse:
    return render(request, "account/invitation_over.html", status=410)
