"""Conversations, and the messages of one."""

import uuid
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import PersonRequest, joined_required
from accounts.throttle import OverLimit
from social import reading, services
from social.affinity import cards_between
from social.forms.messages import MessageForm
from social.models import Message

_STRIP = 3


@require_safe
@joined_required
def conversations(request: PersonRequest) -> HttpResponse:
    cursor = request.GET.get("before", "")
    page = reading.conversations_of(request.user, cursor=cursor)
    context = {"page": page, "is_first": not cursor}
    return render(request, "social/conversations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@joined_required
def thread(request: PersonRequest, handle: str) -> HttpResponse:
    talk = reading.talk_or_404(request.user, handle, now=timezone.now())
    if request.method == "POST":
        return _send(request, talk)
    if "before" in request.GET:
        return _older(request, talk)
    if not talk.is_open:
        return _page(request, talk)
    chosen = {part: request.GET.get(part, "") for part in ("kind", "name", "artist")}
    return _page(request, talk, _composer(talk, chosen=chosen))


@require_safe
@joined_required
def left_thread(request: PersonRequest, thread_id: uuid.UUID) -> HttpResponse:
    """What one wrote to someone who has left."""
    talk = reading.left_talk_or_404(request.user, thread_id, now=timezone.now())
    if "before" in request.GET:
        return _older(request, talk)
    return _page(request, talk)


@never_cache
@require_safe
@joined_required
def thread_news(request: PersonRequest, handle: str) -> HttpResponse:
    """What came after the message a page ends with; 204 when nothing did."""
    asked = request.GET.get("after")
    after = _uuid_or_404(asked) if asked else None
    if after == reading.newest_or_404(request.user, handle):
        return HttpResponse(status=204)
    now = timezone.now()
    talk = reading.talk_or_404(request.user, handle, now=now)
    news = reading.lines_after(talk, after=after, now=now)
    if not news.lines:
        return HttpResponse(status=204)
    _note_seen(talk, news, now)
    return render(request, "social/_news.html", _shown(talk, news))


# --- Sending --------------------------------------------------------------


def _send(request: PersonRequest, talk: reading.Talk) -> HttpResponse:
    """Send what the form holds, or show it again with the reason why not."""
    composer = _composer(talk, data=request.POST)
    form: MessageForm = composer["form"]
    if not form.is_valid():
        return _page(request, talk, composer)
    try:
        message = _message_of(form, talk)
    except services.NoSuchPerson as error:
        raise Http404 from error
    except services.CannotSend:
        return _page(request, replace(talk, is_open=False), composer)
    except services.KeyUsed:
        form.renew()
        words = "You sent this form before, with other words. Send these as well?"
        form.add_error(None, words)
        return _page(request, talk, composer)
    except OverLimit as over:
        return _over_limit(request, talk, composer, over.until)
    return redirect(f"{_address(talk)}#m-{message.public_id}")


def _message_of(form: MessageForm, talk: reading.Talk) -> Message:
    return services.message_send(
        sender=talk.viewer,
        recipient=talk.someone,
        body=form.cleaned_data["body"],
        once_key=form.cleaned_data["once_key"],
        card=form.card,
        now=timezone.now(),
    )


def _over_limit(
    request: PersonRequest,
    talk: reading.Talk,
    composer: dict[str, Any],
    until: datetime,
) -> HttpResponse:
    response = _page(request, talk, {**composer, "free_at": until})
    response.status_code = 429
    seconds = ceil((until - timezone.now()).total_seconds())
    response.headers["Retry-After"] = str(max(1, seconds))
    return response


def _composer(
    talk: reading.Talk, *, data: Any = None, chosen: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return what writing needs: the form, what may be laid beside it, the limit."""
    cards = cards_between(talk.viewer, talk.someone, connected=True)
    artists = [card for card in cards if card.is_shared and not card.is_track]
    until = None
    if not talk.left:
        until = services.messages_free_at(sender=talk.viewer, now=timezone.now())
    return {
        "form": MessageForm(data, cards=cards, chosen=chosen or {}),
        "strip": artists[:_STRIP],
        "free_at": until,
    }


# --- Showing --------------------------------------------------------------


def _older(request: PersonRequest, talk: reading.Talk) -> HttpResponse:
    """Show the messages before one; the same 404 when there are none."""
    now = timezone.now()
    before = _uuid_or_404(request.GET["before"])
    page = reading.lines_of(talk, before=before, now=now)
    if not page.lines:
        raise Http404
    _note_seen(talk, page, now)
    return render(request, "social/thread_older.html", _shown(talk, page))


def _page(
    request: PersonRequest, talk: reading.Talk, composer: dict[str, Any] | None = None
) -> HttpResponse:
    """Show the newest messages, and the composer where there is one."""
    now = timezone.now()
    page = reading.lines_of(talk, now=now)
    _note_seen(talk, page, now)
    context = {**_shown(talk, page), **(composer or {"form": None})}
    return render(request, "social/thread.html", context)


def _shown(talk: reading.Talk, page: reading.Lines) -> dict[str, Any]:
    """Give what every page of a thread needs; its own messages are read by now."""
    return {
        "talk": talk,
        "person": talk.person,
        "page": page,
        "older_unread": talk.unread - len(page.unseen_by(talk.viewer)),
        "address": _address(talk),
    }


def _note_seen(talk: reading.Talk, page: reading.Lines, now: datetime) -> None:
    shown = page.unseen_by(talk.viewer)
    if shown:
        services.messages_see(
            viewer=talk.viewer, thread=talk.thread, shown=shown, now=now
        )


def _address(talk: reading.Talk) -> str:
    if talk.person is None:
        return reverse("social:left_thread", args=[talk.thread.public_id])
    return reverse("social:thread", args=[talk.person.handle])


def _uuid_or_404(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Http404 from error
