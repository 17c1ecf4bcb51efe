"""Two people who want to know each other, and how they came to it."""

import uuid
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Greatest, Least

from social.models.cards import WithCard, card_constraint, text_constraint

NOTE_LENGTH = 300
# How long a pair rests after a decline before the same person may ask again.
REST = timedelta(days=30)


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def of(self, person_id: int) -> Self:
        return self.filter(
            models.Q(requester_id=person_id) | models.Q(addressee_id=person_id)
        )

    def between(self, a: int, b: int) -> Self:
        """The one row of a pair, whoever asked."""
        return self.filter(
            models.Q(requester_id=a, addressee_id=b)
            | models.Q(requester_id=b, addressee_id=a)
        )

    def accepted(self) -> Self:
        return self.filter(state=Connection.State.ACCEPTED)

    def incoming(self, person_id: int) -> Self:
        """Requests that wait for this person's answer."""
        return self.filter(addressee_id=person_id, state=Connection.State.REQUESTED)

    def sent(self, person_id: int) -> Self:
        """What this person asked and is not connected by; a decline looks the same."""
        states = (Connection.State.REQUESTED, Connection.State.DECLINED)
        return self.filter(requester_id=person_id, state__in=states)

    def partners_of(self, person_id: int) -> set[int]:
        """Ids of everyone this person is connected with."""
        pairs = self.of(person_id).accepted().values_list("requester", "addressee")
        return {a if b == person_id else b for a, b in pairs}


class Connection(WithCard):
    """One row for a pair of people, whatever happened between them.

    ``requester`` is who asked last. A declined request looks to them as one that is
    not answered yet; ``rest_until`` keeps it from being asked again before then.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "requested"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"
        REMOVED = "removed", "removed"

    # From each state, where it may go. A block goes to REMOVED from anywhere.
    MOVES: dict[str, frozenset[str]] = {
        State.REQUESTED: frozenset(
            {State.REQUESTED, State.ACCEPTED, State.DECLINED, State.WITHDRAWN}
        ),
        State.DECLINED: frozenset({State.REQUESTED, State.ACCEPTED, State.WITHDRAWN}),
        State.ACCEPTED: frozenset({State.REMOVED}),
        State.WITHDRAWN: frozenset({State.REQUESTED, State.DECLINED}),
        State.REMOVED: frozenset({State.REQUESTED, State.DECLINED}),
    }

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="connections_asked",
    )
    addressee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="connections_offered",
    )
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.REQUESTED
    )
    note = models.CharField(max_length=NOTE_LENGTH * 4, blank=True)
    requested_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    # Until then what the requester of that time asks again is declined unseen.
    rest_until = models.DateTimeField(null=True, blank=True)
    rests = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # When the addressee first had the request on a page.
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Least("requester", "addressee"),
                Greatest("requester", "addressee"),
                name="connection_unique_pair",
                violation_error_message="You two have a connection already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(requester=models.F("addressee")),
                name="connection_no_self",
                violation_error_message="You cannot connect with yourself.",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        "requested",
                        "accepted",
                        "declined",
                        "withdrawn",
                        "removed",
                    ]
                ),
                name="connection_state_is_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="accepted")
                | models.Q(accepted_at__isnull=False),
                name="connection_accepted_has_time",
            ),
            card_constraint("connection"),
            text_constraint("connection", "note", NOTE_LENGTH * 4),
        ]
        indexes = [
            # The lists of one person, newest first, and their counts.
            models.Index(
                fields=["requester", "state", "-changed_at"], name="connection_asked"
            ),
            models.Index(
                fields=["addressee", "state", "-changed_at"], name="connection_offered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requester_id} and {self.addressee_id}: {self.state}"

    def may_become(self, state: str) -> bool:
        return state in self.MOVES[self.state]

    def partner_id(self, person_id: int) -> int:
        """The other of the two."""
        is_asker = person_id == self.requester_id
        return self.addressee_id if is_asker else self.requester_id
