"""Threads and messages, to look at. What was written is read in cases only."""

from django.contrib import admin
from django.utils.safestring import SafeString

from social.admin.looking import LookingAdmin, person_link, row_link
from social.models import Message, Thread


@admin.register(Thread)
class ThreadAdmin(LookingAdmin):
    list_display = ("public_id", "one", "other", "created_at")
    list_select_related = ("low", "high")
    list_filter = ("created_at",)
    search_fields = ("low__handle", "high__handle", "=public_id")
    ordering = ("-created_at", "-pk")
    fields = ("public_id", "one", "other", "created_at")
    readonly_fields = fields

    @admin.display(description="One")
    def one(self, thread: Thread) -> SafeString | str:
        return person_link(thread.low)

    @admin.display(description="The other")
    def other(self, thread: Thread) -> SafeString | str:
        return person_link(thread.high)


@admin.register(Message)
class MessageAdmin(LookingAdmin):
    list_display = ("public_id", "who", "sent_at", "removed_at")
    list_select_related = ("sender",)
    list_filter = ("sent_at", ("removed_at", admin.EmptyFieldListFilter))
    search_fields = ("sender__handle", "=public_id")
    ordering = ("-pk",)
    fields = ("public_id", "who", "in_thread", "sent_at", "removed_at")
    readonly_fields = fields

    @admin.display(description="Who wrote it")
    def who(self, message: Message) -> SafeString | str:
        return person_link(message.sender)

    @admin.display(description="Thread")
    def in_thread(self, message: Message) -> SafeString:
        return row_link(message.thread, str(message.thread.public_id))
