"""People and gates in the admin site. Tokens are never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import ServiceGate, SpotifyGrant, User
from accounts.signals import visibility_changed

if TYPE_CHECKING:
    from django.forms import ModelForm


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ("username", "handle", "display_name", "origin", "joined_at")
    list_filter = ("origin", "is_staff", "is_active", "country")
    search_fields = ("username", "handle", "display_name")
    # Consent and pause are the person's own.
    readonly_fields = (
        "public_id",
        "joined_at",
        "paused_at",
        "shows_artists",
        "last_login",
        "date_joined",
        "last_active_at",
    )
    fieldsets = (
        (None, {"fields": ("username", "password", "email")}),
        (
            "Public",
            {"fields": ("handle", "display_name", "country", "bio", "time_zone")},
        ),
        (
            "Matching",
            {
                "fields": (
                    "joined_at",
                    "paused_at",
                    "shows_artists",
                    "origin",
                    "public_id",
                )
            },
        ),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups")},
        ),
        ("Times", {"fields": ("last_login", "last_active_at", "date_joined")}),
    )

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        """Write what was changed only: the person may be changing the rest."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in User._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data))
        visibility_changed.send(sender=User, person_id=obj.pk, now=timezone.now())


@admin.register(SpotifyGrant)
class SpotifyGrantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("person", "state", "authorized_at", "expires_at", "refreshed_at")
    list_filter = ("state",)
    list_select_related = ("person",)
    fields = ("person", "state", "scopes", "authorized_at", "expires_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[SpotifyGrant]:
        # Never read here, so a row that no key opens can still be looked at.
        return super().get_queryset(request).defer("access_token", "refresh_token")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(ServiceGate)
class ServiceGateAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("service", "blocked_until", "reason", "strikes", "updated_at")
