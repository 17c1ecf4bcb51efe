"""The admin site: people, grants and gates, and never a token."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin import site
from django.contrib.auth.models import Permission
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


def test_it_has_the_name_of_the_site(staff: Client, settings: Any) -> None:
    page = staff.get("/admin/").content.decode()
    assert f"{settings.SITE_NAME} administration" in page
    assert "Django" not in page


def test_of_a_password_only_whether_there_is_one(staff: Client) -> None:
    person = User.objects.create_user("plain-login", password="long words 12")
    address = f"/admin/accounts/user/{person.pk}/change/"
    algorithm, *_ = person.password.split("$")
    page = staff.get(address).content.decode()
    assert "A password is set." in page
    assert "Reset password" in page
    assert algorithm not in page
    assert "<div disabled" not in page
    person.set_unusable_password()
    person.save()
    page = staff.get(address).content.decode()
    assert "No password set." in page
    assert "A password is set." not in page


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


# --- Who looks after people, and is no superuser ----------------------------


@pytest.fixture
def helper(client: Client, db: None) -> Client:
    person = User.objects.create_user("helper", password="x", is_staff=True)
    rights = Permission.objects.filter(content_type__app_label="accounts")
    person.user_permissions.set(rights.filter(codename__endswith="_user"))
    client.force_login(User.objects.get(pk=person.pk))
    return client


def test_nobody_gives_themselves_rights(helper: Client, ada: User) -> None:
    me = User.objects.get(username="helper")
    for person in (me, ada):
        fields = {"username": person.username, "time_zone": "UTC", "is_active": "on"}
        fields |= {"origin": "signed_up", "handle": person.handle or ""}
        more = {"is_superuser": "on", "is_staff": "on", "display_name": "Changed"}
        address = f"/admin/accounts/user/{person.pk}/change/"
        assert helper.post(address, {**fields, **more}).status_code == 302
        person.refresh_from_db()
        assert person.display_name == "Changed"
        assert not person.is_superuser
    assert not ada.is_staff


def test_nobody_takes_over_a_superuser(helper: Client) -> None:
    root = User.objects.create_superuser("root-login", password="x")
    base = f"/admin/accounts/user/{root.pk}"
    password = {"password1": "a new long one", "password2": "a new long one"}
    assert helper.post(f"{base}/password/", password).status_code == 403
    assert helper.post(f"{base}/change/", {"username": "mine"}).status_code == 403
    assert helper.post(f"{base}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [root.pk]}
    helper.post("/admin/accounts/user/", {**chosen, "post": "yes"})
    root.refresh_from_db()
    assert root.check_password("x")
    assert root.username == "root-login"
    other = User.objects.create_user("plain", password="x")
    address = f"/admin/accounts/user/{other.pk}/password/"
    assert (
        helper.post(address, {**password, "usable_password": "true"}).status_code == 302
    )
    chosen["_selected_action"] = [other.pk]
    helper.post("/admin/accounts/user/", {**chosen, "post": "yes"})
    assert not User.objects.filter(username="plain").exists()


# They ask on pages of their own, and Django asks before it deletes.
ASKING = {"merge", "dismiss", "delete_selected"}


def test_every_action_for_several_rows_is_confirmed(db: None, rf: Any) -> None:
    request = rf.get("/admin/")
    request.user = User.objects.create_superuser("root-login", password="x")
    seen = set()
    for admin in site._registry.values():
        for name, (action, _, _) in admin.get_actions(request).items():
            assert name in ASKING or getattr(action, "is_confirmed", False), name
            seen.add(name)
    assert {"end_sessions", "split", *ASKING} <= seen
