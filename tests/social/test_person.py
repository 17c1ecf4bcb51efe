"""A person's page: what they chose to show, and the way to the why."""

from datetime import datetime
from typing import Any

from django.test import Client

from accounts.models import User
from accounts.services import matching_pause
from ingest.models import Artist, Source
from tests.factories import make_taste, make_user


def test_it_shows_what_they_chose(as_ada: Client, ben: User) -> None:
    User.objects.filter(pk=ben.pk).update(country="PT", bio="Slow mornings & loud")
    make_taste(ben, ["Grouper", "Low"])
    page = as_ada.get("/people/ben_near/").content.decode()
    assert "Ben" in page
    assert "Portugal" in page
    assert "Slow mornings &amp; loud" in page
    assert page.index("Grouper") < page.index("Low")
    assert "/people/ben_near/block/" in page


def test_it_never_shows_what_is_private(as_ada: Client, ben: User) -> None:
    User.objects.filter(pk=ben.pk).update(email="ben@example.org")
    page = as_ada.get("/people/ben_near/").content.decode()
    assert ben.username not in page
    assert "ben@example.org" not in page
    assert str(ben.public_id) not in page


def test_it_leads_to_the_why(as_ada: Client, community: list[User]) -> None:
    page = as_ada.get("/people/ben_near/")
    assert b"3 artists in common" in page.content
    assert b'href="/matches/ben_near/"' in page.content


def test_without_a_match_there_is_no_score(as_ada: Client, ben: User) -> None:
    page = as_ada.get("/people/ben_near/")
    assert page.status_code == 200
    assert b"/matches/ben_near/" not in page.content


def test_ones_own_page_has_neither_score_nor_block(
    as_ada: Client, community: list[User], now: datetime
) -> None:
    page = as_ada.get("/people/ada_owner/").content
    assert b"Edit my profile" in page
    assert b"/block/" not in page
    assert b"/matches/ada_owner/" not in page
    matching_pause(person=community[0], now=now)
    assert as_ada.get("/people/ada_owner/").status_code == 200


def test_it_costs_the_same_for_everyone(
    as_ada: Client, community: list[User], django_assert_num_queries: Any
) -> None:
    as_ada.get("/people/ben_near/")
    with django_assert_num_queries(8):
        as_ada.get("/people/ben_near/")


def test_the_address_is_the_handle_in_any_case(as_ada: Client, ben: User) -> None:
    assert as_ada.get("/people/BEN_near/").status_code == 200
    assert as_ada.get("/people/ben-near/").status_code == 404


def test_someone_who_has_not_joined_sees_nobody(client: Client, ben: User) -> None:
    make_taste(ben, ["Grouper"])
    client.force_login(make_user("only_signed_up"))
    for path in ("/people/ben_near/", "/people/ben_near/block/", "/people/nobody/"):
        response = client.get(path)
        assert response.headers["Location"] == "/welcome/"
        assert b"Grouper" not in response.content


def test_the_list_is_of_one_source_with_its_credit(as_ada: Client, ben: User) -> None:
    make_taste(ben, ["Grouper"], source=Source.MANUAL)
    make_taste(ben, ["Low", "Neu!"], source=Source.SPOTIFY)
    Artist.objects.filter(name="Low").update(spotify_id="low0id")
    page = as_ada.get("/people/ben_near/").content.decode()
    assert "https://open.spotify.com/artist/low0id" in page
    assert "comes from Spotify" in page
    assert "Grouper" not in page
