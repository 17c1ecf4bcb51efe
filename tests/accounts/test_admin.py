"""The admin site: people, grants and gates, and never a token."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client

from accounts.models import ServiceGate, SpotifyGrant, User
from tests.conftest import NOW


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root-login", password="x"))
    return client


def test_grants_are_shown_without_tokens(staff: Client, grant: SpotifyGrant) -> None:
    changes = f"/admin/accounts/spotifygrant/{grant.pk}/change/"
    for path in ("/admin/accounts/spotifygrant/", changes):
        page = staff.get(path).content.decode()
        assert "ada_owner" in page
        assert grant.access_token not in page
        assert grant.refresh_token not in page
    assert staff.get("/admin/accounts/spotifygrant/add/").status_code == 403


def test_grants_are_shown_without_their_key(
    staff: Client, grant: SpotifyGrant, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    changes = f"/admin/accounts/spotifygrant/{grant.pk}/change/"
    for path in ("/admin/accounts/spotifygrant/", changes):
        assert staff.get(path).status_code == 200


@pytest.mark.ignore_template_errors
def test_people_and_gates_are_shown(staff: Client, ada: User) -> None:
    ServiceGate.objects.create(service="spotify", blocked_until=NOW, reason="rate")
    for path in ("user/", f"user/{ada.pk}/change/", "user/add/", "servicegate/"):
        assert staff.get(f"/admin/accounts/{path}").status_code == 200


def test_a_person_without_handle_can_be_saved(staff: Client) -> None:
    person = User.objects.create_user("plain-login")
    other = User.objects.create_user("other-login")
    for one in (person, other):
        fields = {"username": one.username, "time_zone": "UTC", "origin": "signed_up"}
        response = staff.post(f"/admin/accounts/user/{one.pk}/change/", fields)
        assert response.status_code == 302, response.content
        one.refresh_from_db()
        assert one.handle is None


def test_only_staff_get_in(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.get("/admin/accounts/spotifygrant/").status_code == 302
