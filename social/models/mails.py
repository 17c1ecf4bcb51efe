"""Which mails a person asked for, and which they were sent."""

from django.conf import settings
from django.db import models


class Topic(models.TextChoices):
    """What a mail may be about; each can be switched off alone."""

    REQUESTS = "requests", "Someone asks to connect"
    ACCEPTED = "accepted", "Someone accepts my request"
    MESSAGES = "messages", "The first unread message of a conversation"
    DECISIONS = "decisions", "Moderators decide something about me"


class MailChoice(models.Model):
    """The topics of one person. Nobody gets a mail they did not ask for.

    But a decision is told, until its person says no.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_choice"
    )
    requests = models.BooleanField(default=False)
    accepted = models.BooleanField(default=False)
    messages = models.BooleanField(default=False)
    decisions = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"Mails of {self.person_id}"

    def wants(self, topic: str) -> bool:
        return bool(getattr(self, topic))


class Mail(models.Model):
    """A mail that was sent, or is yet to be tried again: never sent twice."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mails"
    )
    topic = models.CharField(max_length=9, choices=Topic.choices)
    # The public id of what it is about.
    key = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "topic", "key"], name="mail_sent_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} to {self.person_id}"
