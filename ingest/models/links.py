"""That people use sources."""

from django.conf import settings
from django.db import models

from ingest.sources.registry import source_choices


class SourceLink(models.Model):
    """That a person uses a source, and how it stands with it."""

    class State(models.TextChoices):
        CONNECTED = "connected", "Connected"
        NEEDS_RECONNECT = "needs_reconnect", "Needs to be connected again"
        NOT_ALLOWED = "not_allowed", "Not on the list of this site's Spotify app"
        FAILED = "failed", "The latest import failed"

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="source_links"
    )
    source = models.CharField(max_length=12, choices=source_choices)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.CONNECTED
    )
    reason = models.CharField(max_length=300, blank=True)
    # The name at the service, where it is how the listening is asked for. Shown to
    # nobody but the person.
    user_name = models.CharField(max_length=200, blank=True)
    # Switched off, a source stays as it is and leaves the taste.
    is_used = models.BooleanField(default=True)
    # What the newest listen imported is called at the service.
    cursor = models.CharField(max_length=40, blank=True)
    connected_at = models.DateTimeField()
    latest_import_at = models.DateTimeField(null=True, blank=True)
    latest_recent_at = models.DateTimeField(null=True, blank=True)
    next_import_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "source"], name="sourcelink_unique_pair"
            )
        ]
        indexes = [
            # Beat asks every minute whose daily refresh is due.
            models.Index(fields=["next_import_at"], name="sourcelink_due")
        ]

    def __str__(self) -> str:
        return f"{self.source} of {self.person_id}"

    @property
    def needs_consent(self) -> bool:
        """Whether trying again is in vain until the person connects anew."""
        return self.state in {self.State.NEEDS_RECONNECT, self.State.NOT_ALLOWED}


def is_switched_off(row: str = "") -> models.Exists:
    """Whether a row came from a source that its person has switched off.

    ``row`` is the path to it, with the two underscores at its end.
    """
    return models.Exists(
        SourceLink.objects.filter(
            person=models.OuterRef(f"{row}person"),
            source=models.OuterRef(f"{row}source"),
            is_used=False,
        )
    )
