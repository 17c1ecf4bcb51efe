"""Asking to connect, answering, and the lists of both."""

import uuid
from datetime import datetime
from math import ceil
from typing import Any, Protocol

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.http import PersonRequest, joined_required
from accounts.models import User
from accounts.throttle import OverLimit
from social import relations, services
from social.affinity import cards_between, why_of
from social.allowance import asks_left, limited_until
from social.forms.connections import RequestForm, card_wish
from social.models import Connection
from social.standing import Standing, standing_of
from social.visibility import get_person_or_404

_SAID = {
    services.Asked.SENT: "Your request is with {}.",
    services.Asked.WAITING: "You have asked {} already, and your request is there.",
    services.Asked.CONNECTED: "You and {} are connected.",
}


# --- Asking ---------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@joined_required
def connection_request(request: PersonRequest, handle: str) -> HttpResponse:
    person = get_person_or_404(request.user, handle)
    if person.pk == request.user.pk:
        raise Http404
    if request.method == "POST":
        return _ask(request, person)
    if standing_of(request.user, person).state == "accepted":
        thread = reverse("social:thread", args=[person.handle])
        query = request.GET.urlencode()
        return redirect(f"{thread}?{query}" if query else thread)
    cards = cards_between(request.user, person)
    form = RequestForm(cards=cards, wish=card_wish(request.GET))
    return _request_page(request, person, form)


def _ask(request: PersonRequest, person: User) -> HttpResponse:
    """Ask with what the form holds, or show it again with the reason why not."""
    form = RequestForm(request.POST, cards=cards_between(request.user, person))
    if not form.is_valid():
        return _request_page(request, person, form)
    try:
        asked = services.connection_request(
            requester=request.user,
            addressee=person,
            note=form.cleaned_data["note"],
            card=form.cleaned_data["card"],
            now=timezone.now(),
        )
    except services.NoSuchPerson as error:
        raise Http404 from error
    except services.MayNotAsk:
        return _request_page(request, person, form, status=403)
    except OverLimit as over:
        return _over_limit(request, person, form, over)
    messages.success(request, _SAID[asked].format(person.shown_name))
    if asked == services.Asked.CONNECTED:
        return redirect("social:thread", person.handle)
    return redirect("social:connection_requests")


def _over_limit(
    request: PersonRequest, person: User, form: RequestForm, over: OverLimit
) -> HttpResponse:
    response = _request_page(request, person, form, over=over, status=429)
    seconds = ceil((over.until - timezone.now()).total_seconds())
    response.headers["Retry-After"] = str(max(1, seconds))
    return response


