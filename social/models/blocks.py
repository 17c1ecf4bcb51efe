"""Who does not want to meet whom."""

from typing import Self

from django.conf import settings
from django.db import models


class BlockQuerySet(models.QuerySet["Block"]):
    def hidden_from(self, person_id: int) -> set[int]:
        """Return ids of everyone this person blocked or was blocked by."""
        pairs = self.filter(
            models.Q(blocker_id=person_id) | models.Q(blocked_id=person_id)
        ).values_list("blocker_id", "blocked_id")
        return {a if b == person_id else b for a, b in pairs}

    def made_by(self, person_id: int) -> Self:
        """The blocks of one person, the newest first."""
        rows = self.filter(blocker_id=person_id).select_related("blocked")
        return rows.order_by("-created_at", "-pk")

    def called(self, handle: str) -> Self:
        """Blocks of whoever had this handle when they were blocked."""
        unnamed = models.Q(handle="", blocked__handle=handle)
        return self.filter(models.Q(handle=handle) | unnamed)


class Block(models.Model):
    """One person does not want to meet another. It hides both from each other.

    ``handle`` and ``name`` are those of that day: who takes others afterwards is not
    followed by the list of the one who blocked them.
    """

    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks"
    )
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocked_by"
    )
    handle = models.CharField(max_length=30, blank=True)
    name = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField()

    objects = BlockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["blocker", "blocked"], name="block_unique_pair"
            ),
            models.CheckConstraint(
                condition=~models.Q(blocker=models.F("blocked")),
                name="block_no_self",
                violation_error_message="You cannot block yourself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocked {self.blocked_id}"

    @property
    def known_handle(self) -> str:
        return self.handle or self.blocked.handle or ""

    @property
    def known_name(self) -> str:
        return self.name or self.known_handle
