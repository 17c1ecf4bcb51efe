"""What a handle may be, for the form, the service and the database."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import IntegrityError

from accounts import handles
from accounts.forms import JoinForm
from accounts.models import User
from accounts.services import person_join, profile_update
from tests.conftest import NOW, require_or_skip
from tests.factories import make_person, make_user


@pytest.mark.parametrize(
    "handle", ["abc", "a_b", "123", "x" * 30, "ada_1815", "admins_daughter", "_ab"]
)
def test_a_handle_that_can_be_had(handle: str) -> None:
    handles.validate_handle(handle)


@pytest.mark.parametrize(
    ("handle", "code"),
    [
        ("", "length"),
        ("ab", "length"),
        ("me", "length"),
        ("x" * 31, "length"),
        ("ada lovelace", "invalid"),
        ("ada-l", "invalid"),
        ("Ada", "invalid"),
        ("adä", "invalid"),
        ("\u0430da", "invalid"),
        ("ada\n", "invalid"),
        ("ad\x00a", "invalid"),
        ("١٢٣", "invalid"),
        ("admin", "reserved"),
        ("moderator", "reserved"),
        ("_admin_", "reserved"),
        ("__me__", "reserved"),
        ("musicmatch", "reserved"),
        ("settings", "reserved"),
        ("___", "reserved"),
    ],
)
def test_a_handle_that_nobody_can_have(handle: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        handles.validate_handle(handle)
    assert caught.value.code == code
    assert caught.value.messages[0].endswith(".")


@pytest.mark.parametrize(
    ("typed", "handle"),
    [
        ("Ada_L", "ada_l"),
        ("  ada ", "ada"),
        ("@ada", "ada"),
        ("ADMIN", "admin"),
        ("\u212aelvin", "kelvin"),
    ],
)
def test_one_spelling(typed: str, handle: str) -> None:
    assert handles.normalise(typed) == handle


def test_every_suggestion_can_be_had() -> None:
    seen = {handles.suggest_handle() for _ in range(300)}
    for handle in seen:
        handles.validate_handle(handle)
    assert len(seen) > 250


def join_form(handle: str, person: User) -> JoinForm:
    return JoinForm({"handle": handle, "consent": "on"}, instance=person)


def test_the_form_takes_a_free_handle(ada: User) -> None:
    assert join_form("free_one", make_user()).is_valid()


@pytest.mark.parametrize("typed", ["ada_owner", "ADA_Owner", " @ada_owner "])
def test_look_alikes_by_case_are_taken(ada: User, typed: str) -> None:
    form = join_form(typed, make_user())
    assert not form.is_valid()
    assert form.errors == {"handle": ["Someone has this handle already."]}


def test_ones_own_handle_is_not_taken(ada: User) -> None:
    assert join_form("Ada_Owner", ada).is_valid()


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["me", "x" * 31, "admin", "two words", ""])
def test_the_form_says_what_is_wrong(typed: str) -> None:
    form = join_form(typed, make_user())
    assert not form.is_valid()
    assert set(form.errors) == {"handle"}


@pytest.mark.django_db
def test_joining_needs_a_yes() -> None:
    form = JoinForm({"handle": "free_one"}, instance=make_user())
    assert not form.is_valid()
    assert form.errors == {
        "consent": ["Nobody is compared without saying yes. Tick this to join."]
    }


@pytest.mark.django_db
def test_a_new_person_is_offered_a_handle() -> None:
    suggestion = JoinForm(instance=make_user())["handle"].value()
    handles.validate_handle(suggestion)


def test_the_service_refuses_in_words_what_was_taken_since(ada: User) -> None:
    person = make_user()
    with pytest.raises(ValidationError) as caught:
        join(person, "ADA_owner")
    assert caught.value.message_dict == {"handle": ["Someone has this handle already."]}
    person.refresh_from_db()
    assert (person.handle, person.joined_at) == (None, None)
    assert join(person, "free_one").joined_at == NOW


def test_the_database_has_the_last_word(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people press the button at once: both looked, and both found it free."""
    monkeypatch.setattr(
        "accounts.models.PersonQuerySet.with_handle", lambda self, _: self.none()
    )
    with pytest.raises(ValidationError) as caught:
        join(make_user(), "ada_owner")
    assert caught.value.message_dict == {"handle": ["Someone has this handle already."]}
    ben = make_person("ben_near")
    ben.handle = "ada_owner"
    with pytest.raises(ValidationError):
        profile_update(person=ben, now=NOW)
    ben.refresh_from_db()
    assert ben.handle == "ben_near"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_handle() -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    people = [make_user() for _ in range(6)]
    start = threading.Barrier(len(people))

    def race(person: User) -> bool:
        start.wait()
        try:
            join(person, "wanted")
        except ValidationError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        assert sum(pool.map(race, people)) == 1
    assert User.objects.filter(handle="wanted").count() == 1


def join(person: User, handle: str) -> User:
    return person_join(
        person=person, handle=handle, display_name="", country="", now=NOW
    )


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"handle": "ada_owner"}, "user_unique_handle"),
        ({"handle": "Cyd"}, "user_handle_is_lower_case"),
        ({"handle": None}, "user_joined_has_handle"),
    ],
)
def test_constraints(
    ada: User, ben: User, change: dict[str, str | None], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.filter(pk=ben.pk).update(**change)


@pytest.mark.django_db
def test_many_people_may_have_no_handle_yet() -> None:
    make_user()
    make_user()
    assert User.objects.filter(handle=None).count() == 2
