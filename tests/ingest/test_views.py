"""The pages about one's own listening and where it comes from."""

import re
import uuid
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import gate
from accounts.models import SpotifyGrant, User
from accounts.services import matching_pause
from ingest import pages
from ingest.models import ImportRun, Listen, Source, SourceLink, TopArtist, Track
from ingest.services import Listening, listening_replace, run_queue, source_link
from ingest.sound import DIMENSIONS
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem
from matching.models import Taste
from musicmatch.standins.spotify import SpotifyStandin
from tests.conftest import NOW
from tests.factories import make_person, make_taste, make_user
from tests.ingest.conftest import Clock, Connect, Finish

TASTE, RECENT, SOURCES = "/taste/", "/taste/recent/", "/sources/"


@pytest.fixture
def mine(client: Client, ada: User) -> Client:
    """The site as Ada sees it."""
    client.force_login(ada)
    return client


def text(response: Any) -> str:
    return " ".join(
        unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split()
    )


def rows(response: Any) -> dict[str, str]:
    """The marks of the sources page: state by source."""
    found = re.findall(
        r'data-source="(\w+)" data-state="(\w+)"', response.content.decode()
    )
    return dict(found)


def picked(*names: str) -> dict[str, str]:
    return {"artists": "\n".join(names)}


FIVE = ("Portishead", "Grouper", "Sade", "Burial", "Can")


@pytest.mark.parametrize(
    "path",
    [
        TASTE,
        RECENT,
        SOURCES,
        "/sources/manual/connect/",
        "/sources/spotify/disconnect/",
        f"/sources/runs/{uuid.uuid4()}/",
    ],
)
def test_every_page_asks_who_you_are(path: str, client: Client, db: None) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={path}"


# --- Taste ----------------------------------------------------------------


def test_taste_opens_on_a_range_that_has_something(mine: Client, ada: User) -> None:
    make_taste(ada, FIVE, time_range="long_term")
    assert "Portishead" in text(mine.get(TASTE))
    make_taste(ada, ["Low"], source=Source.MANUAL, time_range="medium_term")
    response = mine.get(TASTE)
    assert "Low" in text(response)
    assert "Portishead" not in text(response)


@pytest.mark.parametrize(
    "asked", ["", "?range=nonsense", "?range=", "?range=LONG_TERM"]
)
def test_nonsense_ranges_open_the_usual_tab(
    asked: str, mine: Client, ada: User
) -> None:
    make_taste(ada, FIVE, time_range="short_term")
    response = mine.get(TASTE + asked)
    assert response.status_code == 200
    current = [tab["key"] for tab in response.context["ranges"] if tab["is_current"]]
    assert current == ["short_term"]


def test_each_tab_shows_its_own_range(mine: Client, ada: User) -> None:
    make_taste(ada, ["Sade"], time_range="long_term")
    make_taste(ada, ["Coil"], source=Source.DEMO, time_range="short_term")
    assert "Sade" in text(mine.get(TASTE + "?range=long_term"))
    assert "Sade" not in text(mine.get(TASTE + "?range=short_term"))
    empty = text(mine.get(TASTE + "?range=medium_term"))
    assert "No source tells anything about this time range" in empty


def test_sources_stand_apart_and_twenty_are_shown(
    mine: Client, ada: User, now: datetime
) -> None:
    artists = tuple(ArtistItem(f"Artist {n:02}", f"id{n}") for n in range(50))
    tracks = tuple(TrackItem(f"Track {n:02}", artists[n], f"t{n}") for n in range(50))
    listening_replace(
        person_id=ada.pk,
        source=Source.SPOTIFY,
        listening=Listening({"medium_term": artists}, {"medium_term": tracks}),
        now=now,
    )
    make_taste(
        ada, ["Artist 03", "Low"], source=Source.MANUAL, time_range="medium_term"
    )
    lists = mine.get(TASTE).context["lists"]
    by_source = {shown.source: shown for shown in lists}
    assert set(by_source) == {"spotify", "manual"}
    spotify, manual = by_source["spotify"], by_source["manual"]
    assert [row.name for row in spotify.artists] == [a.name for a in artists[:20]]
    assert len(spotify.tracks) == 20
    assert spotify.artists[3].url == "https://open.spotify.com/artist/id3"
    assert spotify.tracks[0].url == "https://open.spotify.com/track/t0"
    assert [(row.rank, row.name, row.url) for row in manual.artists] == [
        (1, "Artist 03", ""),
        (2, "Low", ""),
    ]


