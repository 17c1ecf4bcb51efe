"""Taking one's data along, and leaving."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import services, throttle
from accounts.http import PersonRequest
from accounts.models import User
from musicmatch.leaving.archive import archive_of, parts_of
from musicmatch.leaving.forms import LeaveForm


@login_required
@require_safe
def data(request: PersonRequest) -> HttpResponse:
    who, now = str(request.user.pk), timezone.now()
    context = {
        "parts": parts_of(request.user),
        "free_at": throttle.until(throttle.EXPORT, who, now=now),
    }
    return render(request, "leaving/data.html", context)


@login_required
@require_POST
@never_cache
def data_export(request: PersonRequest) -> StreamingHttpResponse:
    now = timezone.now()
    throttle.spend(throttle.EXPORT, str(request.user.pk), now=now)
    return StreamingHttpResponse(
        archive_of(request.user, now=now),
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{_file_name(now)}"',
            # It is packed as it is.
            "Content-Encoding": "identity",
        },
    )


def _file_name(now: datetime) -> str:
    return f"musicmatch-{timezone.localdate(now)}.zip"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@never_cache
def account_close(request: PersonRequest) -> HttpResponse:
    if request.method != "POST":
        return _confirm(request, LeaveForm(person=request.user))
    _check_may_try(request.user)
    form = LeaveForm(request.POST, person=request.user)
    if not form.is_valid():
        if form.has_error("password", "wrong"):
            who = str(request.user.pk)
            throttle.spend(throttle.WRONG_PASSWORD, who, now=timezone.now())
        return _confirm(request, form)
    services.account_close(person=request.user, now=timezone.now())
    logout(request)
    messages.success(request, "Your account is deleted. Good listening, wherever.")
    return redirect("home")


def _check_may_try(person: User) -> None:
    """Raise ``OverLimit`` where somebody guesses."""
    now = timezone.now()
    until = throttle.until(throttle.WRONG_PASSWORD, str(person.pk), now=now)
    if until is not None:
        raise throttle.OverLimit(throttle.WRONG_PASSWORD, until)


def _confirm(request: PersonRequest, form: LeaveForm) -> HttpResponse:
    return render(request, "leaving/account_close.html", {"form": form})
