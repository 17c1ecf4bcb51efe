"""Pages between people, at the desk of moderators, and of someone suspended."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from social import services
from social.affinity import Card
from social.mails import off_token
from social.models import Connection, Message, Notice, Thread, Topic
from tests.browser.addresses import (
    DESK,
    LEFT,
    MAIL_OFF,
    MESSAGE,
    NOTE,
    NOTICE,
    PEOPLE,
    REMOVED,
    SUSPENDED,
)
from tests.browser.judging import look
from tests.factories.mails import make_reader
from tests.factories.threads import make_connection, say
from tests.social.asking import ask
from tests.social.deciding import LATER, decide, make_moderator, report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _connect(people: list[User]) -> None:
    """Someone asked, someone asks, one is connected, one was, and one left."""
    me, asks, asked, blocked, close, former, _, gone = people[:8]
    ask(asks, me, "Your top ten reads like mine.", at=timezone.now())
    between = Connection.objects.between(me.pk, asks.pk)
    between.update(public_id=NOTE)
    ask(me, asked, at=timezone.now())
    for other in (close, former, gone):
        make_connection(me, other)
        say(other, me, "Hello there.")
    Connection.objects.between(me.pk, close.pk).update(public_id=REMOVED)
    say(me, close, "Have you heard it live?", card=Card("artist", "Portishead"))
    last = say(close, me, "Twice. https://example.org/a/rather/long/address/of/a/page")
    Message.objects.filter(pk=last.pk).update(public_id=MESSAGE)
    services.connection_remove(
        connection=Connection.objects.between(me.pk, former.pk).get(),
        person=former,
        now=timezone.now(),
    )
    Thread.objects.filter(low=me, high=gone).update(public_id=LEFT)
    say(me, gone, "Where are you?")
    gone.delete()
    services.block_create(blocker=me, blocked=blocked, now=timezone.now())


def _warned(me: User, reporter: User, actor: User) -> Notice:
    decide(services.person_warn, report(reporter, me), actor)
    Notice.objects.filter(person=me).update(public_id=NOTICE)
    return Notice.objects.get(person=me)


def test_pages_between_people(watched: Any, people: list[User]) -> None:
    me = people[0]
    make_reader(me)
    _connect(people)
    _warned(me, people[8], make_moderator())
    tab = watched()
    tab.let_in(me)
    look(tab, PEOPLE)
    look(tab, [MAIL_OFF.format(token=off_token(me, Topic.MESSAGES))])


def test_the_desk_of_moderators(watched: Any, people: list[User]) -> None:
    moderator = make_moderator()
    me, reporter, other = people[:3]
    make_connection(me, other)
    said = say(other, me, "Not yet.")
    notice = _warned(me, reporter, moderator)
    appeal = services.appeal_create(
        notice=notice, words="It was one line.", now=timezone.now()
    )
    case = report(me, other, words="Look.", may_read=True, message=said.public_id)
    decided = me.reports_about.get()
    tab = watched()
    tab.let_in(moderator)
    pages = {"open": case.pk, "decided": decided.pk, "appeal": appeal.pk}
    look(tab, [path.format(**pages) for path in DESK])


def test_pages_of_someone_suspended(watched: Any, people: list[User]) -> None:
    me, reporter = people[:2]
    case = report(reporter, me)
    decide(services.person_suspend, case, make_moderator(), until=LATER)
    Notice.objects.filter(person=me).update(public_id=NOTICE)
    tab = watched()
    tab.let_in(me)
    look(tab, SUSPENDED)
