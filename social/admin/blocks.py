"""Who blocked whom, to look at."""

from django.contrib import admin
from django.utils.safestring import SafeString

from social.admin.looking import LookingAdmin, person_link
from social.models import Block


@admin.register(Block)
class BlockAdmin(LookingAdmin):
    list_display = ("created_at", "who", "whom")
    list_select_related = ("blocker", "blocked")
    list_filter = ("created_at",)
    search_fields = ("blocker__handle", "blocked__handle")
    ordering = ("-created_at", "-pk")
    fields = ("who", "whom", "created_at")
    readonly_fields = fields

    @admin.display(description="Who blocked")
    def who(self, block: Block) -> SafeString | str:
        return person_link(block.blocker)

    @admin.display(description="Whom")
    def whom(self, block: Block) -> SafeString | str:
        return person_link(block.blocked)
