"""Mails that were sent and the choices about them, to look at."""

from django.contrib import admin
from django.utils.safestring import SafeString

from social.admin.looking import LookingAdmin, person_link
from social.models import Mail, MailChoice


@admin.register(Mail)
class MailAdmin(LookingAdmin):
    list_display = ("created_at", "whom", "topic", "sent_at")
    list_select_related = ("person",)
    list_filter = ("topic", "created_at", ("sent_at", admin.EmptyFieldListFilter))
    search_fields = ("person__handle",)
    ordering = ("-created_at", "-pk")
    fields = ("whom", "topic", "key", "created_at", "sent_at")
    readonly_fields = fields

    @admin.display(description="To")
    def whom(self, mail: Mail) -> SafeString | str:
        return person_link(mail.person)


@admin.register(MailChoice)
class MailChoiceAdmin(LookingAdmin):
    list_display = ("whom", "requests", "accepted", "messages", "decisions")
    list_display_links = ("requests",)
    list_select_related = ("person",)
    list_filter = ("requests", "accepted", "messages", "decisions")
    search_fields = ("person__handle",)
    ordering = ("pk",)
    fields = ("whom", "requests", "accepted", "messages", "decisions")
    readonly_fields = fields

    @admin.display(description="Whose")
    def whom(self, choice: MailChoice) -> SafeString | str:
        return person_link(choice.person)
