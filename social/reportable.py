"""What someone may report of someone else, and how it is kept as it was."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import Http404

from accounts.models import User
from social.models import Block, Connection, Message, Report, Thread
from social.models.cards import WithCard
from social.visibility import people_visible_to

# The last of a thread, when the reporter says they may be read.
MESSAGES_KEPT = 10


@dataclass(frozen=True, slots=True)
class Reportable:
    """``kept`` is the reported text as it is; empty for a person and a profile."""

    person: User
    name: str
    is_visible: bool
    subject: str
    key: str = ""
    kept: dict[str, str] = field(default_factory=dict)
    written_at: datetime | None = None
    thread: Thread | None = None

    @property
    def query(self) -> str:
        """Return the part of the address that names this subject."""
        names = {"message": "message", "note": "note"}
        if self.subject in names:
            return f"?{names[self.subject]}={self.key}"
        return "?profile=1" if self.subject == Report.Subject.PROFILE else ""


def reportable_or_404(
    viewer: User, handle: str, asked: Mapping[str, Any]
) -> Reportable:
    """Return what an address asks to report; missing and not for them are one 404.

    ``asked`` may hold ``message`` or ``note``, a public id, or ``profile``.
    """
    person = User.objects.with_handle(handle).filter(joined_at__isnull=False).first()
    if person is None or person.pk == viewer.pk:
        raise Http404
    is_visible = people_visible_to(viewer).filter(pk=person.pk).exists()
    thread = _thread_of(viewer, person)
    if not (is_visible or thread or _had_to_do_with(viewer, person)):
        raise Http404
    # Of someone one cannot see, nothing is told: not even what they are called now.
    name = person.shown_name if is_visible else f"@{person.handle}"
    subject = _subject_of(viewer, person, thread, asked)
    return Reportable(person, name, is_visible, thread=thread, **subject)


def snapshot_of(thing: Reportable, *, may_read_messages: bool) -> dict[str, Any]:
    """Return what is reported as it is now. It names no reporter.

    ``messages`` are the last of the thread, oldest first, each ``from`` the
    ``person`` or the ``reporter``; they are left out unless they may be read.
    """
    person = thing.person
    kept: dict[str, Any] = {
        "person": {
            "handle": person.handle,
            "display_name": person.display_name,
            "bio": person.bio,
        },
        "text": thing.kept,
    }
    if may_read_messages and thing.thread is not None:
        latest = thing.thread.messages.newest_first()[:MESSAGES_KEPT]
        kept["messages"] = [_line(message, person) for message in reversed(latest)]
    return kept


def _line(message: Message, person: User) -> dict[str, str]:
    is_theirs = message.sender_id == person.pk
    return {"from": "person" if is_theirs else "reporter", **_text_of(message)}


def _text_of(message: Message) -> dict[str, str]:
    return {
        "body": message.body,
        "card": _card_of(message),
        "at": message.sent_at.isoformat(),
    }


def _card_of(row: WithCard) -> str:
    if row.card_artist:
        return f"{row.card_name} by {row.card_artist}"
    return row.card_name


def _thread_of(viewer: User, person: User) -> Thread | None:
    low, high = sorted((viewer.pk, person.pk))
    return Thread.objects.filter(low_id=low, high_id=high).first()


def _had_to_do_with(viewer: User, person: User) -> bool:
    # Around visibility on purpose: whoever threatens and then blocks, hides or
    # pauses can still be reported by those they wrote to, and after one's own block.
    pairs = Connection.objects.between(viewer.pk, person.pk)
    blocks = Block.objects.filter(blocker=viewer, blocked=person)
    return pairs.exists() or blocks.exists()


def _subject_of(
    viewer: User, person: User, thread: Thread | None, asked: Mapping[str, Any]
) -> dict[str, Any]:
    if "message" in asked:
        return _message_subject(person, thread, _uuid_or_404(asked["message"]))
    if "note" in asked:
        return _note_subject(viewer, person, _uuid_or_404(asked["note"]))
    if "profile" in asked:
        return {"subject": Report.Subject.PROFILE}
    return {"subject": Report.Subject.PERSON}


def _message_subject(
    person: User, thread: Thread | None, public_id: uuid.UUID
) -> dict[str, Any]:
    theirs = Message.objects.filter(sender=person, removed_at__isnull=True)
    message = theirs.filter(thread=thread, public_id=public_id).first()
    if thread is None or message is None:
        raise Http404
    return {
        "subject": Report.Subject.MESSAGE,
        "key": str(public_id),
        "kept": _text_of(message),
        "written_at": message.sent_at,
    }


def _note_subject(viewer: User, person: User, public_id: uuid.UUID) -> dict[str, Any]:
    asked = Connection.objects.filter(requester=person, addressee=viewer)
    # A note asked again after a decline was never on a page of the one it is for.
    can_know = Q(seen_at__isnull=False) | Q(state=Connection.State.REQUESTED)
    request = asked.filter(can_know, public_id=public_id).exclude(note="").first()
    if request is None:
        raise Http404
    return {
        "subject": Report.Subject.NOTE,
        "key": str(public_id),
        "kept": {
            "body": request.note,
            "card": _card_of(request),
            "at": request.requested_at.isoformat(),
        },
        "written_at": request.requested_at,
    }


def _uuid_or_404(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Http404 from error