def test_genres_and_sound_are_summed_up(mine: Client, ada: User, now: datetime) -> None:
    artists = (
        ArtistItem("Can", "a1", ("krautrock", "rock")),
        ArtistItem("Low", "a2", ("rock",)),
    )
    tracks = tuple(TrackItem(f"T{n}", artists[0], f"t{n}") for n in range(6))
    sound = {
        t.spotify_id or "": AudioItem(
            t.spotify_id or "", 100 + 10 * n, 0.5, loudness=-7
        )
        for n, t in enumerate(tracks)
    }
    listening_replace(
        person_id=ada.pk,
        source=Source.SPOTIFY,
        listening=Listening(
            {"medium_term": artists}, {"medium_term": tracks}, audio=sound
        ),
        now=now,
    )
    response = mine.get(TASTE)
    genres = {g.name: g.share for g in response.context["genres"]}
    assert list(genres) == ["rock", "krautrock"]
    assert sum(genres.values()) == pytest.approx(100, abs=0.2)
    assert "Measured by Spotify." in response.content.decode()
    words = {row.label: row.value_text for row in response.context["audio"]}
    assert words == {"Tempo": "125 BPM", "Energy": "50 %", "Loudness": "−7 dB"}
    assert response.context["tempo_window"] == (112, 138)
    assert "between 112 and 138 beats a minute" in text(response)


def test_taste_without_anything_shows_the_doors(
    mine: Client, standin: SpotifyStandin
) -> None:
    response = mine.get(TASTE)
    assert "No listening here yet" in text(response)
    assert (
        reverse("ingest:source_connect", args=["manual"]) in response.content.decode()
    )
    assert reverse("spotify_login") in response.content.decode()


def test_taste_is_only_ones_own(mine: Client, ben: User) -> None:
    make_taste(ben, ["Autechre"])
    assert "Autechre" not in text(mine.get(TASTE))


def test_queries_of_taste_do_not_grow(mine: Client, ada: User) -> None:
    counts = []
    for size in (5, 50):
        names = [f"Artist {n}" for n in range(size)]
        make_taste(ada, names, genres=("rock", "pop"), time_range="medium_term")
        mine.get(TASTE)
        with CaptureQueriesContext(connection) as queries:
            mine.get(TASTE)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


# --- Recent listens -------------------------------------------------------


def heard(person: User, count: int, now: datetime) -> None:
    artist = ArtistItem("Low", "a1")
    listens = tuple(
        ListenItem(
            TrackItem(f"Track {n:03}", artist, f"t{n}"), now - timedelta(minutes=n)
        )
        for n in range(count)
    )
    listening_replace(
        person_id=person.pk,
        source=Source.SPOTIFY,
        listening=Listening(listens=listens),
        now=now,
    )


def test_recent_listens_in_pages_newest_first(
    mine: Client, ada: User, ben: User, now: datetime
) -> None:
    heard(ada, 45, now)
    heard(ben, 1, now + timedelta(hours=1))
    shown = [row["track"] for row in mine.get(RECENT).context["listens"]]
    assert shown == [f"Track {n:03}" for n in range(20)]
    third = mine.get(RECENT + "?page=3")
    assert [row["track"] for row in third.context["listens"]] == [
        f"Track {n:03}" for n in range(40, 45)
    ]
    assert "Page 3 of 3" in text(third)


@pytest.mark.parametrize(("asked", "number"), [("99", 3), ("0", 3), ("x", 1), ("", 1)])
def test_pages_out_of_reach(
    asked: str, number: int, mine: Client, ada: User, now: datetime
) -> None:
    heard(ada, 45, now)
    response = mine.get(RECENT, {"page": asked})
    assert response.context["page_obj"].number == number


def test_no_recent_listens_says_what_to_do(mine: Client) -> None:
    response = mine.get(RECENT)
    assert "No recent listens" in text(response)
    assert reverse("ingest:sources") in response.content.decode()


def test_queries_of_recent_do_not_grow(
    mine: Client, ada: User, now: datetime, django_assert_num_queries: Any
) -> None:
    heard(ada, 1, now)
    mine.get(RECENT)
    with django_assert_num_queries(8):
        mine.get(RECENT)
    heard(ada, 45, now)
    with django_assert_num_queries(8):
        mine.get(RECENT)


