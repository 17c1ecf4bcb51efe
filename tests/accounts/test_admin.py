"""The admin site: people, grants and gates, and never a token."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client

from accounts.models import ServiceGate, SpotifyGrant, User
from accounts.services import matching_pause
from matching.reader import current_view
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


def test_consent_and_pause_are_the_persons_own(staff: Client, ada: User) -> None:
    """Saving someone in the admin writes what was changed there, and nothing else."""
    path = f"/admin/accounts/user/{ada.pk}/change/"
    fields = {
        "username": ada.username,
        "handle": ada.handle,
        "display_name": ada.display_name,
        "time_zone": "UTC",
        "origin": "signed_up",
        "is_active": "on",
        "bio": "Mended by staff",
        "paused_at_0": "",
        "joined_at_0": "",
    }
    matching_pause(person=User.objects.get(pk=ada.pk), now=NOW)
    assert staff.post(path, fields).status_code == 302
    ada.refresh_from_db()
    assert ada.bio == "Mended by staff"
    assert ada.paused_at == NOW
    assert ada.joined_at is not None


def test_suspending_hides_at_once(staff: Client, community: list[User]) -> None:
    ben = community[1]
    fields = {
        "username": ben.username,
        "handle": ben.handle,
        "display_name": ben.display_name,
        "time_zone": "UTC",
        "origin": "signed_up",
    }
    assert ben.pk in current_view().person_ids
    staff.post(f"/admin/accounts/user/{ben.pk}/change/", fields)
    assert ben.pk not in current_view().person_ids
