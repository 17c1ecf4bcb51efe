"""People and gates in the admin site. Tokens are never shown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts import invitations, lifetime, services
from accounts.confirming import confirmed
from accounts.models import Invitation, ServiceGate, SpotifyGrant, User
from accounts.signals import visibility_changed

if TYPE_CHECKING:
    from django.forms import ModelForm


_INVITATION_LASTS = timedelta(days=14)
_DECIDED = ("suspended_until", "limited_until")
_RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
# What those see of a person who may look and not change: nothing that is private.
_PUBLIC = ("handle", "display_name", "country", "bio", "joined_at", *_DECIDED)


def _may_touch(request: HttpRequest, person: User | None) -> bool:
    """Whoever is no superuser does not touch one: a password is all it takes."""
    is_above = person is not None and person.is_superuser
    return not is_above or bool(request.user.is_superuser)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ("username", "handle", "display_name", "origin", "joined_at")
    list_filter = ("origin", "is_staff", "is_active", "country")
    search_fields = ("username", "handle", "display_name")
    actions = ("end_sessions",)
    # Consent and pause are the person's own, and what is decided about them is not
    # written here but with its reason, in a case.
    readonly_fields = (
        *_DECIDED,
        "public_id",
        "joined_at",
        "paused_at",
        "shows_artists",
        "last_login",
        "date_joined",
        "last_active_at",
        "sessions_ended_at",
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
        ("Decided by moderators", {"fields": _DECIDED}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups")},
        ),
        (
            "Times",
            {
                "fields": (
                    "last_login",
                    "last_active_at",
                    "date_joined",
                    "sessions_ended_at",
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if self._sees_all(request):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": _PUBLIC})]

    def get_list_display(self, request: HttpRequest) -> Any:
        if self._sees_all(request):
            return (*super().get_list_display(request), *_DECIDED)
        return ("handle", "display_name", "joined_at", *_DECIDED)

    def get_list_filter(self, request: HttpRequest) -> Any:
        held = [(field, admin.EmptyFieldListFilter) for field in _DECIDED]
        if self._sees_all(request):
            return (*super().get_list_filter(request), *held)
        return tuple(held)

    def get_search_fields(self, request: HttpRequest) -> Any:
        if self._sees_all(request):
            return super().get_search_fields(request)
        return ("handle", "display_name")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        people = super().get_queryset(request)
        if self._sees_all(request):
            return people
        return people.filter(joined_at__isnull=False)

    def get_ordering(self, request: HttpRequest) -> Any:
        # By default it is by username, which is private.
        if self._sees_all(request):
            return super().get_ordering(request)
        return ("handle", "pk")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Django lets an address ask about any column, private ones among them.
        if self._sees_all(request):
            return super().lookup_allowed(lookup, value, request)
        return lookup.partition("__")[0] in _DECIDED

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        # Whoever may look after people must not give rights, to themselves above all.
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, *_RIGHTS)

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def _sees_all(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) or self.has_add_permission(request)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """An account takes along what nobody may delete alone."""
        listed, counts, _, protected = super().get_deleted_objects(objs, request)
        is_refused = not all(_may_touch(request, person) for person in objs)
        refused = {User._meta.verbose_name} if is_refused else set()
        return listed, counts, refused, protected

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

    @admin.action(description="Sign out everywhere", permissions=["change"])
    @confirmed("Sign out everywhere", "Every session of these people ends at once.")
    def end_sessions(
        self, request: HttpRequest, queryset: models.QuerySet[User]
    ) -> None:
        for person in queryset:
            lifetime.sessions_end_now(person=person, now=timezone.now())
            self.log_change(request, person, "Signed out everywhere.")
        self.message_user(request, "Every session of these people is over.")

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.account_close(person=obj, now=timezone.now())

    def delete_queryset(
        self, request: HttpRequest, queryset: models.QuerySet[User]
    ) -> None:
        for person in queryset:
            self.delete_model(request, person)


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


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Made once, shown once, taken back by an action; never edited."""

    list_display = ("__str__", "state", "used", "uses", "expires_at", "made_at")
    fields = ("note", "uses", "expires_at")
    readonly_shown = ("note", "state", "used", "uses", "expires_at", "revoked_at")
    actions = ("revoke",)

    @admin.display(description="State")
    def state(self, invitation: Invitation) -> str:
        return invitation.state(timezone.now())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is None else self.readonly_shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.readonly_shown

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"uses": 1, "expires_at": timezone.now() + _INVITATION_LASTS}

    def save_model(
        self,
        request: HttpRequest,
        obj: Invitation,
        form: ModelForm[Invitation],
        change: bool,
    ) -> None:
        made, token = invitations.invitation_create(
            note=obj.note,
            uses=obj.uses,
            expires_at=obj.expires_at,
            now=timezone.now(),
        )
        obj.pk, obj.token = made.pk, token  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: Any = None
    ) -> HttpResponse:
        """Show the link at once: a redirect would have to keep it somewhere."""
        token = obj.token  # type: ignore[attr-defined]
        link = settings.SITE_URL + reverse("accounts:invited", args=[token])
        context = {
            **self.admin_site.each_context(request),
            "title": "The invitation is made",
            "invitation": obj,
            "link": link,
        }
        template = "admin/accounts/invitation/made.html"
        return TemplateResponse(request, template, context)

    @admin.action(description="Take back", permissions=["change"])
    @confirmed("Take back", "Nobody comes in by these links any more.")
    def revoke(
        self, request: HttpRequest, queryset: models.QuerySet[Invitation]
    ) -> None:
        for invitation in queryset:
            invitations.invitation_revoke(invitation=invitation, now=timezone.now())
            self.log_change(request, invitation, "Taken back.")
        self.message_user(request, "Nobody comes in by these any more.")


admin.site.unregister(EmailAddress)


@admin.register(EmailAddress)
class AddressAdmin(EmailAddressAdmin):  # type: ignore[misc]
    """allauth's own, which asks before it believes several addresses."""

    @admin.action(description="Believe these addresses", permissions=["change"])
    @confirmed("Believe these addresses", "Mails go there without a proof of theirs.")
    def make_verified(
        self, request: HttpRequest, queryset: models.QuerySet[EmailAddress]
    ) -> None:
        super().make_verified(request, queryset)
