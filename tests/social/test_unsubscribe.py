"""The page of one's mails, and switching one off without signing in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from social.mails import off_token
from social.models import MailChoice, Topic
from social.services import mail_choices_update
from tests.conftest import HOST
from tests.factories.mails import make_reader

CHOICES = "/settings/notifications/"


def off_address(person: User, topic: Topic) -> str:
    return f"{CHOICES}off/{off_token(person, topic)}/"


def wanted(person: User) -> set[Topic]:
    choice = MailChoice.objects.get(person=person)
    return {topic for topic in Topic if choice.wants(topic)}


@pytest.fixture
def nobody() -> Client:
    """A mail program: no session, no token of a form."""
    return Client(HTTP_HOST=HOST, enforce_csrf_checks=True)


# --- One press in the mail ------------------------------------------------


@pytest.mark.parametrize("topic", list(Topic))
def test_a_press_switches_exactly_one_topic_off(
    nobody: Client, ada: User, ben: User, topic: Topic
) -> None:
    make_reader(ada)
    make_reader(ben)
    for _ in range(2):
        answer = nobody.post(off_address(ada, topic), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert wanted(ada) == set(Topic) - {topic}
    assert wanted(ben) == set(Topic)
    assert topic.label in answer.content.decode()


def test_looking_switches_nothing_off(nobody: Client, ada: User) -> None:
    make_reader(ada)
    page = nobody.get(off_address(ada, Topic.REQUESTS))
    assert page.status_code == 200
    assert b'<form method="post">' in page.content
    assert nobody.head(off_address(ada, Topic.REQUESTS)).status_code == 200
    assert wanted(ada) == set(Topic)


def test_the_page_says_nobodys_name(nobody: Client, ada: User) -> None:
    address = make_reader(ada)
    page = nobody.get(off_address(ada, Topic.REQUESTS)).content.decode()
    for private in (ada.handle, ada.shown_name, ada.username, address):
        assert str(private) not in page


def test_it_needs_no_choice_made_before(nobody: Client, ada: User) -> None:
    assert nobody.post(off_address(ada, Topic.DECISIONS)).status_code == 200
    assert wanted(ada) == set()


def _of_another_topic(ada: User) -> str:
    good = off_token(ada, Topic.REQUESTS)
    return good.replace("requests", "messages")


def _of_another_person(ada: User) -> str:
    good = off_token(ada, Topic.REQUESTS)
    return "0" * 32 + good[32:]


def _cut_short(ada: User) -> str:
    return off_token(ada, Topic.REQUESTS)[:-1]


def _nonsense(ada: User) -> str:
    return "nonsense"


def _null_byte(ada: User) -> str:
    return "%00"


def _pictures(ada: User) -> str:
    return "🎵" * 200


@pytest.mark.parametrize(
    "spoilt",
    [
        _of_another_topic,
        _of_another_person,
        _cut_short,
        _nonsense,
        _null_byte,
        _pictures,
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_wrong_token_is_told_so_and_does_nothing(
    nobody: Client, ada: User, spoilt: Callable[[User], str], method: str
) -> None:
    make_reader(ada)
    answer = getattr(nobody, method)(f"{CHOICES}off/{spoilt(ada)}/")
    assert answer.status_code == 410
    page = answer.content.decode()
    assert "This link is no longer good" in page
    assert CHOICES in page
    assert wanted(ada) == set(Topic)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_outlives_the_key_it_was_signed_with(
    nobody: Client, ada: User, settings: Any, method: str
) -> None:
    """For as long as the host keeps that key among the former ones."""
    make_reader(ada)
    link = off_address(ada, Topic.REQUESTS)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "the key that came after it"
    settings.SECRET_KEY_FALLBACKS = [former]
    assert getattr(nobody, method)(link).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert getattr(nobody, method)(link).status_code == 410


def test_a_token_of_someone_who_left_looks_like_any_wrong_one(
    nobody: Client, ada: User
) -> None:
    link = off_address(ada, Topic.REQUESTS)
    ada.delete()
    left, wrong = (nobody.post(a) for a in (link, f"{CHOICES}off/nonsense/"))
    assert (left.status_code, left.content) == (410, wrong.content)


def test_other_methods_are_refused(nobody: Client, ada: User) -> None:
    assert nobody.delete(off_address(ada, Topic.REQUESTS)).status_code == 405


def test_it_works_for_one_who_is_suspended(
    nobody: Client, ada: User, now: datetime
) -> None:
    make_reader(ada)
    ada.suspended_until = now + timedelta(days=1)
    ada.save()
    assert nobody.post(off_address(ada, Topic.DECISIONS)).status_code == 200
    assert Topic.DECISIONS not in wanted(ada)


# --- The page of one's mails ----------------------------------------------


def test_without_an_address_it_says_why_and_where_to_add_one(as_ada: Client) -> None:
    page = as_ada.get(CHOICES).content.decode()
    assert "you gave no e-mail address" in page
    assert 'href="/accounts/email/"' in page
    assert 'name="requests"' not in page


def test_an_address_that_is_not_confirmed_is_said(as_ada: Client, ada: User) -> None:
    EmailAddress.objects.create(user=ada, email="a@example.org", primary=True)
    page = as_ada.get(CHOICES).content.decode()
    assert "<strong>a@example.org</strong> is not confirmed" in page
    assert 'name="requests"' in page


def test_by_default_only_decisions_are_told(as_ada: Client, ada: User) -> None:
    EmailAddress.objects.create(
        user=ada, email="a@example.org", primary=True, verified=True
    )
    page = as_ada.get(CHOICES).content.decode()
    assert "To <strong>a@example.org</strong>." in page
    assert page.count(" checked") == 1
    assert not MailChoice.objects.exists()


def test_a_choice_is_kept(as_ada: Client, ada: User, ben: User) -> None:
    make_reader(ada)
    make_reader(ben)
    answer = as_ada.post(CHOICES, {"messages": "on"}, follow=True)
    assert answer.redirect_chain == [(CHOICES, 302)]
    assert b"Your choice of mails is saved." in answer.content
    assert wanted(ada) == {Topic.MESSAGES}
    as_ada.post(CHOICES, {})
    assert wanted(ada) == set()
    assert wanted(ben) == set(Topic)


def test_the_page_needs_a_session_and_its_own_form(nobody: Client, ada: User) -> None:
    there = f"/accounts/login/?next={CHOICES}"
    assert nobody.get(CHOICES)["Location"] == there
    nobody.force_login(ada)
    assert nobody.post(CHOICES, {"messages": "on"}).status_code == 403


def test_the_services_say_the_same(ada: User) -> None:
    mail_choices_update(person=ada, wanted=[Topic.REQUESTS])
    mail_choices_update(person=ada, wanted=[Topic.ACCEPTED])
    assert wanted(ada) == {Topic.ACCEPTED}
