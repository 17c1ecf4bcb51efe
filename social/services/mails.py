"""Sending mails about what happened here, each at most once and only while it is news.

A mail is claimed in the database first and handed to the mail server after that is
committed. A process that dies between the two has lost the mail, and no other sends it
again: what it said is on the site, while a mail that comes twice cannot be taken back.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from social import mails
from social.delivery import Busy, Refused, deliver
from social.mails import Letter
from social.models import Connection, Mail, MailChoice, Message, Notice, Topic
from social.services.pairs import pair_lock
from social.visibility import people_visible_to

logger = logging.getLogger(__name__)


def mail_send(*, topic: Topic, subject_id: int, now: datetime) -> None:
    """Send the mail about a connection, message or notice, if it is still wanted.

    Raises ``Busy`` when the mail server asks to be tried again later; it may be, and
    everything is asked anew then.
    """
    claim = _claim(topic, subject_id, now)
    if claim is None:
        return
    try:
        deliver(claim.message)
    except Busy:
        _give_back(claim)
        raise
    except Refused as error:
        _give_back(claim)
        logger.warning("A mail about %s is refused: %s", topic, error.__cause__)


@dataclass(frozen=True, slots=True)
class _Claim:
    mail_id: int
    message: EmailMessage


def _claim(topic: Topic, subject_id: int, now: datetime) -> _Claim | None:
    """Take the mail for this process; None when it is needless or taken already."""
    news = _NEWS[topic](subject_id)
    if news is None or _address_for(news.to_id, topic) is None:
        return None
    with transaction.atomic():
        people = pair_lock(news.to_id, news.by_id or news.to_id)
        news = _NEWS[topic](subject_id)
        if news is None or not _may_be_told(news, people):
            return None
        person = people[news.to_id]
        address = _address_for(person.pk, topic)
        if address is None:
            return None
        mail, _ = Mail.objects.get_or_create(
            person=person, topic=topic, key=news.key, defaults={"created_at": now}
        )
        unsent = Mail.objects.filter(pk=mail.pk, sent_at__isnull=True)
        if not unsent.update(sent_at=now):
            return None
        letter = news.letter(people)
        return _Claim(mail.pk, mails.compose(letter, to=person, address=address))


def _give_back(claim: _Claim) -> None:
    Mail.objects.filter(pk=claim.mail_id).update(sent_at=None)


def _address_for(person_id: int, topic: Topic) -> str | None:
    """Return where this person wants mails about this topic; None for nowhere.

    Only to an address that its owner confirmed: anyone can type anybody's, and what
    people call themselves stands in these mails.
    """
    choice = MailChoice.objects.filter(person=person_id).first() or MailChoice()
    if not choice.wants(topic):
        return None
    confirmed = EmailAddress.objects.filter(
        user_id=person_id, primary=True, verified=True
    )
    address: str | None = confirmed.values_list("email", flat=True).first()
    return address


# --- What is news ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _News:
    """Something its person has not seen, with the mail that tells of it.

    ``by_id`` is who did it, None for the moderators.
    """

    to_id: int
    by_id: int | None
    key: str
    letter: Callable[[dict[int, User]], Letter]


def _may_be_told(news: _News, people: dict[int, User]) -> bool:
    person = people.get(news.to_id)
    if person is None:
        return False
    if news.by_id is None:
        # Also while suspended: the decision may be just that.
        return person.is_active
    return people_visible_to(person).filter(pk=news.by_id).exists()


def _request(connection_id: int) -> _News | None:
    requested = Connection.objects.filter(
        pk=connection_id, state=Connection.State.REQUESTED, seen_at__isnull=True
    )
    row = requested.first()
    if row is None:
        return None
    by = row.requester_id
    return _News(
        to_id=row.addressee_id,
        by_id=by,
        # One a day: asking and taking back in turns is no way to fill a mailbox.
        key=f"{row.public_id} {row.changed_at.date()}",
        letter=lambda people: mails.request_letter(by=people[by]),
    )


def _acceptance(connection_id: int) -> _News | None:
    # Who was here since has seen it: it is the first of their connections.
    was_away = Q(requester__last_active_at__isnull=True) | Q(
        requester__last_active_at__lt=F("accepted_at")
    )
    row = Connection.objects.accepted().filter(was_away, pk=connection_id).first()
    if row is None or row.accepted_at is None:
        return None
    by = row.addressee_id
    return _News(
        to_id=row.requester_id,
        by_id=by,
        key=f"{row.public_id} {row.accepted_at.date()}",
        letter=lambda people: mails.accepted_letter(by=people[by]),
    )


def _message(message_id: int) -> _News | None:
    """Only the first of those that wait unread, and only between connected people."""
    message = Message.objects.select_related("thread").filter(pk=message_id).first()
    if message is None:
        return None
    low, by = message.thread.low_id, message.sender_id
    to = message.thread.high_id if low == by else low
    if to is None or not Connection.objects.between(to, by).accepted().exists():
        return None
    waiting = Message.objects.filter(thread=message.thread_id, removed_at__isnull=True)
    first = waiting.unseen_by(to).order_by("pk").first()
    if first != message:
        return None
    return _News(
        to_id=to,
        by_id=by,
        key=str(message.public_id),
        letter=lambda people: mails.message_letter(by=people[by]),
    )


def _decision(notice_id: int) -> _News | None:
    notice = Notice.objects.unseen().filter(pk=notice_id).first()
    if notice is None:
        return None
    kind = Notice.Kind(notice.kind)
    return _News(
        to_id=notice.person_id,
        by_id=None,
        key=str(notice.public_id),
        letter=lambda _: mails.decision_letter(kind=kind),
    )


_NEWS: dict[Topic, Callable[[int], _News | None]] = {
    Topic.REQUESTS: _request,
    Topic.ACCEPTED: _acceptance,
    Topic.MESSAGES: _message,
    Topic.DECISIONS: _decision,
}