# --- Sources --------------------------------------------------------------


def test_sources_that_are_off(mine: Client, standin: SpotifyStandin) -> None:
    response = mine.get(SOURCES)
    assert list(rows(response).items()) == [
        ("spotify", "off"),
        ("export", "off"),
        ("listenbrainz", "off"),
        ("manual", "off"),
    ]
    assert "Connect Spotify" in text(response)
    assert "Disconnect" not in text(response)


def test_spotify_is_not_offered_without_an_app(mine: Client, settings: Any) -> None:
    settings.SPOTIFY_CLIENT_ID = ""
    assert "spotify" not in rows(mine.get(SOURCES))


def test_a_spotify_left_from_before_can_still_be_disconnected(
    mine: Client, ada: User, now: datetime, settings: Any
) -> None:
    settings.SPOTIFY_CLIENT_ID = ""
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    response = mine.get(SOURCES)
    assert rows(response)["spotify"] == "connected"
    assert "/sources/spotify/disconnect/" in response.content.decode()


@pytest.mark.parametrize(
    ("state", "offered", "not_offered"),
    [
        ("connected", ["Sync Spotify now", "Disconnect"], ["Connect Spotify"]),
        ("failed", ["Sync Spotify now", "Disconnect"], ["Connect Spotify"]),
        ("needs_reconnect", ["Connect Spotify again"], ["Sync Spotify now"]),
        ("not_allowed", ["Connect Spotify", "Other ways in"], ["Sync Spotify now"]),
    ],
)
def test_every_state_of_a_source(
    state: str,
    offered: list[str],
    not_offered: list[str],
    mine: Client,
    ada: User,
    now: datetime,
    standin: SpotifyStandin,
) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    reason = "" if state == "connected" else "The reason in words."
    SourceLink.objects.update(state=state, reason=reason)
    response = mine.get(SOURCES)
    assert rows(response)["spotify"] == state
    assert reason in text(response)
    assert all(words in text(response) for words in offered)
    assert not any(words in text(response) for words in not_offered)


@pytest.mark.parametrize("is_quota", [False, True])
def test_a_resting_service_says_until_when(
    is_quota: bool, mine: Client, ada: User, standin: SpotifyStandin
) -> None:
    now = timezone.now()
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    until = gate.close("spotify", now=now, retry_after=7200, is_quota=is_quota)
    response = mine.get(SOURCES)
    assert rows(response)["spotify"] == "resting"
    assert f"{until:%H:%M}" in text(response)
    assert "goes on by itself" in text(response)
    assert "Sync Spotify now" not in text(response)
    SourceLink.objects.update(state="needs_reconnect")
    assert rows(mine.get(SOURCES))["spotify"] == "needs_reconnect"


def test_a_source_says_what_it_gave_and_when(
    mine: Client, ada: User, connect: Connect, finish: Finish
) -> None:
    run = finish(connect(ada, "percy"))
    response = mine.get(SOURCES)
    assert re.search(r"Gave \d+ artists, \d+ tracks, \d+ listens\.", text(response))
    assert run.get_absolute_url() in response.content.decode()
    assert "Latest import" in text(response)
    assert "Next one" in text(response)


def test_sources_that_came_with_a_community_are_named(mine: Client, ada: User) -> None:
    make_taste(ada, ["Can"], source=Source.COMMUNITY)
    response = mine.get(SOURCES)
    assert rows(response)["community"] == "connected"
    assert "Gave 1 artist." in text(response)


def test_queries_of_sources_do_not_grow(
    mine: Client, ada: User, now: datetime, standin: Any, django_assert_num_queries: Any
) -> None:
    make_taste(ada, ["Can"], source=Source.COMMUNITY)
    mine.get(SOURCES)
    with django_assert_num_queries(8):
        mine.get(SOURCES)
    make_taste(ada, FIVE, source=Source.MANUAL)
    make_taste(ada, FIVE, source=Source.SPOTIFY)
    for _ in range(30):
        ImportRun.objects.create(
            person=ada, source="spotify", state="done", queued_at=now
        )
    with django_assert_num_queries(8):
        mine.get(SOURCES)


# --- Picking artists by hand ----------------------------------------------

MANUAL = "/sources/manual/connect/"


