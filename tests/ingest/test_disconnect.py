"""Leaving a source: what is said before, and what goes with it."""

from datetime import datetime
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import SpotifyGrant, User
from ingest.models import ImportRun, Listen, Source, SourceLink, TopArtist
from ingest.services import source_link
from matching.models import Taste
from tests.factories import make_taste
from tests.ingest.conftest import FIVE, Connect, Finish, picked, text

LEAVE, SOURCES = "/sources/spotify/disconnect/", "/sources/"
MANUAL = "/sources/manual/connect/"


def said(response: Any) -> str:
    return " ".join(str(m) for m in get_messages(response.wsgi_request))


def test_disconnecting_asks_first_and_then_deletes_everything(
    mine: Client, ada: User, ben: User, connect: Connect, finish: Finish
) -> None:
    finish(connect(ada, "marisol"))
    finish(connect(ben, "tobin"))
    mine.post(MANUAL, picked(*FIVE))
    SocialAccount.objects.create(user=ada, provider="spotify", uid="u1")
    page = mine.get(LEAVE)
    assert "Everything Spotify brought here is deleted" in text(page)
    assert "Your way back in" not in text(page)
    assert ada.top_artists.filter(source="spotify").count() == 150

    response = mine.post(LEAVE)
    assert response["Location"] == SOURCES
    assert "150 places in your top artists" in said(response)
    for model in (TopArtist, Listen, ImportRun, SourceLink):
        assert not model.objects.filter(person=ada, source="spotify").exists()
    assert not ada.top_tracks.exists()
    assert not SpotifyGrant.objects.filter(person=ada).exists()
    assert not SocialAccount.objects.filter(user=ada).exists()
    # What others brought, and what she named herself, stays.
    assert ada.top_artists.count() == 5
    assert ben.top_artists.count() == 150
    assert SpotifyGrant.objects.filter(person=ben).exists()
    assert not Taste.objects.get(pk=ada.pk).has_spotify
    assert mine.post(LEAVE).status_code == 404


def test_disconnecting_the_only_source_leaves_matching(
    mine: Client, ada: User, connect: Connect, finish: Finish
) -> None:
    finish(connect(ada, "percy"))
    mine.post(LEAVE)
    assert not Taste.objects.get(pk=ada.pk).is_visible


def test_someone_without_a_password_is_shown_the_way_back(
    mine: Client, ada: User, now: datetime
) -> None:
    ada.set_unusable_password()
    ada.save()
    mine.force_login(ada)
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    page = mine.get(LEAVE)
    assert "Your way back in" in text(page)
    assert ada.username in text(page)
    assert reverse("account_set_password") in page.content.decode()

    response = mine.post(LEAVE)
    assert response["Location"] == reverse("account_set_password")
    assert f"Your user name is {ada.username}" in said(response)
    assert not SourceLink.objects.exists()

    words = {"password1": "walks by the sea", "password2": "walks by the sea"}
    assert mine.get(response["Location"]).status_code == 200
    mine.post(response["Location"], words)
    mine.logout()
    assert mine.login(username=ada.username, password="walks by the sea")


def test_a_list_made_by_hand_can_go_too(mine: Client, ada: User) -> None:
    mine.post(MANUAL, picked(*FIVE))
    ada.set_unusable_password()
    assert "Your way back in" not in text(mine.get("/sources/manual/disconnect/"))
    assert mine.post("/sources/manual/disconnect/")["Location"] == SOURCES
    assert not ada.top_artists.exists()


def test_what_is_not_connected_cannot_be_disconnected(mine: Client, ben: User) -> None:
    make_taste(ben, FIVE, source=Source.SPOTIFY)
    assert mine.get(LEAVE).status_code == 404
    assert mine.post(LEAVE).status_code == 404
    assert ben.top_artists.count() == 5
