"""A block is total, both ways, and looks like "no such person"."""

from datetime import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import account_close, matching_pause
from social.models import Block, Connection
from social.services import block_create, block_remove, connection_request
from social.standing import states_for
from social.views import blocks
from social.visibility import get_person_or_404, people_visible_to
from tests.factories import make_user


def test_a_block_hides_both_from_each_other(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    block_create(blocker=ada, blocked=ben, now=now)
    assert set(people_visible_to(ada)) == {ada, cyd}
    assert set(people_visible_to(ben)) == {ben, cyd}
    assert set(people_visible_to(cyd)) == {ada, ben, cyd}
    assert Block.objects.hidden_from(ada.pk) == {ben.pk}
    assert Block.objects.hidden_from(ben.pk) == {ada.pk}
    assert Block.objects.hidden_from(cyd.pk) == set()


def test_twice_is_once_and_back_is_back(ada: User, ben: User, now: datetime) -> None:
    first = block_create(blocker=ada, blocked=ben, now=now)
    assert block_create(blocker=ada, blocked=ben, now=now) == first
    assert Block.objects.count() == 1
    block_remove(blocker=ada, blocked=ben)
    block_remove(blocker=ada, blocked=ben)
    assert ben in people_visible_to(ada)


def test_each_side_takes_back_only_its_own(ada: User, ben: User, now: datetime) -> None:
    block_create(blocker=ada, blocked=ben, now=now)
    block_create(blocker=ben, blocked=ada, now=now)
    block_remove(blocker=ada, blocked=ben)
    assert ben not in people_visible_to(ada)
    block_remove(blocker=ben, blocked=ada)
    assert ben in people_visible_to(ada)


def test_nobody_blocks_themselves(ada: User, now: datetime) -> None:
    with pytest.raises(ValidationError, match="You cannot block yourself"):
        block_create(blocker=ada, blocked=ada, now=now)
    assert not Block.objects.exists()


def test_the_database_refuses_what_the_service_does(
    ada: User, ben: User, now: datetime
) -> None:
    with pytest.raises(IntegrityError, match="block_no_self"), transaction.atomic():
        Block.objects.create(blocker=ada, blocked=ada, created_at=now)
    Block.objects.create(blocker=ada, blocked=ben, created_at=now)
    names = "block_unique_pair|blocker_id, social_block.blocked_id"
    with pytest.raises(IntegrityError, match=names), transaction.atomic():
        Block.objects.create(blocker=ada, blocked=ben, created_at=now)
    assert {c.name for c in Block._meta.constraints} == {
        "block_unique_pair",
        "block_no_self",
    }


def test_who_left_takes_the_block_along(ada: User, ben: User, now: datetime) -> None:
    block_create(blocker=ada, blocked=ben, now=now)
    ben.delete()
    assert not Block.objects.exists()


def test_visible_people_joined_and_are_here(
    ada: User, ben: User, now: datetime
) -> None:
    make_user("never_joined_login", handle="never_joined")
    matching_pause(person=ben, now=now)
    assert set(people_visible_to(ada)) == {ada}


def test_oneself_is_always_found(ada: User, now: datetime) -> None:
    matching_pause(person=ada, now=now)
    assert get_person_or_404(ada, " @ADA_owner ") == ada


@pytest.mark.parametrize("handle", ["nobody_here", "", "ada owner", "../x"])
def test_who_is_not_there_is_a_404(ada: User, handle: str) -> None:
    with pytest.raises(Http404):
        get_person_or_404(ada, handle)


@pytest.mark.parametrize("before", [str(value) for value in Connection.State])
@pytest.mark.parametrize("who", ["ada", "ben"])
def test_a_block_ends_what_was_between_them_for_good(
    ada: User, ben: User, now: datetime, before: str, who: str
) -> None:
    connection_request(requester=ada, addressee=ben, now=now)
    Connection.objects.update(state=before, accepted_at=now)
    blocker, blocked = (ada, ben) if who == "ada" else (ben, ada)
    block_create(blocker=blocker, blocked=blocked, now=now)
    assert Connection.objects.get().state == Connection.State.REMOVED
    block_remove(blocker=blocker, blocked=blocked)
    assert Connection.objects.get().state == Connection.State.REMOVED
    assert states_for(ada, [ben.pk]) == states_for(ben, [ada.pk]) == {}


def test_a_block_leaves_others_alone(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    connection_request(requester=ada, addressee=cyd, now=now)
    connection_request(requester=cyd, addressee=ben, now=now)
    block_create(blocker=ada, blocked=ben, now=now)
    states = Connection.objects.values_list("state", flat=True)
    assert [*states] == [Connection.State.REQUESTED] * 2


# --- Pages ----------------------------------------------------------------


def test_blocking_is_asked_first_and_then_done(as_ada: Client, ben: User) -> None:
    question = as_ada.get("/people/ben_near/block/")
    assert question.status_code == 200
    assert b"You vanish for each other" in question.content
    assert not Block.objects.exists()
    answer = as_ada.post("/people/ben_near/block/", follow=True)
    assert answer.redirect_chain == [("/settings/blocked/", 302)]
    assert b"Ben is blocked: you no longer see each other." in answer.content
    assert b"Unblock Ben" in answer.content
    assert as_ada.get("/people/ben_near/").status_code == 404


def test_unblocking_brings_both_back(as_ada: Client, ben: User) -> None:
    as_ada.post("/people/ben_near/block/")
    answer = as_ada.post("/people/ben_near/unblock/", follow=True)
    assert b"Ben is no longer blocked." in answer.content
    assert b"You have blocked nobody" in answer.content
    assert as_ada.get("/people/ben_near/").status_code == 200


def test_a_paused_person_can_still_be_unblocked(
    as_ada: Client, ada: User, ben: User, now: datetime
) -> None:
    block_create(blocker=ada, blocked=ben, now=now)
    matching_pause(person=ben, now=now)
    assert as_ada.post("/people/ben_near/unblock/").status_code == 302
    assert not Block.objects.exists()


MATRIX = [
    # who looks, at whom, block page, block, unblock
    ("ada", "ben_near", 200, 302, 404),
    ("ada", "dee_blocked", 404, 404, 302),
    ("dee", "ada_owner", 404, 404, 404),
    ("cyd", "ada_owner", 200, 302, 404),
    ("ada", "ada_owner", 404, 404, 404),
    ("ada", "nobody_here", 404, 404, 404),
]


@pytest.mark.parametrize(("who", "whom", "page", "block", "unblock"), MATRIX)
def test_who_may_block_whom(
    client: Client,
    ada: User,
    ben: User,
    cyd: User,
    dee: User,
    now: datetime,
    who: str,
    whom: str,
    page: int,
    block: int,
    unblock: int,
) -> None:
    block_create(blocker=ada, blocked=dee, now=now)
    client.force_login({"ada": ada, "cyd": cyd, "dee": dee}[who])
    assert client.get(f"/people/{whom}/block/").status_code == page
    assert client.post(f"/people/{whom}/unblock/").status_code == unblock
    if unblock == 302:
        block_create(blocker=ada, blocked=dee, now=now)
    assert client.post(f"/people/{whom}/block/").status_code == block


def test_only_ones_own_blocks_are_listed(
    as_ada: Client, ada: User, ben: User, cyd: User, now: datetime
) -> None:
    block_create(blocker=ada, blocked=ben, now=now)
    block_create(blocker=cyd, blocked=ada, now=now)
    page = as_ada.get("/settings/blocked/").content
    assert b"ben_near" in page
    assert b"cyd_stranger" not in page


@pytest.mark.parametrize(
    "address",
    ["/people/ben_near/", "/people/ben_near/block/", "/settings/blocked/"],
)
def test_a_session_is_needed(client: Client, ben: User, address: str) -> None:
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


def test_unblocking_is_never_a_link(
    as_ada: Client, ada: User, ben: User, now: datetime
) -> None:
    block_create(blocker=ada, blocked=ben, now=now)
    assert as_ada.get("/people/ben_near/unblock/").status_code == 405
    assert Block.objects.exists()


def test_a_block_is_read_or_made_and_nothing_else(as_ada: Client, ben: User) -> None:
    assert as_ada.put("/people/ben_near/block/").status_code == 405
    assert as_ada.delete("/people/nobody_here/block/").status_code == 405


def test_who_leaves_meanwhile_is_a_404(
    as_ada: Client, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = blocks.get_person_or_404

    def read_and_leave(viewer: User, handle: str) -> User:
        found = read(viewer, handle)
        account_close(person=User.objects.get(pk=ben.pk), now=timezone.now())
        return found

    monkeypatch.setattr(blocks, "get_person_or_404", read_and_leave)
    assert as_ada.post("/people/ben_near/block/").status_code == 404
    assert not Block.objects.exists()


def test_who_takes_other_names_is_not_followed_by_the_list(
    as_ada: Client, ada: User, ben: User, now: datetime
) -> None:
    block_create(blocker=ada, blocked=ben, now=now)
    User.objects.filter(pk=ben.pk).update(handle="somebody_new", display_name="New")
    page = as_ada.get("/settings/blocked/").content.decode()
    assert "ben_near" in page
    assert "somebody_new" not in page
    assert as_ada.post("/people/somebody_new/unblock/").status_code == 404
    answer = as_ada.post("/people/ben_near/unblock/", follow=True)
    assert b"somebody_new" not in answer.content
    assert not Block.objects.exists()
