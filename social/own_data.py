"""What the site holds between a person and others, to hand over.

Others are named by their handles, and only those whom the person may see on the site:
of someone else nothing is told that was not the person's own.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.own_data import Part, Row
from social.models import (
    Block,
    Connection,
    Mail,
    MailChoice,
    Message,
    Notice,
    Report,
    Topic,
)
from social.models.cards import WithCard
from social.visibility import people_visible_to

_CHUNK = 2000
_State = Connection.State


def parts_of(person: User) -> Iterator[Part]:
    """Return blocks, connections, messages, reports, notices and mails."""
    yield Part("blocked.json", "People you blocked.", _blocks(person))
    yield Part(
        "connections.json",
        "Whom you are or were connected with, asked, or were asked by, with the notes.",
        _connections(person),
    )
    yield Part(
        "messages.json",
        "What you wrote, and what was written to you in conversations you can still"
        " open. “with” is empty for someone who left or whom you do not see.",
        _messages(person),
    )
    yield Part("reports.json", "What you reported to the moderators.", _reports(person))
    yield Part(
        "notices.json",
        "What moderators told you, and what you answered.",
        _notices(person),
    )
    yield Part(
        "mails.json",
        "Which mails you want, and which were sent to you.",
        _mails(person),
    )


def _handles(person: User) -> dict[int, str | None]:
    """Read the handles of those the person may see and had anything to do with."""
    met = Q(connections_asked__addressee=person) | Q(
        connections_offered__requester=person
    )
    others = people_visible_to(person).filter(
        met | Q(thread_sides__other=person) | Q(reports_about__reporter=person)
    )
    return dict(others.distinct().values_list("pk", "handle"))


def _blocks(person: User) -> Iterator[Row]:
    for block in Block.objects.made_by(person.pk).reverse():
        yield {"handle": block.known_handle, "blocked_at": block.created_at}


# --- Connections ----------------------------------------------------------


def _connections(person: User) -> Iterator[Row]:
    handles = _handles(person)
    rows = Connection.objects.of(person.pk).order_by("requested_at", "pk")
    for row in rows.iterator(_CHUNK):
        is_mine = row.requester_id == person.pk
        state = _state_of(row, is_mine=is_mine)
        handle = handles.get(row.partner_id(person.pk))
        if handle is None or not state:
            continue
        yield {
            "with": handle,
            "asked_by": "you" if is_mine else "them",
            "state": state,
            "note": row.note,
            "card": _card(row),
            "requested_at": row.requested_at,
            "connected_at": row.accepted_at,
        }


def _state_of(row: Connection, *, is_mine: bool) -> str:
    """Return the state as this side knows it, "" where it knows nothing of it.

    A decline looks like waiting to who asked. What was asked within a rest, or taken
    back, never came to the one it was for.
    """
    if row.is_accepted:
        return "connected"
    if is_mine:
        return _OWN_STATES.get(row.state, "sent")
    if row.state == _State.REQUESTED:
        return "incoming"
    was_met = row.seen_at is not None or row.accepted_at is not None
    return _THEIR_STATES.get(row.state, "") if was_met else ""


_OWN_STATES = {_State.WITHDRAWN.value: "taken back", _State.REMOVED.value: "ended"}
_THEIR_STATES = {_State.DECLINED.value: "put aside", _State.REMOVED.value: "ended"}


# --- Messages -------------------------------------------------------------


def _messages(person: User) -> Iterator[Row]:
    handles = _handles(person)
    mine = Q(thread__low=person) | Q(thread__high=person)
    may_read = Q(sender=person) | Q(sender__in=people_visible_to(person))
    rows = Message.objects.filter(mine & may_read).select_related("thread")
    for message in rows.order_by("thread", "pk").iterator(_CHUNK):
        thread, is_mine = message.thread, message.sender_id == person.pk
        other = thread.high_id if thread.low_id == person.pk else thread.low_id
        yield {
            "thread": thread.public_id,
            "with": handles.get(other or 0),
            "from": "you" if is_mine else "them",
            "text": message.body,
            "card": _card(message),
            "sent_at": message.sent_at,
            "removed_at": message.removed_at,
        }


def _card(row: WithCard) -> Row | None:
    if not row.has_card:
        return None
    return {"kind": row.card_kind, "name": row.card_name, "artist": row.card_artist}


# --- Moderation and mails -------------------------------------------------


def _reports(person: User) -> Iterator[Row]:
    handles = _handles(person)
    rows = Report.objects.filter(reporter=person).order_by("created_at", "pk")
    for row in rows:
        yield {
            "about": handles.get(row.person_id or 0),
            "subject": row.subject,
            "reason": row.reason,
            "words": row.words,
            "moderators_may_read_messages": row.may_read_messages,
            "state": row.state,
            "created_at": row.created_at,
            "decided_at": row.decided_at,
        }


def _notices(person: User) -> Iterator[Row]:
    rows = Notice.objects.of(person.pk).with_decision().order_by("created_at", "pk")
    for row in rows:
        is_own = row.kind != Notice.Kind.REPORT
        yield {
            "id": row.public_id,
            "kind": row.kind,
            "decision": row.action.verb if is_own else None,
            "rule": row.action.rule if is_own else None,
            "reason": row.action.reason if is_own else None,
            "until": row.action.until if is_own else None,
            "facts": row.facts,
            "created_at": row.created_at,
            "seen_at": row.seen_at,
            "appeal": _appeal(row),
        }


def _appeal(notice: Notice) -> Row | None:
    appeal = getattr(notice, "appeal", None)
    if appeal is None:
        return None
    return {
        "words": appeal.words,
        "state": appeal.state,
        "created_at": appeal.created_at,
        "decided_at": appeal.decided_at,
    }


def _mails(person: User) -> Row:
    choice = MailChoice.objects.filter(person=person).first() or MailChoice()
    sent: QuerySet[Any] = Mail.objects.filter(person=person).order_by("created_at")
    return {
        "wanted": [topic.value for topic in Topic if choice.wants(topic)],
        "sent": list(sent.values("topic", "created_at", "sent_at")),
    }
