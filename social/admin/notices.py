"""What people were told, to look at."""

from django.contrib import admin
from django.utils.safestring import SafeString

from social.admin.looking import LookingAdmin, person_link, row_link
from social.models import Notice


@admin.register(Notice)
class NoticeAdmin(LookingAdmin):
    list_display = ("created_at", "whom", "kind", "about", "seen_at")
    list_select_related = ("person", "action")
    list_filter = ("kind", "created_at", ("seen_at", admin.EmptyFieldListFilter))
    search_fields = ("person__handle",)
    ordering = ("-created_at", "-pk")
    fields = ("whom", "kind", "about", "facts", "created_at", "seen_at")
    readonly_fields = fields

    @admin.display(description="To")
    def whom(self, notice: Notice) -> SafeString | str:
        return person_link(notice.person)

    @admin.display(description="Of what")
    def about(self, notice: Notice) -> SafeString:
        return row_link(notice.action, str(notice.action))
