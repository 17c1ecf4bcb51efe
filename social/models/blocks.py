"""Who does not want to meet whom."""

from django.conf import settings
from django.db import models


class BlockQuerySet(models.QuerySet["Block"]):
    def hidden_from(self, person_id: int) -> set[int]:
        """Return ids of everyone this person blocked or was blocked by."""
        pairs = self.filter(
            models.Q(blocker_id=person_id) | models.Q(blocked_id=person_id)
        ).values_list("blocker_id", "blocked_id")
        return {a if b == person_id else b for a, b in pairs}


class Block(models.Model):
    """One person does not want to meet another. It hides both from each other."""

    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks"
    )
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocked_by"
    )
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