def test_artists_named_by_hand_are_a_taste(mine: Client, ada: User) -> None:
    response = mine.post(MANUAL, picked(*FIVE))
    assert response["Location"] == SOURCES
    found = TopArtist.objects.filter(person=ada, source="manual").order_by("rank")
    assert [(t.rank, t.artist.name) for t in found] == list(enumerate(FIVE, 1))
    assert rows(mine.get(SOURCES))["manual"] == "connected"
    assert Taste.objects.get(pk=ada.pk).is_visible


def test_someone_who_has_not_joined_goes_on_to_the_welcome(
    mine: Client, ada: User
) -> None:
    User.objects.filter(pk=ada.pk).update(joined_at=None)
    assert mine.post(MANUAL, picked(*FIVE))["Location"] == "/welcome/"


def test_the_list_can_be_changed(mine: Client, ada: User) -> None:
    mine.post(MANUAL, picked(*FIVE))
    form = mine.get(MANUAL).context["form"]
    assert form.initial["artists"] == "\n".join(FIVE)
    mine.post(MANUAL, picked(*reversed(FIVE)))
    found = ada.top_artists.order_by("rank").values_list("artist__name", flat=True)
    assert list(found) == list(reversed(FIVE))


def test_doubles_blank_lines_and_odd_letters_are_tidied(
    mine: Client, ada: User
) -> None:
    names = ["  Can ", "", "Low", "can", "CAN", "\u202eSade", "Björk", "bjork", "Coil"]
    mine.post(MANUAL, {"artists": "\r\n".join(names) + "\r\n\r\n"})
    found = ada.top_artists.order_by("rank").values_list("artist__name", flat=True)
    assert list(found) == ["Can", "Low", "Sade", "Björk", "Coil"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (FIVE[:4], "Name at least 5 different artists; you named 4."),
        (["Can"] * 30, "you named 1"),
        ([f"Artist {n}" for n in range(51)], "Name at most 50 artists; there are 51."),
        ([*FIVE, "x" * 201], "longer than 200 letters"),
        ([""], "This field is required"),
        ([*FIVE, "a\x00b"], "Null characters are not allowed"),
        (["x" * 13_000], "at most 12000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_the_text_kept(
    names: list[str], words: str, mine: Client, ada: User
) -> None:
    response = mine.post(MANUAL, picked(*names))
    assert response.status_code == 200
    assert words in text(response)
    assert 'role="alert"' in response.content.decode()
    kept = response.context["form"]["artists"].value()
    assert kept == "\n".join(names)
    assert not ada.top_artists.exists()


def test_fifty_are_not_too_many(mine: Client, ada: User) -> None:
    mine.post(MANUAL, picked(*[f"Artist {n}" for n in range(50)]))
    assert ada.top_artists.count() == 50


def test_well_known_artists_are_suggested(mine: Client, ben: User, cyd: User) -> None:
    make_taste(ben, ["Sade", "Can"])
    make_taste(cyd, ["Sade", "Can"])
    assert mine.get(MANUAL).context["suggestions"] == []
    paused, stranger = make_person("one_paused"), make_user("not_joined")
    make_taste(paused, ["Sade", "Can"])
    make_taste(stranger, ["Sade", "Can", "Low"])
    assert mine.get(MANUAL).context["suggestions"] == ["Can", "Sade"]
    matching_pause(person=paused, now=NOW)
    assert mine.get(MANUAL).context["suggestions"] == []


def test_the_search_finds_what_several_people_have(mine: Client, ben: User) -> None:
    for number in range(3):
        make_taste(make_person(f"one_of_{number}"), ["Björk", "Portishead"])
    make_taste(ben, ["Bjorn Alone"])
    page = mine.get("/sources/manual/search/", {"q": "bjor"})
    assert "Add Björk" in text(page)
    assert "Alone" not in text(page)
    assert "<html" not in page.content.decode()
    assert "Nobody known here" in text(mine.get("/sources/manual/search/?q=zzz"))
    assert mine.get(MANUAL, {"q": "PORTIS"}).context["found"] == ["Portishead"]


@pytest.mark.parametrize(
    ("press", "after"),
    [
        ({"up": "1"}, ["Low", "Can", "Sade"]),
        ({"up": "0"}, ["Can", "Low", "Sade"]),
        ({"down": "0"}, ["Low", "Can", "Sade"]),
        ({"down": "2"}, ["Can", "Low", "Sade"]),
        ({"remove": "1"}, ["Can", "Sade"]),
        ({"remove": "99"}, ["Can", "Low", "Sade"]),
        ({"remove": "x"}, ["Can", "Low", "Sade"]),
        ({"add": "Coil"}, ["Can", "Low", "Sade", "Coil"]),
        ({"add": " LOW "}, ["Can", "Low", "Sade"]),
        ({"search": "Search artists", "q": "x"}, ["Can", "Low", "Sade"]),
    ],
)
def test_a_press_changes_the_draft_and_keeps_nothing(
    press: dict[str, str], after: list[str], mine: Client, ada: User
) -> None:
    page = mine.post(MANUAL, {**picked("Can", "Low", "Sade"), **press})
    assert page.context["names"] == after
    assert page.context["form"].initial["artists"] == "\n".join(after)
    assert "Not saved yet" in text(page)
    assert not ada.top_artists.exists()


def test_only_known_sources_have_addresses(mine: Client) -> None:
    for path in ("connect", "disconnect"):
        assert mine.get(f"/sources/lastwave/{path}/").status_code == 404
    assert mine.post("/sources/lastwave/sync/").status_code == 404
    assert mine.get("/sources/spotify/connect/")["Location"] == SOURCES
    assert mine.put(MANUAL).status_code == 405
    assert mine.get("/sources/spotify/sync/").status_code == 405


# --- Not on the list ------------------------------------------------------


def test_someone_not_on_the_list_finds_the_other_doors(
    mine: Client, ada: User, connect: Connect, finish: Finish
) -> None:
    run = finish(connect(ada, "outsider"))
    door = "/sources/spotify/connect/"
    assert door in mine.get(run.get_absolute_url()).content.decode()
    assert door in mine.get(SOURCES).content.decode()
    page = mine.get(door)
    assert page.status_code == 200
    assert "Not on Spotify’s list" in text(page)
    assert MANUAL in page.content.decode()
    assert mine.post("/sources/spotify/sync/")["Location"] == door
    assert ImportRun.objects.count() == 1


# --- Sync now -------------------------------------------------------------

SYNC = "/sources/spotify/sync/"


def test_sync_starts_a_run_and_shows_it(mine: Client, ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    response = mine.post(SYNC)
    run = ImportRun.objects.get()
    assert response["Location"] == run.get_absolute_url()
    assert (run.person, run.kind, run.state) == (ada, "full", "queued")


def test_a_run_on_its_way_costs_nothing(mine: Client, ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    run = run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    for _ in range(3):
        assert mine.post(SYNC)["Location"] == run.get_absolute_url()
    run.delete()
    assert mine.post(SYNC).status_code == 302


def test_sync_once_in_ten_minutes(
    mine: Client, ada: User, ben: User, now: datetime, client: Client
) -> None:
    for person in (ada, ben):
        source_link(person_id=person.pk, source=Source.SPOTIFY, now=now)
    mine.post(SYNC)
    ImportRun.objects.update(state="done")
    refused = mine.post(SYNC)
    assert refused.status_code == 429
    assert "once in ten minutes" in text(refused)
    assert "You can go on at" in text(refused)
    assert ImportRun.objects.count() == 1
    other = Client(HTTP_HOST="127.0.0.1:8000")
    other.force_login(ben)
    assert other.post(SYNC).status_code == 302


def test_sync_needs_a_source_that_can(mine: Client, ada: User, now: datetime) -> None:
    assert mine.post(SYNC).status_code == 404
    source_link(person_id=ada.pk, source=Source.MANUAL, now=now)
    assert mine.post("/sources/manual/sync/").status_code == 404


def test_sync_does_not_knock_at_a_closed_door(
    mine: Client, ada: User, now: datetime
) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    SourceLink.objects.update(state="needs_reconnect", reason="Connect it again.")
    page = mine.post(SYNC, follow=True)
    assert page.redirect_chain[-1][0] == SOURCES
    assert "Connect it again." in text(page)
    assert not ImportRun.objects.exists()


# --- Disconnecting --------------------------------------------------------

LEAVE = "/sources/spotify/disconnect/"


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


# --- One import -----------------------------------------------------------


def run_of(person: User, now: datetime, **fields: Any) -> ImportRun:
    return ImportRun.objects.create(
        person=person, source="spotify", queued_at=now, total_steps=7, **fields
    )


ACTIVE = ("queued", "running", "waiting")


@pytest.mark.parametrize("state", ImportRun.State.values)
def test_a_run_as_a_page_and_as_a_part(
    state: str, mine: Client, ada: User, now: datetime
) -> None:
    run = run_of(ada, now, state=state, done_steps=3, artists_count=41, started_at=now)
    url = run.get_absolute_url()
    page, part = mine.get(url), mine.get(url, headers={"HX-Request": "true"})
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()
    for response in (page, part):
        html = response.content.decode()
        assert re.findall(r'data-run-state="(\w+)"', html) == [state]
        assert ("hx-get" in html) is (state in ACTIVE)
        assert "artists found 41" in text(response)
        assert "no-store" in response["Cache-Control"]
    # Without JavaScript the same link reloads.
    assert ("Reload" in text(page)) is (state in ACTIVE)


def test_a_waiting_run_says_until_when_and_why(mine: Client, ada: User) -> None:
    now = timezone.now()
    run = run_of(
        ada,
        now,
        state="waiting",
        resume_at=now + timedelta(seconds=1),
        reason="Spotify asked this site to slow down.",
    )
    words = text(mine.get(run.get_absolute_url()))
    assert "Spotify is resting until" in words
    assert f"{run.resume_at:%H:%M}" in words
    assert "Spotify asked this site to slow down." in words


def test_a_failed_run_says_why_and_what_to_do(
    mine: Client, ada: User, now: datetime
) -> None:
    run = run_of(ada, now, state="failed", reason="A reason.", finished_at=now)
    page = mine.get(run.get_absolute_url())
    assert "A reason." in text(page)
    assert "See what you can do" in text(page)


def test_the_runs_of_others_are_not_there(
    mine: Client, ben: User, now: datetime
) -> None:
    run = run_of(ben, now)
    assert mine.get(run.get_absolute_url()).status_code == 404
    assert mine.get(f"/sources/runs/{uuid.uuid4()}/").status_code == 404
    assert mine.get("/sources/runs/1/").status_code == 404


def test_progress_can_be_watched(
    mine: Client,
    ada: User,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    settings: Any,
) -> None:
    settings.SPOTIFY_MIN_GAP_MS = 100
    run = connect(ada, "percy")
    seen = []
    for _ in range(7):
        finish(run, turns=1)
        part = text(mine.get(run.get_absolute_url(), headers={"HX-Request": "true"}))
        seen.append(part)
    assert "Reading your top artists: last 6 months" in seen[0]
    assert "Reading your recent listens" in seen[5]
    assert "is here" in seen[6]
    assert len(set(seen)) == 7


def test_a_run_is_one_query_more_than_signing_in(
    mine: Client, ada: User, now: datetime, django_assert_num_queries: Any
) -> None:
    run = run_of(ada, now, state="running", staged={"artists:long_term": [{}] * 50})
    mine.get(run.get_absolute_url())
    with django_assert_num_queries(3) as queries:
        mine.get(run.get_absolute_url())
    assert not any("staged" in q["sql"] for q in queries.captured_queries)


def test_names_that_look_like_markup_are_text(
    mine: Client, ada: User, now: datetime
) -> None:
    name = "<script>alert(1)</script>"
    make_taste(ada, [name], time_range="medium_term", genres=[name])
    heard(ada, 1, now)
    Track.objects.update(name=name)
    for path in (TASTE, RECENT):
        html = mine.get(path).content.decode()
        assert name not in html
        assert "&lt;script&gt;" in html


def test_dimensions_are_said_in_words() -> None:
    tempo, energy, *_, loudness = DIMENSIONS
    assert tempo.text(118.4) == "118 BPM"
    assert energy.text(0.837) == "84 %"
    assert loudness.text(-7.2) == "−7 dB"
    assert [tempo.position(v) for v in (0, 60, 125, 190, 400)] == [0, 0, 50, 100, 100]


def test_links_lead_to_spotify_only_for_what_came_from_there() -> None:
    assert pages.spotify_url("artist", "a1", "spotify").endswith("/artist/a1")
    assert pages.spotify_url("artist", "a1", "manual") == ""
    assert pages.spotify_url("artist", None, "spotify") == ""
