"""The moderators' queue, and the page of one case."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from accounts.http import PersonRequest
from social import services
from social.admin.looking import LookingAdmin, person_link
from social.cases import case_of
from social.forms.moderation import DecisionForm, DismissalForm, RestoreForm
from social.models import ModerationAction, Report

_Verb = ModerationAction.Verb
_MOST_AT_ONCE = 20
_AT_ONCE: dict[str, Callable[..., ModerationAction]] = {
    _Verb.DISMISS: services.report_dismiss,
    _Verb.REMOVE_MESSAGE: services.message_remove,
    _Verb.CLEAR_PROFILE: services.profile_clear,
    _Verb.WARN: services.person_warn,
}
_UNTIL: dict[str, Callable[..., ModerationAction]] = {
    _Verb.LIMIT: services.person_limit,
    _Verb.SUSPEND: services.person_suspend,
}


class StateFilter(admin.SimpleListFilter):
    """Open cases unless others are asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: object, model_admin: object) -> list[tuple[str, str]]:
        return [("decided", "Decided"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        options = [(None, "Open"), *self.lookup_choices]
        for value, title in options:
            query = {} if value is None else {self.parameter_name: value}
            drop = [self.parameter_name] if value is None else []
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string(query, drop),
                "display": title,
            }

    def queryset(
        self, request: object, queryset: models.QuerySet[Report]
    ) -> models.QuerySet[Report]:
        if self.value() == "all":
            return queryset
        state = "decided" if self.value() == "decided" else "open"
        return queryset.filter(state=state)


@admin.register(Report)
class ReportAdmin(LookingAdmin):
    list_display = ("case", "severity", "age", "whom", "reason", "subject", "who")
    list_select_related = ("person", "reporter")
    list_filter = (StateFilter, "severity", "subject", "reason", "created_at")
    search_fields = ("person__handle", "reporter__handle")
    ordering = ("-severity", "created_at", "pk")
    actions = ("dismiss",)
    change_list_template = "admin/social/report/queue.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Report]:
        # Nobody reads here who reported them, or what they said.
        reports = Report.objects.not_about(request.user.pk or 0)
        return reports.order_by("-severity", "created_at", "pk")

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("social.moderate")

    @admin.display(description="Case", ordering="pk")
    def case(self, report: Report) -> str:
        return f"Case {report.pk}"

    @admin.display(description="About", ordering="person__handle")
    def whom(self, report: Report) -> SafeString | str:
        return person_link(report.person)

    @admin.display(description="Reported by", ordering="reporter__handle")
    def who(self, report: Report) -> SafeString | str:
        return person_link(report.reporter)

    @admin.display(description="Reported", ordering="created_at")
    def age(self, report: Report) -> str:
        return f"{timesince(report.created_at, depth=1)} ago"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        counts = Report.objects.not_about(request.user.pk or 0).open().by_severity()
        extra = {**(extra_context or {}), "title": "Reports", "counts": counts}
        return super().changelist_view(request, extra)

    # --- A case -----------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        report = self._report_or_404(request, object_id)
        request = cast(PersonRequest, request)
        if request.method != "POST":
            return self._page(request, report)
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        if "restore" in request.POST:
            return self._restore(request, report)
        return self._decide(request, report)

    def _report_or_404(self, request: HttpRequest, object_id: str) -> Report:
        if not self.has_view_permission(request):
            raise PermissionDenied
        report: Report | None = self.get_object(request, unquote(object_id))
        if report is None:
            raise Http404
        return report

    def _decide(self, request: PersonRequest, report: Report) -> HttpResponse:
        now = timezone.now()
        form = DecisionForm(request.POST, report=report, now=now)
        if not report.is_open:
            decision = services.decision_of(report)
            return self._refused(request, report, services.AlreadyDecided(decision))
        if not form.is_valid():
            return self._page(request, report, decision=form)
        verb, until = form.cleaned_data["verb"], form.cleaned_data["until"]
        decide = _AT_ONCE.get(verb) or _UNTIL[verb]
        given = {"until": until} if verb in _UNTIL else {}
        try:
            decide(
                report_id=report.pk,
                actor=request.user,
                statement=form.statement(),
                now=now,
                **given,
            )
        except services.AlreadyDecided as reason:
            return self._refused(request, report, reason)
        except services.CannotDecide as reason:
            form.add_error(None, str(reason))
            return self._page(request, report, decision=form)
        self.message_user(request, f"Case {report.pk} is decided.", messages.SUCCESS)
        return redirect("admin:social_report_changelist")

    def _refused(
        self, request: PersonRequest, report: Report, reason: Exception
    ) -> HttpResponse:
        """Say why, and show the case as it is by now."""
        self.message_user(request, str(reason), messages.ERROR)
        return redirect("admin:social_report_change", report.pk)

    def _restore(self, request: PersonRequest, report: Report) -> HttpResponse:
        form = RestoreForm(request.POST)
        if not form.is_valid():
            return self._page(request, report, restore=form)
        try:
            services.person_restore(
                report_id=report.pk,
                actor=request.user,
                statement=form.statement(),
                now=timezone.now(),
            )
        except services.CannotDecide as reason:
            return self._refused(request, report, reason)
        self.message_user(request, "It has ended early.", messages.SUCCESS)
        return redirect("admin:social_report_change", report.pk)

    def _page(
        self,
        request: PersonRequest,
        report: Report,
        *,
        decision: Form | None = None,
        restore: Form | None = None,
    ) -> HttpResponse:
        form = decision or DecisionForm(report=report, now=timezone.now())
        may_decide = self.has_moderate_permission(request)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Case {report.pk}",
            "subtitle": None,
            "opts": self.opts,
            "case": case_of(report, viewer=request.user),
            "report": report,
            "form": form if may_decide and report.is_open else None,
            "restore": (restore or RestoreForm()) if may_decide else None,
        }
        return TemplateResponse(request, "admin/social/report/case.html", context)

    # --- Several at once --------------------------------------------------

    @admin.action(description="Dismiss several reports", permissions=["moderate"])
    def dismiss(
        self, request: PersonRequest, queryset: models.QuerySet[Report]
    ) -> HttpResponse | None:
        reports = list(queryset.select_related("person")[: _MOST_AT_ONCE + 1])
        if len(reports) > _MOST_AT_ONCE:
            sentence = f"Choose {_MOST_AT_ONCE} reports at most."
            self.message_user(request, sentence, messages.ERROR)
            return None
        confirmed = "confirmed" in request.POST
        form = DismissalForm(request.POST if confirmed else None)
        if confirmed and form.is_valid():
            self._dismiss(request, reports, form)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Dismiss several reports",
            "subtitle": None,
            "opts": self.opts,
            "reports": reports,
            "form": form,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/social/report/dismiss.html", context)

    def _dismiss(
        self, request: PersonRequest, reports: list[Report], form: DismissalForm
    ) -> None:
        """Dismiss each alone: one that cannot be does not keep the others."""
        for report in reports:
            try:
                services.report_dismiss(
                    report_id=report.pk,
                    actor=request.user,
                    statement=form.statement(),
                    now=timezone.now(),
                )
            except services.CannotDecide as reason:
                sentence = f"Case {report.pk}: {reason}"
                self.message_user(request, sentence, messages.ERROR)
            else:
                sentence = f"Case {report.pk} is dismissed."
                self.message_user(request, sentence, messages.SUCCESS)
