"""The queue of appeals, and the page of one."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.http import PersonRequest
from social import services
from social.admin.looking import LookingAdmin, person_link
from social.admin.reports import StateFilter
from social.forms.moderation import AppealDecisionForm
from social.models import Appeal, ModerationAction

_Verb = ModerationAction.Verb
_DECIDE = {
    _Verb.UPHOLD: services.appeal_uphold,
    _Verb.OVERTURN: services.appeal_overturn,
}


class AppealStateFilter(StateFilter):
    def queryset(
        self, request: object, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        if self.value() == "all":
            return queryset
        is_open = models.Q(state=Appeal.State.OPEN)
        return queryset.filter(~is_open if self.value() == "decided" else is_open)


@admin.register(Appeal)
class AppealAdmin(LookingAdmin):
    list_display = ("appeal", "whom", "against", "decided_by_then", "created_at")
    list_filter = (AppealStateFilter, "created_at")
    search_fields = ("notice__person__handle",)
    ordering = ("created_at", "pk")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Appeal]:
        appeals = Appeal.objects.with_decision().order_by("created_at", "pk")
        return appeals.exclude(notice__person_id=request.user.pk)

    @admin.display(description="Appeal", ordering="pk")
    def appeal(self, appeal: Appeal) -> str:
        return f"Appeal {appeal.pk}"

    @admin.display(description="By")
    def whom(self, appeal: Appeal) -> SafeString | str:
        return person_link(appeal.notice.person)

    @admin.display(description="Against")
    def against(self, appeal: Appeal) -> str:
        return appeal.notice.action.get_verb_display()

    @admin.display(description="Decided then by")
    def decided_by_then(self, appeal: Appeal) -> str:
        return appeal.notice.action.actor_name

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        appeal: Appeal | None = self.get_object(request, unquote(object_id))
        if appeal is None:
            raise Http404
        request = cast(PersonRequest, request)
        if request.method != "POST":
            return self._page(request, appeal, AppealDecisionForm())
        if not request.user.has_perm("social.moderate"):
            raise PermissionDenied
        return self._decide(request, appeal)

    def _decide(self, request: PersonRequest, appeal: Appeal) -> HttpResponse:
        form = AppealDecisionForm(request.POST)
        if not appeal.is_open:
            return self._refused(request, appeal, services.AppealDecided(appeal))
        if not form.is_valid():
            return self._page(request, appeal, form)
        try:
            _DECIDE[form.cleaned_data["outcome"]](
                appeal_id=appeal.pk,
                actor=request.user,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except services.CannotDecide as reason:
            return self._refused(request, appeal, reason)
        sentence = f"Appeal {appeal.pk} is decided."
        self.message_user(request, sentence, messages.SUCCESS)
        return redirect("admin:social_appeal_changelist")

    def _refused(
        self, request: PersonRequest, appeal: Appeal, reason: Exception
    ) -> HttpResponse:
        """Say why, and show the appeal as it is by now."""
        self.message_user(request, str(reason), messages.ERROR)
        return redirect("admin:social_appeal_change", appeal.pk)

    def _page(
        self, request: PersonRequest, appeal: Appeal, form: AppealDecisionForm
    ) -> HttpResponse:
        may_decide = request.user.has_perm("social.moderate") and appeal.is_open
        deciders = services.deciders_of(appeal.notice)
        is_decider = deciders.filter(pk=request.user.pk).exists()
        action = appeal.notice.action
        context = {
            **self.admin_site.each_context(request),
            "title": f"Appeal {appeal.pk}",
            "subtitle": None,
            "opts": self.opts,
            "appeal": appeal,
            "action": action,
            "notice": appeal.notice,
            "form": form if may_decide and is_decider else None,
            "is_for_others": may_decide and not is_decider,
            "is_own": action.actor_id == request.user.pk,
        }
        return TemplateResponse(request, "admin/social/appeal/appeal.html", context)
