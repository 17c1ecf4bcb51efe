"""A site of invited people: who comes in, by which door, and how often."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.invitations import invitation_create, invitation_revoke
from accounts.models import Invitation, User
from tests.accounts.conftest import Visitor
from tests.conftest import HOST, require_or_skip
from tests.threads import in_threads

PASSWORD = "correct horse battery"
SIGNUP = "/accounts/signup/"
CLOSED = {"invite": "By invitation only", "closed": "New accounts are closed"}


@pytest.fixture(autouse=True)
def _by_invitation(settings: Any) -> None:
    settings.REGISTRATION = "invite"


def make(uses: int = 1, days: float = 7) -> tuple[Invitation, str]:
    now = timezone.now()
    return invitation_create(
        note="Marie", uses=uses, expires_at=now + timedelta(days=days), now=now
    )


def link(token: str) -> str:
    return f"/invited/{token}/"


def sign_up(client: Client, name: str = "marie") -> Any:
    fields = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    return client.post(SIGNUP, fields)


def by_spotify(visitor: Visitor) -> None:
    visitor.sign_in("marisol")


def by_name(visitor: Visitor) -> None:
    sign_up(visitor.client)


@pytest.mark.parametrize("door", [by_name, by_spotify])
def test_an_invited_person_comes_in(visitor: Visitor, door: Any) -> None:
    invitation, token = make()
    answer = visitor.client.get(link(token))
    assert answer.headers["Location"] == SIGNUP
    assert token not in str(dict(visitor.client.session))
    door(visitor)
    assert User.objects.count() == 1
    assert visitor.person is not None
    invitation.refresh_from_db()
    assert (invitation.used, invitation.state(timezone.now())) == (1, "used up")


@pytest.mark.parametrize("door", [by_name, by_spotify])
@pytest.mark.parametrize("registration", ["invite", "closed"])
def test_nobody_else_does(
    visitor: Visitor, settings: Any, door: Any, registration: str
) -> None:
    settings.REGISTRATION = registration
    page = visitor.client.get(SIGNUP).content.decode()
    assert CLOSED[registration] in page
    door(visitor)
    assert User.objects.count() == 0
    assert visitor.person is None


def test_a_closed_site_is_closed_to_invited_people_too(
    visitor: Visitor, settings: Any
) -> None:
    _, token = make()
    visitor.client.get(link(token))
    settings.REGISTRATION = "closed"
    for door in (by_name, by_spotify):
        door(visitor)
    assert User.objects.count() == 0
    assert Invitation.objects.get().used == 0


def test_an_open_site_counts_nobody(client: Client, db: None, settings: Any) -> None:
    settings.REGISTRATION = "open"
    _, token = make()
    assert client.get(link(token)).headers["Location"] == SIGNUP
    sign_up(client)
    assert User.objects.count() == 1
    assert Invitation.objects.get().used == 0


def test_people_who_are_in_sign_in_as_ever(visitor: Visitor, settings: Any) -> None:
    settings.REGISTRATION = "open"
    visitor.sign_in("marisol")
    visitor.client.post("/accounts/logout/")
    settings.REGISTRATION = "invite"
    visitor.sign_in("marisol")
    assert visitor.person is not None


OVER = {
    "unknown": lambda invitation, token: "no-such-token",
    "too old": lambda invitation, token: _set(invitation, token, expires_at=_past()),
    "taken back": lambda invitation, token: _set(invitation, token, revoked_at=_past()),
    "used up": lambda invitation, token: _set(invitation, token, used=1),
}


def _past() -> Any:
    return timezone.now() - timedelta(seconds=1)


def _set(invitation: Invitation, token: str, **values: Any) -> str:
    Invitation.objects.filter(pk=invitation.pk).update(**values)
    return token


@pytest.mark.django_db
@pytest.mark.parametrize("why", OVER)
def test_an_invitation_that_is_over_says_so(client: Client, why: str) -> None:
    answer = client.get(link(OVER[why](*make())))
    assert answer.status_code == 410
    assert "This invitation is over" in answer.content.decode()
    sign_up(client)
    assert User.objects.count() == 0


@pytest.mark.parametrize("door", [by_name, by_spotify])
@pytest.mark.parametrize("why", ["too old", "taken back", "used up"])
def test_it_may_end_while_one_signs_up(visitor: Visitor, why: str, door: Any) -> None:
    invitation, token = make()
    visitor.client.get(link(token))
    OVER[why](invitation, token)
    door(visitor)
    assert User.objects.count() == 0


@pytest.mark.django_db
def test_it_lets_in_as_many_as_it_says() -> None:
    _, token = make(uses=2)
    for number in range(3):
        client = Client(HTTP_HOST=HOST)
        client.get(link(token))
        sign_up(client, f"person{number}")
    assert list(User.objects.values_list("username", flat=True).order_by("pk")) == [
        "person0",
        "person1",
    ]


@pytest.mark.django_db
def test_a_sign_up_that_fails_uses_nothing(client: Client) -> None:
    _, token = make()
    client.get(link(token))
    fields = {"username": "marie", "password1": PASSWORD, "password2": "other"}
    client.post(SIGNUP, fields)
    assert Invitation.objects.get().used == 0
    sign_up(client)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_link_one_only_looks_at_is_not_used(client: Client, ada: User) -> None:
    _, token = make()
    for _ in range(3):
        client.get(link(token))
        client.head(link(token))
    client.force_login(ada)
    assert client.get(link(token)).headers["Location"] == "/"
    assert Invitation.objects.get().used == 0
    assert client.post(link(token)).status_code == 405


@pytest.mark.django_db
def test_the_database_counts_no_further() -> None:
    make()
    with pytest.raises(IntegrityError):
        Invitation.objects.update(used=2)


@pytest.mark.django_db(transaction=True)
def test_one_use_is_one_person_when_two_come_at_once() -> None:
    require_or_skip(connection.vendor == "postgresql", "PostgreSQL")
    _, token = make()
    clients = [Client(HTTP_HOST=HOST) for _ in range(4)]
    for client in clients:
        assert client.get(link(token)).headers["Location"] == SIGNUP

    def come(number: int) -> int:
        return int(sign_up(clients[number], f"person{number}").status_code)

    answers = in_threads(*(lambda n=n: come(n) for n in range(4)))
    assert User.objects.count() == 1
    assert Invitation.objects.get().used == 1
    # The one is led on; the others read that it is over, or that the site is closed.
    assert answers.count(302) == 1
    assert set(answers) <= {302, 410, 200}


# --- The admin site --------------------------------------------------------


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root-login", password="x"))
    return client


def test_the_host_makes_a_link_and_takes_it_back(staff: Client, settings: Any) -> None:
    add = "/admin/accounts/invitation/add/"
    assert 'name="uses" value="1"' in staff.get(add).content.decode()
    later = timezone.now() + timedelta(days=3)
    fields = {"note": "Marie", "uses": "2", "expires_at_0": f"{later:%Y-%m-%d}"}
    page = staff.post(add, {**fields, "expires_at_1": "12:00:00"}).content.decode()
    found = re.search(rf"{settings.SITE_URL}/invited/([\w-]+)/", page)
    assert found
    invitation = Invitation.objects.get()
    assert (invitation.note, invitation.uses, invitation.used) == ("Marie", 2, 0)
    # Nowhere else is what opens the door.
    assert found[1] not in str(Invitation.objects.values())
    for path in ("", f"{invitation.pk}/change/", f"{invitation.pk}/history/"):
        shown = staff.get(f"/admin/accounts/invitation/{path}")
        assert shown.status_code == 200
        assert found[1] not in shown.content.decode()
        assert invitation.digest not in shown.content.decode()
    guest = Client(HTTP_HOST=HOST)
    assert guest.get(link(found[1])).status_code == 302
    data = {"action": "revoke", "_selected_action": [invitation.pk]}
    asked = staff.post("/admin/accounts/invitation/", data).content.decode()
    assert "Nobody comes in by these links any more." in asked
    assert guest.get(link(found[1])).status_code == 302
    staff.post("/admin/accounts/invitation/", {**data, "confirmed": "yes"})
    assert guest.get(link(found[1])).status_code == 410
    sign_up(guest)
    assert not User.objects.filter(username="marie").exists()


def test_an_invitation_is_not_edited(staff: Client) -> None:
    invitation, _ = make()
    address = f"/admin/accounts/invitation/{invitation.pk}/change/"
    staff.post(address, {"note": "Pierre", "uses": "500", "used": "0"})
    invitation.refresh_from_db()
    assert (invitation.note, invitation.uses) == ("Marie", 1)


@pytest.mark.parametrize("uses", ["0", "-1", "1001", "many"])
def test_an_invitation_of_too_many_is_refused(staff: Client, uses: str) -> None:
    fields = {"uses": uses, "expires_at_0": "2030-01-01", "expires_at_1": "12:00"}
    page = staff.post("/admin/accounts/invitation/add/", fields)
    assert page.status_code == 200
    assert not Invitation.objects.exists()


def test_taking_back_twice_is_once(db: None) -> None:
    invitation, _ = make()
    first = timezone.now()
    invitation_revoke(invitation=invitation, now=first)
    invitation_revoke(invitation=invitation, now=first + timedelta(days=1))
    invitation.refresh_from_db()
    assert invitation.revoked_at == first
