"""The log of what moderators did, to look at."""

from typing import Any, cast

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.http import PersonRequest
from social.admin.looking import LookingAdmin, row_link
from social.models import ModerationAction, Report


@admin.register(ModerationAction)
class ModerationActionAdmin(LookingAdmin):
    list_display = ("created_at", "verb", "person_name", "rule", "actor_name", "until")
    list_filter = ("verb", "rule", "created_at")
    search_fields = ("person_name", "actor_name", "=person_public_id", "=seal")
    search_help_text = "A handle of that day, a public id, or a seal"
    ordering = ("-pk",)
    fields = (
        "created_at",
        "actor_name",
        "verb",
        "person_name",
        "person_public_id",
        "until",
        "rule",
        "reason",
        "case",
        "previous_seal",
        "seal",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        # Nobody reads here that they were reported, or what was said of it: what
        # concerns them is among their notices.
        reader = cast(PersonRequest, request).user
        actions = super().get_queryset(request)
        actions = actions.exclude(person_public_id=reader.public_id)
        return actions.select_related("report")

    @admin.display(description="Case", empty_value="–")
    def case(self, action: ModerationAction) -> SafeString | None:
        report: Report | None = action.report
        return row_link(report, f"Case {report.pk}") if report else None