def _request_page(
    request: PersonRequest,
    person: User,
    form: RequestForm,
    *,
    over: OverLimit | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    standing = standing_of(request.user, person)
    allowance = asks_left(request.user, now=now)
    if over is None and allowance.until is not None:
        over = OverLimit(allowance.limit, allowance.until)
    row = _row(request, standing, now)
    why = row.why if row else why_of(request.user, [person.pk]).get(person.pk)
    context = {
        "person": person,
        "form": form,
        "row": row,
        "may_ask_again": standing.may_be_renewed(now),
        "why": why,
        "allowance": allowance,
        "over": over,
        "limited_until": limited_until(request.user, now=now),
    }
    return render(request, "social/connection_request.html", context, status=status)


def _row(
    request: PersonRequest, standing: Standing, now: datetime
) -> relations.Related | None:
    """What stands between the two; a request to the viewer is seen with that."""
    if standing.connection is None:
        return None
    row = relations.related(request.user, standing.connection)
    _note_seen(request, [row], now)
    return row


# --- Lists ----------------------------------------------------------------


@require_safe
@joined_required
def connections(request: PersonRequest) -> HttpResponse:
    page = relations.accepted_page(request.user, request.GET.get("page"))
    context = {"page": page, "tabs": _tabs(request)}
    return render(request, "social/connection_list.html", context)


@require_safe
@joined_required
def connection_requests(request: PersonRequest) -> HttpResponse:
    incoming = relations.incoming_page(request.user, request.GET.get("page"))
    sent = relations.sent_page(request.user, request.GET.get("sent"))
    context = {
        "incoming": incoming,
        "sent": sent,
        "tabs": _tabs(request),
    }
    _note_seen(request, incoming.rows, timezone.now())
    return render(request, "social/connection_requests.html", context)


def _note_seen(
    request: PersonRequest, rows: list[relations.Related], now: datetime
) -> None:
    unseen = [
        row.connection.pk
        for row in rows
        if row.state == "incoming" and row.connection.seen_at is None
    ]
    if unseen:
        services.requests_see(ids=unseen, person=request.user, now=now)


def _tabs(request: PersonRequest) -> list[dict[str, Any]]:
    tabs = (
        ("Connected", "social:connections"),
        ("Requests", "social:connection_requests"),
    )
    return [
        {
            "label": label,
            "url": reverse(name),
            "is_current": request.path == reverse(name),
        }
        for label, name in tabs
    ]


# --- Answering ------------------------------------------------------------


@require_POST
@joined_required
def connection_accept(request: PersonRequest, connection_id: uuid.UUID) -> HttpResponse:
    _do(
        services.connection_accept,
        request,
        connection_id,
        said="You and {} are connected. Write when you like.",
        too_late="{} has taken the request back.",
    )
    return redirect("social:connections")


@require_POST
@joined_required
def connection_decline(
    request: PersonRequest, connection_id: uuid.UUID
) -> HttpResponse:
    _do(
        services.connection_decline,
        request,
        connection_id,
        said="Put aside. {} is not told.",
        too_late="The request of {} is not open any more.",
    )
    return redirect("social:connection_requests")


@require_POST
@joined_required
def connection_withdraw(
    request: PersonRequest, connection_id: uuid.UUID
) -> HttpResponse:
    _do(
        services.connection_withdraw,
        request,
        connection_id,
        said="Your request to {} is taken back.",
        too_late="Your request to {} is not open any more.",
    )
    return redirect("social:connection_requests")


@require_http_methods(["GET", "HEAD", "POST"])
@joined_required
def connection_remove(request: PersonRequest, connection_id: uuid.UUID) -> HttpResponse:
    if request.method != "POST":
        connection = _own_or_404(request, connection_id)
        person = _partner_or_404(request, connection)
        if not connection.is_accepted:
            raise Http404
        context = {"connection": connection, "person": person}
        return render(request, "social/connection_remove.html", context)
    _do(
        services.connection_remove,
        request,
        connection_id,
        said="You and {} are not connected any more.",
        too_late="You and {} are not connected.",
    )
    return redirect("social:connections")


class _Verb(Protocol):
    def __call__(
        self, *, connection: Connection, person: User, now: datetime
    ) -> None: ...


def _do(
    verb: _Verb,
    request: PersonRequest,
    connection_id: uuid.UUID,
    *,
    said: str,
    too_late: str,
) -> None:
    """Do it and say so; what is not this person's to do is a 404."""
    connection = _own_or_404(request, connection_id)
    other = connection.partner_of(request.user.pk)
    try:
        verb(connection=connection, person=request.user, now=timezone.now())
    except services.NoSuchConnection as error:
        raise Http404 from error
    except services.NotOpen:
        messages.info(request, too_late.format(other.shown_name))
    else:
        messages.success(request, said.format(other.shown_name))


def _own_or_404(request: PersonRequest, connection_id: uuid.UUID) -> Connection:
    own = Connection.objects.of(request.user.pk).with_people()
    return get_object_or_404(own, public_id=connection_id)


def _partner_or_404(request: PersonRequest, connection: Connection) -> User:
    other = connection.partner_of(request.user.pk)
    return get_person_or_404(request.user, other.handle or "")
