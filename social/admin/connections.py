"""Connections and requests, to look at. Notes are read in cases only."""

from django.contrib import admin
from django.utils.safestring import SafeString

from social.admin.looking import LookingAdmin, person_link
from social.models import Connection


@admin.register(Connection)
class ConnectionAdmin(LookingAdmin):
    list_display = ("public_id", "who", "whom", "state", "changed_at")
    list_select_related = ("requester", "addressee")
    list_filter = ("state", "requested_at", "changed_at")
    search_fields = ("requester__handle", "addressee__handle", "=public_id")
    ordering = ("-changed_at", "-pk")
    fields = (
        "public_id",
        "who",
        "whom",
        "state",
        "requested_at",
        "changed_at",
        "accepted_at",
        "rest_until",
    )
    readonly_fields = fields

    @admin.display(description="Who asked last")
    def who(self, connection: Connection) -> SafeString | str:
        return person_link(connection.requester)

    @admin.display(description="Whom")
    def whom(self, connection: Connection) -> SafeString | str:
        return person_link(connection.addressee)
