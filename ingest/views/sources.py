"""Where one's listening comes from: reading it again, switching it off, leaving it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import throttle
from accounts.http import PersonRequest
from ingest import services
from ingest.models import ImportRun, Source, SourceLink
from ingest.pages.sources import source_rows
from ingest.pages.words import counted, listed
from ingest.services.doors import is_open
from ingest.sources.base import Way


def source_or_404(source: str) -> Source:
    try:
        return Source(source)
    except ValueError as error:
        raise Http404 from error


@login_required
@require_safe
def sources(request: PersonRequest) -> HttpResponse:
    rows = source_rows(request.user, timezone.now())
    return render(request, "ingest/sources.html", {"rows": rows})


@login_required
@require_POST
def source_sync(request: PersonRequest, source: str) -> HttpResponse:
    key = source_or_404(source)
    link = get_object_or_404(SourceLink, person=request.user, source=key)
    if key.door.open is None:
        raise Http404
    if link.needs_consent:
        # Only a new consent helps: the page behind this says so.
        return redirect("ingest:source_connect", link.source)
    if not link.is_used:
        messages.warning(request, f"{key.label} is switched off. Switch it on first.")
        return redirect("ingest:sources")
    now = timezone.now()
    active = ImportRun.objects.active().filter(person=request.user, source=source)
    if not active.exists():
        who = f"{request.user.pk}:{source}"
        throttle.spend(throttle.SYNC_NOW, who, now=now)
    run = services.run_queue(person_id=request.user.pk, source=key, now=now)
    return redirect(run)


@login_required
@require_POST
def source_use(request: PersonRequest, source: str) -> HttpResponse:
    """Switch a source off (``use=0``) or on again (``use=1``)."""
    key = source_or_404(source)
    asked = request.POST.get("use")
    link = get_object_or_404(SourceLink, person=request.user, source=key)
    is_used = asked == "1" if asked in {"0", "1"} else not link.is_used
    try:
        services.source_use(
            person_id=request.user.pk, source=key, is_used=is_used, now=timezone.now()
        )
    except services.SourceUnknown as error:
        raise Http404 from error
    said = (
        f"{key.label} counts in your taste again."
        if is_used
        else f"{key.label} is switched off: all of it is kept, nothing of it counts."
    )
    messages.success(request, said)
    return redirect("ingest:sources")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def source_disconnect(request: PersonRequest, source: str) -> HttpResponse:
    key = source_or_404(source)
    is_sign_in = key.door.way is Way.SIGN_IN
    locks_out = is_sign_in and not request.user.has_usable_password()
    if request.method != "POST":
        link = get_object_or_404(SourceLink, person=request.user, source=key)
        context = {
            "link": link,
            "label": key.label,
            "locks_out": locks_out,
            "comes_back": is_open(key),
        }
        return render(request, "ingest/source_disconnect.html", context)
    try:
        deleted = services.source_disconnect(
            person_id=request.user.pk, source=key, now=timezone.now()
        )
    except services.SourceUnknown as error:
        raise Http404 from error
    messages.success(request, _goodbye(key, deleted))
    if locks_out:
        messages.warning(
            request,
            f"Set a password before you sign out: without {key.label} it is your way"
            f" back in. Your user name is {request.user.username}.",
        )
        return redirect("account_set_password")
    return redirect("ingest:sources")


def _goodbye(source: Source, deleted: dict[str, int]) -> str:
    parts = [
        f"{counted(deleted['artists'], 'place')} in your top artists",
        f"{deleted['tracks']:,} in your top tracks",
        counted(deleted["listens"], "listen"),
        f"{counted(deleted['months'], 'month')} of history",
    ]
    text = f"{source.label} is disconnected. Deleted: {listed(parts)}."
    if source.door.way in {Way.SIGN_IN, Way.CONSENT}:
        text += (
            f" {source.label} still lists this site until you remove it in your"
            " account there."
        )
    return text
