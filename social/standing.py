"""How the viewer stands with other people: connected, asked, asked by them, or not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from social.models import Connection


@dataclass(frozen=True, slots=True)
class Standing:
    """``state`` is ``accepted``, ``sent``, ``incoming`` or "" for none of these."""

    state: str = ""
    connection: Connection | None = None

    @property
    def is_connected(self) -> bool:
        return self.state == "accepted"

    def may_be_renewed(self, now: datetime) -> bool:
        """Whether one's own request is so old that it may be made anew."""
        pair = self.connection
        return (
            pair is not None
            and self.state == "sent"
            and now >= pair.may_be_asked_again_at
        )


def states_for(viewer: User, ids: Collection[int]) -> dict[int, str]:
    """Return the state with each of these people, in one query; without one, none."""
    pairs = Connection.objects.with_any_of(viewer.pk, ids)
    found = {c.partner_id(viewer.pk): c.standing_for(viewer.pk) for c in pairs}
    return {person: state for person, state in found.items() if state}


def standing_of(viewer: User, person: User) -> Standing:
    """Return the state with one person, in one query."""
    pair = Connection.objects.between(viewer.pk, person.pk).with_people().first()
    state = pair.standing_for(viewer.pk) if pair is not None else ""
    return Standing(state, pair) if state else Standing()
