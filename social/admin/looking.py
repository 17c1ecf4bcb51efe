"""Rows to look at: nothing is added, changed or deleted by hand."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User


class LookingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows ``fields`` and lists; what else a row holds cannot be asked for either."""

    actions: Any = None
    list_per_page = 50
    show_full_result_count = False
    search_help_text = "A handle, or a part of one"

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        # Django lets an address ask about any column, private texts among them.
        return lookup.partition("__")[0] in map(_column, self.list_filter)


def _column(list_filter: Any) -> Any:
    """Name what one filter of a list asks about."""
    if isinstance(list_filter, type):
        return getattr(list_filter, "parameter_name", None)
    return list_filter if isinstance(list_filter, str) else list_filter[0]


def person_link(person: User | None) -> SafeString | str:
    """Name a person by handle, with the way to their page in the admin site."""
    if person is None:
        return "someone who left"
    address = reverse("admin:accounts_user_change", args=[person.pk])
    return format_html('<a href="{}">{}</a>', address, person.handle or "not joined")


def row_link(row: models.Model, words: str) -> SafeString:
    """Lead to another row's page in the admin site."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[row.pk]), words)
