"""One's own taste, by time range and by source."""

from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from ingest import pages
from ingest.models import Source
from ingest.services import Listening, listening_replace
from ingest.sound import DIMENSIONS
from ingest.sources.base import ArtistItem, AudioItem, TrackItem
from musicmatch.standins.spotify import SpotifyStandin
from tests.factories import make_taste
from tests.ingest.conftest import FIVE, text

TASTE = "/taste/"


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
