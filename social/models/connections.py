"""Two people who want to know each other, and how they came to it."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Greatest, Least

from social.models.cards import WithCard, card_constraint, text_constraint

if TYPE_CHECKING:
    from accounts.models import User

NOTE_LENGTH = 300
# How long a pair rests after a decline before the same person may ask again.
REST = timedelta(days=30)


class NoSuchMove(Exception):
    """A connection cannot go from the one state to the other."""


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

    def with_people(self) -> Self:
        return self.select_related("requester", "addressee")

    def with_any_of(
        self, person_id: int, people: "models.QuerySet[User, Any] | Collection[int]"
    ) -> Self:
        """This person's rows whose other side is among ``people``."""
        return self.filter(
            models.Q(requester_id=person_id, addressee__in=people)
            | models.Q(addressee_id=person_id, requester__in=people)
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

    def unanswered(self, person_id: int) -> Self:
        """What this person asked and got no answer to, as far as they can know.

        Also what they took back, and what a block of either ended: it was asked all
        the same, and no count tells of a block.
        """
        states = (
            Connection.State.REQUESTED,
            Connection.State.DECLINED,
            Connection.State.WITHDRAWN,
            Connection.State.REMOVED,
        )
        return self.filter(
            requester_id=person_id, state__in=states, accepted_at__isnull=True
        )

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
        State.DECLINED: frozenset(
            {State.REQUESTED, State.ACCEPTED, State.DECLINED, State.WITHDRAWN}
        ),
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

    @property
    def is_accepted(self) -> bool:
        return self.state == self.State.ACCEPTED

    @property
    def is_open(self) -> bool:
        """Whether the requester waits for an answer, as far as they can know."""
        return self.state in (self.State.REQUESTED, self.State.DECLINED)

    def may_become(self, state: str) -> bool:
        return state in self.MOVES[self.state]

    def move(self, state: str, now: datetime) -> None:
        """Go to a state, unsaved; raises :class:`NoSuchMove` from where none leads."""
        if not self.may_become(state):
            raise NoSuchMove(f"{self.state} to {state}")
        self.state = state
        self.changed_at = now

    def is_wish_of(self, person_id: int) -> bool:
        """Whether this person asked, and the request stands for them."""
        return self.is_open and self.requester_id == person_id

    def rests_for(self, person_id: int, now: datetime) -> bool:
        """Whether what this person asks is declined unseen for now."""
        return (
            self.rests_id == person_id
            and self.rest_until is not None
            and now < self.rest_until
        )

    @property
    def may_be_asked_again_at(self) -> datetime:
        """When an unanswered request may be made anew, whether declined or not."""
        return self.requested_at + REST

    def standing_for(self, person_id: int) -> str:
        """Say ``accepted``, ``sent`` or ``incoming`` as this person sees it, or ""."""
        if self.is_accepted:
            return "accepted"
        if self.is_wish_of(person_id):
            return "sent"
        is_asked = self.addressee_id == person_id
        return "incoming" if is_asked and self.state == self.State.REQUESTED else ""

    def partner_id(self, person_id: int) -> int:
        """The other of the two."""
        is_asker = person_id == self.requester_id
        return self.addressee_id if is_asker else self.requester_id

    def partner_of(self, person_id: int) -> "User":
        return self.addressee if person_id == self.requester_id else self.requester
