"""Asking once more before an action of the admin site reaches several rows."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

_MOST_AT_ONCE = 100
_Action = Callable[[Any, Any, Any], HttpResponse | None]


def confirmed(title: str, words: str) -> Callable[[_Action], _Action]:
    """Show the rows that were chosen, and what will come of it, before it is done."""

    def decorate(action: _Action) -> _Action:
        @wraps(action)
        def asked(
            self: "admin.ModelAdmin[Any]",
            request: HttpRequest,
            queryset: models.QuerySet[Any],
        ) -> HttpResponse | None:
            if "confirmed" in request.POST:
                return action(self, request, queryset)
            rows = list(queryset[: _MOST_AT_ONCE + 1])
            if len(rows) > _MOST_AT_ONCE:
                sentence = f"Choose {_MOST_AT_ONCE} at most."
                self.message_user(request, sentence, messages.ERROR)
                return None
            context = {
                **self.admin_site.each_context(request),
                "title": title,
                "subtitle": None,
                "opts": self.opts,
                "words": words,
                "rows": rows,
                "action": request.POST["action"],
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/confirm.html", context)

        asked.is_confirmed = True  # type: ignore[attr-defined]
        return asked

    return decorate
