"""Asking to connect, answering, and what comes of it."""

import uuid
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from accounts.models import User
from accounts.throttle import OverLimit
from social import events
from social.affinity import Card
from social.allowance import asks_left, limited_until
from social.models import REST, Connection
from social.services.messages import message_send
from social.services.pairs import NoSuchPerson, visible_pair_lock
from social.services.threads import thread_open

_State = Connection.State


class Asked(StrEnum):
    """What came of asking, as far as the one who asked can know."""

    SENT = "sent"
    WAITING = "waiting"
    CONNECTED = "connected"


class MayNotAsk(Exception):
    """Moderators took asking away for a while."""


class NoSuchConnection(Exception):
    """For this person there is no such connection, or it is not theirs to answer."""


class NotOpen(Exception):
    """What was to be done came too late: the other one has done something else."""


# --- Asking ---------------------------------------------------------------


@transaction.atomic
def connection_request(
    *,
    requester: User,
    addressee: User,
    note: str = "",
    card: Card | None = None,
    now: datetime,
) -> Asked:
    """Ask someone to connect; where they asked as well, the two are connected.

    Then what was typed is the first message. Asking again changes nothing until the
    request is as old as a rest. Raises ``NoSuchPerson``, :class:`MayNotAsk` and
    ``OverLimit``, also that of messages.
    """
    asker, other = visible_pair_lock(requester.pk, addressee.pk)
    row = Connection.objects.between(asker.pk, other.pk).first()
    if row is None:
        row = Connection(requester=asker, addressee=other)
    elif row.is_accepted:
        return Asked.CONNECTED
    elif row.is_wish_of(other.pk):
        _connect(row, now)
        _say_first(asker, other, note=note, card=card, now=now)
        return Asked.CONNECTED
    elif row.is_wish_of(asker.pk) and now < row.may_be_asked_again_at:
        _let_rest_end(row, now)
        return Asked.WAITING
    _check_may_ask(asker, now)
    row.note = note
    row.card_kind, row.card_name = (card.kind, card.name) if card else ("", "")
    row.card_artist = card.artist if card else ""
    _ask(row, asker, other, now)
    return Asked.SENT


def _check_may_ask(asker: User, now: datetime) -> None:
    if limited_until(asker, now=now):
        raise MayNotAsk
    allowance = asks_left(asker, now=now)
    if allowance.until is not None:
        raise OverLimit(allowance.limit, allowance.until)


def _ask(row: Connection, asker: User, other: User, now: datetime) -> None:
    """Make the request anew; within a rest it is declined before anybody saw it."""
    rests = row.rests_for(asker.pk, now)
    row.move(_State.DECLINED if rests else _State.REQUESTED, now)
    row.requester, row.addressee = asker, other
    row.requested_at = now
    row.accepted_at = row.seen_at = None
    if rests:
        row.save()
        return
    _end_rest(row)
    row.save()
    events.request_made(row.pk)


def _let_rest_end(row: Connection, now: datetime) -> None:
    """Put a declined request before its addressee again when the rest is over.

    Its text and its time stay: to who asked, nothing may look different from a request
    that was waiting all along.
    """
    if row.state != _State.DECLINED or row.rests_for(row.requester_id, now):
        return
    row.move(_State.REQUESTED, now)
    row.seen_at = None
    _end_rest(row)
    row.save()
    events.request_made(row.pk)


def _end_rest(row: Connection) -> None:
    row.rests = row.rest_until = None


def _connect(row: Connection, now: datetime) -> None:
    row.move(_State.ACCEPTED, now)
    row.accepted_at = now
    _end_rest(row)
    row.save()
    thread_open(a=row.requester, b=row.addressee, now=now)
    events.request_accepted(row.pk)


def _say_first(
    asker: User, other: User, *, note: str, card: Card | None, now: datetime
) -> None:
    if note or card:
        message_send(
            sender=asker,
            recipient=other,
            body=note,
            card=card,
            once_key=uuid.uuid4(),
            now=now,
        )


# --- Answering ------------------------------------------------------------


@transaction.atomic
def connection_accept(*, connection: Connection, person: User, now: datetime) -> None:
    """Say yes, also to what was declined before; twice is once.

    Raises :class:`NoSuchConnection`, and :class:`NotOpen` for what was taken back.
    """
    row = _held(connection, person)
    if row.addressee_id != person.pk:
        raise NoSuchConnection
    if row.is_accepted:
        return
    if not row.is_open:
        raise NotOpen
    _connect(row, now)


@transaction.atomic
def connection_decline(*, connection: Connection, person: User, now: datetime) -> None:
    """Say no without a word: who asked goes on waiting, and rests. Twice is once.

    Raises :class:`NoSuchConnection`, and :class:`NotOpen` for what was taken back.
    """
    row = _held(connection, person)
    if row.addressee_id != person.pk:
        raise NoSuchConnection
    if row.state == _State.DECLINED:
        return
    if row.state != _State.REQUESTED:
        raise NotOpen
    row.move(_State.DECLINED, now)
    row.rests_id, row.rest_until = row.requester_id, now + REST
    row.save()


@transaction.atomic
def connection_withdraw(*, connection: Connection, person: User, now: datetime) -> None:
    """Take one's own request back; a rest goes on. Twice is once.

    Raises :class:`NoSuchConnection`, and :class:`NotOpen` when it was accepted.
    """
    row = _held(connection, person)
    if row.requester_id != person.pk:
        raise NoSuchConnection
    if row.state == _State.WITHDRAWN:
        return
    if not row.is_open:
        raise NotOpen
    row.move(_State.WITHDRAWN, now)
    row.save()


@transaction.atomic
def connection_remove(*, connection: Connection, person: User, now: datetime) -> None:
    """End a connection, from either side: what was written can only be read then.

    Twice is once. Raises :class:`NoSuchConnection`, and :class:`NotOpen` where the two
    are not connected.
    """
    row = _held(connection, person)
    if row.state == _State.REMOVED:
        return
    if not row.is_accepted:
        raise NotOpen
    row.move(_State.REMOVED, now)
    row.save()


def requests_see(*, ids: Collection[int], person: User, now: datetime) -> None:
    """Note that requests to this person were on a page of theirs."""
    unseen = Connection.objects.incoming(person.pk).filter(seen_at__isnull=True)
    unseen.filter(pk__in=ids).update(seen_at=now)


def _held(connection: Connection, person: User) -> Connection:
    """Hold both people, and read the connection as it is now."""
    if person.pk not in (connection.requester_id, connection.addressee_id):
        raise NoSuchConnection
    try:
        visible_pair_lock(person.pk, connection.partner_id(person.pk))
        return Connection.objects.with_people().get(pk=connection.pk)
    except (NoSuchPerson, Connection.DoesNotExist) as error:
        raise NoSuchConnection from error
