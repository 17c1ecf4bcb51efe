"""What the pages of conversations show, read for one viewer.

A conversation is there for whom its other person is; and for whom they left behind.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from accounts import handles
from accounts.models import User
from accounts.throttle import MESSAGE
from social.models import Connection, Message, Thread, ThreadSide
from social.statements import SOMEBODYS, kept
from social.visibility import is_visible_to

CONVERSATIONS = 20
MESSAGES = 30
_MOMENT = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True, slots=True)
class Conversations:
    """One page of sides, the newest first; ``older`` is the cursor of the next one."""

    sides: Sequence[ThreadSide]
    older: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A thread as the viewer has it.

    ``person`` is None when they left; ``is_open`` says that the two may write, and
    ``left`` how many messages the viewer still has within this hour.
    """

    viewer: User
    person: User | None
    thread: Thread
    is_open: bool
    unread: int
    left: int

    @property
    def someone(self) -> User:
        """Return who is there to be written to; raises ``Http404`` when they left."""
        if self.person is None:
            raise Http404
        return self.person


@dataclass(frozen=True, slots=True)
class Line:
    """A message as its reader meets it.

    ``day`` says the day where a new one begins; ``starts_new`` marks the first message
    they had not seen.
    """

    message: Message
    is_mine: bool
    day: str
    starts_new: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Messages in the order they were written, and whether older ones are there."""

    lines: Sequence[Line]
    has_older: bool = False

    @property
    def first(self) -> Message | None:
        return self.lines[0].message if self.lines else None

    @property
    def latest(self) -> Message | None:
        return self.lines[-1].message if self.lines else None

    def unseen_by(self, viewer: User) -> list[int]:
        """Ids of what this page shows the viewer for the first time."""
        return [line.message.pk for line in self.lines if _is_new(line.message, viewer)]


# --- Conversations --------------------------------------------------------


def conversations_of(viewer: User, *, cursor: str = "") -> Conversations:
    """Read a page of the viewer's conversations; a cursor that is none begins anew."""
    is_there = Q(is_visible_to(viewer, "other")) | Q(other__isnull=True)
    sides = ThreadSide.objects.of(viewer.pk).filter(is_there)
    place = _place_of(cursor)
    if place is not None:
        sides = sides.older_than(*place)
    sides = sides.select_related("other", "last_message", "thread").newest_first()
    found = list(sides[: CONVERSATIONS + 1])
    page = found[:CONVERSATIONS]
    return Conversations(page, _cursor(page[-1]) if len(found) > len(page) else "")


def _cursor(side: ThreadSide) -> str:
    moment = side.last_message_at.astimezone(UTC)
    return f"{moment.strftime(_MOMENT)}-{side.thread.public_id}"


def _place_of(cursor: str) -> tuple[datetime, uuid.UUID] | None:
    moment, _, thread = cursor.partition("-")
    try:
        when = datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC)
        return when, uuid.UUID(thread)
    except ValueError:
        return None


# --- One thread -----------------------------------------------------------


def newest_or_404(viewer: User, handle: str) -> uuid.UUID | None:
    """Return the public id of the last message of a thread, None for an empty one.

    One query that reads nothing else: pages ask it every few seconds.
    """
    if not viewer.is_present:
        raise Http404
    found = _newest(viewer).answer(viewer, handles.normalise(handle))
    if found is None:
        raise Http404
    return uuid.UUID(str(found[0])) if found[0] else None


@kept
def _newest(viewer: User) -> QuerySet[Any, Any]:
    sides = _with(viewer, SOMEBODYS)
    return sides.values_list("last_message__public_id", flat=True)[:1]


def talk_or_404(viewer: User, handle: str, *, now: datetime) -> Talk:
    """Return the viewer's thread with a person they may see, in one query."""
    return _talk_or_404(viewer, _with(viewer, handle), now)


def left_talk_or_404(viewer: User, thread: uuid.UUID, *, now: datetime) -> Talk:
    """Return the viewer's thread with someone who deleted their account."""
    sides = ThreadSide.objects.of(viewer.pk).left_behind()
    return _talk_or_404(viewer, sides.filter(thread__public_id=thread), now)


def _with(viewer: User, handle: str) -> QuerySet[ThreadSide]:
    sides = ThreadSide.objects.filter(is_visible_to(viewer, "other"), person=viewer)
    return sides.filter(other__handle=handles.normalise(handle))


def _talk_or_404(viewer: User, sides: QuerySet[ThreadSide], now: datetime) -> Talk:
    full = sides.select_related("other", "thread").annotate(
        is_open=Exists(_connection()),
        sent=_sent_lately(viewer, now),
    )
    side = full.first()
    if side is None:
        raise Http404
    return Talk(
        viewer,
        side.other,
        side.thread,
        is_open=side.is_open,
        unread=side.unread if side.other else 0,
        left=max(0, MESSAGE.times - side.sent),
    )


def _sent_lately(viewer: User, now: datetime) -> Coalesce:
    sent = Message.objects.sent_since(viewer.pk, MESSAGE.since(now))
    number = sent.order_by().values("sender").annotate(number=Count("pk"))
    return Coalesce(Subquery(number.values("number")), 0)


def _connection() -> QuerySet[Connection]:
    asked = Q(requester=OuterRef("person"), addressee=OuterRef("other"))
    answered = Q(requester=OuterRef("other"), addressee=OuterRef("person"))
    return Connection.objects.accepted().filter(asked | answered)


def lines_of(talk: Talk, *, now: datetime, before: uuid.UUID | None = None) -> Lines:
    """Read the newest messages of a thread, or those before one of them."""
    messages = Message.objects.filter(thread=talk.thread)
    if before is not None:
        messages = messages.before(before)
    found = list(messages.newest_first()[: MESSAGES + 1])
    shown = found[:MESSAGES][::-1]
    lines = _laid_out(shown, talk.viewer, now, marks_new=True)
    return Lines(lines, has_older=len(found) > len(shown))


def lines_after(talk: Talk, *, after: uuid.UUID | None, now: datetime) -> Lines:
    """Read what came after a message, or everything when there was none."""
    messages = Message.objects.filter(thread=talk.thread)
    if after is not None:
        messages = messages.from_on(after)
    found = list(messages.order_by("pk")[: MESSAGES + 1])
    lines = _laid_out(found, talk.viewer, now, marks_new=False)
    # The known message was read to know its day.
    return Lines(lines if after is None else lines[1:])


def _laid_out(
    messages: Iterable[Message], viewer: User, now: datetime, *, marks_new: bool
) -> list[Line]:
    lines: list[Line] = []
    day, awaits_new = None, marks_new
    for message in messages:
        sent_on = timezone.localdate(message.sent_at)
        starts_new = awaits_new and _is_new(message, viewer)
        awaits_new = awaits_new and not starts_new
        words = _day_in_words(message.sent_at, now) if sent_on != day else ""
        is_mine = message.sender_id == viewer.pk
        lines.append(Line(message, is_mine, words, starts_new))
        day = sent_on
    return lines


def _is_new(message: Message, viewer: User) -> bool:
    return message.seen_at is None and message.sender_id != viewer.pk


def _day_in_words(moment: datetime, now: datetime) -> str:
    day, today = timezone.localdate(moment), timezone.localdate(now)
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A} {day.day} {day:%B %Y}"
