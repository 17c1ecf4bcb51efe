"""What moderators decided about oneself, and answering it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.http import PersonRequest
from social import decisions, services
from social.forms.notices import AppealForm
from social.models import Appeal, Notice

_PAGE_SIZE = 20


@require_safe
@login_required
def notices(request: PersonRequest) -> HttpResponse:
    rows = Notice.objects.of(request.user.pk).with_decision().newest_first()
    page = Paginator(rows, _PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "social/notice_list.html", {"page_obj": page})


@require_safe
@login_required
def notice(request: PersonRequest, notice_id: uuid.UUID) -> HttpResponse:
    found = _notice_or_404(request, notice_id)
    services.notice_see(notice=found, now=timezone.now())
    return _page(request, found, AppealForm())


@require_POST
@login_required
def appeal_create(request: PersonRequest, notice_id: uuid.UUID) -> HttpResponse:
    found = _notice_or_404(request, notice_id)
    if not found.can_be_answered:
        raise Http404
    form = AppealForm(request.POST)
    is_first = _appeal_of(found) is None
    if is_first and not form.is_valid():
        return _page(request, found, form)
    if is_first:
        words = form.cleaned_data["words"]
        services.appeal_create(notice=found, words=words, now=timezone.now())
    messages.success(request, "Your appeal is with the moderators.")
    return redirect("social:notice", found.public_id)


def _notice_or_404(request: PersonRequest, notice_id: uuid.UUID) -> Notice:
    mine = Notice.objects.of(request.user.pk).with_decision()
    return get_object_or_404(mine, public_id=notice_id)


def _appeal_of(notice: Notice) -> Appeal | None:
    return getattr(notice, "appeal", None)


def _page(request: PersonRequest, notice: Notice, form: AppealForm) -> HttpResponse:
    appeal = _appeal_of(notice)
    can_answer = notice.can_be_answered and appeal is None
    context = {
        "notice": notice,
        "action": notice.action,
        "appeal": appeal,
        "form": form if can_answer else None,
        "report": decisions.report_told_by(notice),
        "answered": decisions.notice_answered_by(notice),
        "others_decide": can_answer and decisions.others_decide(notice),
    }
    return render(request, "social/notice_detail.html", context)
