"""Reporting someone to the moderators."""

from math import ceil
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest, joined_required
from accounts.throttle import OverLimit
from social import services
from social.forms.reports import ReportForm
from social.reportable import Reportable, reportable_or_404


@require_http_methods(["GET", "HEAD", "POST"])
@joined_required
def report_create(request: PersonRequest, handle: str) -> HttpResponse:
    thing = reportable_or_404(request.user, handle, request.GET)
    has_thread = thing.thread is not None
    if request.method == "POST":
        form = ReportForm(request.POST, has_thread=has_thread)
        return _report(request, thing, form)
    earlier = services.report_open_of(reporter=request.user, thing=thing)
    if earlier is not None:
        context = {"thing": thing, "person": thing.person, "report": earlier}
        return render(request, "social/report_done.html", context)
    return _page(request, thing, ReportForm(has_thread=has_thread))


def _report(
    request: PersonRequest, thing: Reportable, form: ReportForm
) -> HttpResponse:
    """Report with what the form holds, or show it again with the reason why not."""
    if not form.is_valid():
        return _page(request, thing, form)
    now = timezone.now()
    try:
        _, is_new = services.report_create(
            reporter=request.user,
            thing=thing,
            reason=form.cleaned_data["reason"],
            words=form.cleaned_data["words"],
            may_read_messages=form.cleaned_data.get("may_read_messages", False),
            now=now,
        )
    except services.NoSuchPerson as error:
        raise Http404 from error
    except OverLimit as over:
        response = _page(request, thing, form, status=429)
        seconds = ceil((over.until - now).total_seconds())
        response.headers["Retry-After"] = str(max(1, seconds))
        return response
    if is_new:
        messages.success(request, "Thank you. Your report is with the moderators.")
    else:
        messages.info(request, "You have reported this already.")
    return redirect(_address(thing))


def _page(
    request: PersonRequest, thing: Reportable, form: ReportForm, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {
        "thing": thing,
        "form": form,
        "address": _address(thing),
        "left": services.reports_left(reporter=request.user, now=now),
        "free_at": services.reports_free_at(reporter=request.user, now=now),
    }
    return render(request, "social/report_form.html", context, status=status)


def _address(thing: Reportable) -> str:
    return reverse("social:report_create", args=[thing.person.handle]) + thing.query
