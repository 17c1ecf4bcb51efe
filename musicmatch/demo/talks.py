"""What waits for the person a visitor tries the demonstration as."""

import uuid
from datetime import datetime, timedelta

from accounts.models import User
from matching.leaderboard import Filters, leaderboard_for
from social.affinity import Card, why_of
from social.models import CardKind
from social.services import connection_request, message_send

_TALKS = (
    (
        (
            "them",
            "You are the first person here who has this as well. Which one first?",
        ),
        ("me", "The live recording, always. You?"),
        ("them", "The one before it, at night. I owe you a tape."),
    ),
    (
        ("me", "I put this on this morning because your list said so."),
        ("them", "And? I have had it on for three days."),
    ),
)
_NOTES = (
    "Our lists meet at the far end of the shelf. Shall we compare notes?",
    "I have been looking for somebody who knows this one.",
)


def begin_talks(viewer: User, *, now: datetime) -> int:
    """Let those closest to the viewer write with them, and the next ones ask.

    Returns how many of them there were.
    """
    board = leaderboard_for(viewer, Filters(), page=None, now=now)
    handles = [entry.handle for entry in board.entries if entry.score]
    wanted = handles[: len(_TALKS) + len(_NOTES)]
    by_handle = {p.handle: p for p in User.objects.filter(handle__in=wanted)}
    people = [by_handle[handle] for handle in wanted]
    close, asking = people[: len(_TALKS)], people[len(_TALKS) :]
    for number, (person, talk) in enumerate(zip(close, _TALKS, strict=False)):
        _talk(viewer, person, talk, since=now - timedelta(days=number + 1, hours=3))
    for number, (person, note) in enumerate(zip(asking, _NOTES, strict=False)):
        connection_request(
            requester=person,
            addressee=viewer,
            note=note,
            card=_card(person, viewer),
            now=now - timedelta(hours=5 * number + 2),
        )
    return len(people)


def _talk(
    viewer: User, person: User, talk: tuple[tuple[str, str], ...], *, since: datetime
) -> None:
    card = _card(viewer, person)
    connection_request(requester=viewer, addressee=person, now=since)
    connection_request(requester=person, addressee=viewer, now=since)
    for number, (who, body) in enumerate(talk):
        sender, recipient = (viewer, person) if who == "me" else (person, viewer)
        message_send(
            sender=sender,
            recipient=recipient,
            body=body,
            card=card if number == 0 else None,
            once_key=uuid.uuid4(),
            now=since + timedelta(minutes=20 * (number + 1)),
        )


def _card(one: User, other: User) -> Card | None:
    """The artist that says most of the two, where they share any."""
    why = why_of(one, [other.pk]).get(other.pk)
    return Card(CardKind.ARTIST, why.artists[0]) if why and why.artists else None
