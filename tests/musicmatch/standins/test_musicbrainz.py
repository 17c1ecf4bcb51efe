"""The stand-in for MusicBrainz over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.standins.mbids import (
    artist_mbid,
    genre_mbid,
    has_link,
    recording_mbid,
    recordings_with,
)
from musicmatch.standins.musicbrainz import MusicBrainzStandin
from musicmatch.standins.shelf import Track, tracks_by_id
from tests.musicmatch.standins.conftest import Clock

TIMEOUT = 5
NAME = "Musicmatch/0.1 ( https://musicmatch.example )"
UNKNOWN_MBID = "00000000-0000-4000-8000-000000000000"


def get(
    standin: MusicBrainzStandin, path: str, user_agent: str | None = NAME, **query: Any
) -> requests.Response:
    return requests.get(
        f"{standin.url}{path}",
        params={"fmt": "json", **query},
        headers={"User-Agent": user_agent},
        timeout=TIMEOUT,
    )


def artist_named(name: str) -> CatalogueArtist:
    return next(artist for artist in load_catalogue() if artist.name == name)


def link(artist: CatalogueArtist) -> str:
    return f"https://open.spotify.com/artist/{artist.spotify_id}"


def tracks(*, are_known: bool) -> Iterator[Track]:
    for track in tracks_by_id().values():
        if bool(recordings_with(track.isrc)) is are_known:
            yield track


def assert_error(response: requests.Response, status: int, words: str) -> None:
    assert response.status_code == status
    assert words in response.json()["error"]


# ISRC


def test_isrc_leads_to_recordings_and_their_artists(
    musicbrainz: MusicBrainzStandin,
) -> None:
    track = next(tracks(are_known=True))
    data = get(musicbrainz, f"/isrc/{track.isrc}", inc="artist-credits").json()
    assert data["isrc"] == track.isrc
    (recording,) = data["recordings"]
    assert recording["id"] == recording_mbid(track)
    assert (recording["title"], recording["length"]) == (track.title, track.duration_ms)
    (credit,) = recording["artist-credit"]
    assert credit["artist"]["id"] == artist_mbid(track.artist)
    assert credit["artist"]["name"] == credit["name"] == track.artist.name


def test_isrc_names_artists_only_when_asked(musicbrainz: MusicBrainzStandin) -> None:
    track = next(tracks(are_known=True))
    (recording,) = get(musicbrainz, f"/isrc/{track.isrc}").json()["recordings"]
    assert "artist-credit" not in recording


def test_unknown_isrc_is_404(musicbrainz: MusicBrainzStandin) -> None:
    track = next(tracks(are_known=False))
    assert_error(get(musicbrainz, f"/isrc/{track.isrc}"), 404, "Not Found")
    assert_error(get(musicbrainz, "/isrc/USABC2099999"), 404, "Not Found")


# Addresses


def test_one_address_is_answered_by_itself(musicbrainz: MusicBrainzStandin) -> None:
    artist = next(artist for artist in load_catalogue() if has_link(artist))
    data = get(musicbrainz, "/url", resource=link(artist), inc="artist-rels").json()
    assert data["resource"] == link(artist)
    (relation,) = data["relations"]
    assert relation["target-type"] == "artist"
    assert relation["artist"]["id"] == artist_mbid(artist)
    plain = get(musicbrainz, "/url", resource=link(artist)).json()
    assert "relations" not in plain


def test_many_addresses_are_a_list_without_the_unknown_in_no_order(
    musicbrainz: MusicBrainzStandin,
) -> None:
    artists = load_catalogue()[:100]
    asked = [link(artist) for artist in artists]
    data = get(musicbrainz, "/url", resource=asked, inc="artist-rels").json()
    found = {row["resource"]: row["relations"][0]["artist"] for row in data["urls"]}
    assert data["url-count"] == len(data["urls"]) == len(found)
    linked = [artist for artist in artists if has_link(artist)]
    assert found.keys() == {link(artist) for artist in linked}
    assert 0 < len(linked) < 100
    assert list(found) != [link(artist) for artist in linked]
    for artist in linked:
        assert found[link(artist)]["id"] == artist_mbid(artist)


def test_unknown_addresses(musicbrainz: MusicBrainzStandin) -> None:
    nothing = "https://open.spotify.com/artist/nobody"
    assert_error(get(musicbrainz, "/url", resource=nothing), 404, "Not Found")
    both = get(musicbrainz, "/url", resource=[nothing, f"{nothing}2"]).json()
    assert both == {"url-count": 0, "url-offset": 0, "urls": []}


def test_more_than_a_hundred_addresses_are_refused(
    musicbrainz: MusicBrainzStandin,
) -> None:
    asked = [link(artist) for artist in load_catalogue()[:101]]
    assert_error(get(musicbrainz, "/url", resource=asked), 400, "1 to 100")
    assert_error(get(musicbrainz, "/url"), 400, "1 to 100")


# Artists


@pytest.mark.parametrize("inc", ["genres+tags", "genres tags"])
def test_artist_has_genres_and_tags_by_name(
    musicbrainz: MusicBrainzStandin, inc: str
) -> None:
    artist = artist_named("Radiohead")
    data = get(musicbrainz, f"/artist/{artist_mbid(artist)}", inc=inc).json()
    assert data["name"] == "Radiohead"
    names = [genre["name"] for genre in data["genres"]]
    assert names == sorted(artist.genres)
    assert data["genres"][0]["id"] == genre_mbid(names[0])
    tags = [tag["name"] for tag in data["tags"]]
    assert tags == sorted(tags)
    assert set(tags) > set(names)


def test_artist_has_genres_only_when_asked(musicbrainz: MusicBrainzStandin) -> None:
    artist = artist_named("Radiohead")
    mbid = str(artist_mbid(artist)).upper()
    plain = get(musicbrainz, f"/artist/{mbid}").json()
    assert not plain.keys() & {"genres", "tags"}
    assert plain["id"] == mbid.lower()


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        (f"/artist/{UNKNOWN_MBID}", {}, 404, "Not Found"),
        ("/artist/nonsense", {}, 400, "Invalid mbid."),
        (f"/artist/{UNKNOWN_MBID}", {"inc": "shoes"}, 400, "shoes is not a valid inc"),
        ("/isrc/nonsense", {}, 400, "Invalid isrc."),
        ("/isrc/USABC2099999", {"inc": "shoes"}, 400, "for the isrc resource"),
        ("/label/1", {}, 404, "Not Found"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    musicbrainz: MusicBrainzStandin,
    path: str,
    query: dict[str, str],
    status: int,
    words: str,
) -> None:
    assert_error(get(musicbrainz, path, **query), status, words)


def test_answer_is_xml_unless_json_is_asked_for(
    musicbrainz: MusicBrainzStandin,
) -> None:
    mbid = artist_mbid(artist_named("Radiohead"))
    xml = get(musicbrainz, f"/artist/{mbid}", fmt=None)
    assert xml.headers["Content-Type"].startswith("text/xml")
    assert "<name>Radiohead</name>" in xml.text
    asked = requests.get(
        f"{musicbrainz.url}/artist/{mbid}",
        headers={"User-Agent": NAME, "Accept": "application/json"},
        timeout=TIMEOUT,
    )
    assert asked.json()["name"] == "Radiohead"


# Who may call, and how often


@pytest.mark.parametrize(
    "user_agent",
    [
        None,
        "",
        "Musicmatch",
        "Musicmatch/0.1",
        "python-requests/2.34 (https://somebody.example)",
        "curl/8.1 ( me@somebody.example )",
        "Mozilla/5.0 (compatible; +https://somebody.example)",
    ],
)
def test_caller_without_a_meaningful_name_is_refused(
    musicbrainz: MusicBrainzStandin, user_agent: str | None
) -> None:
    path = f"/artist/{artist_mbid(artist_named('Radiohead'))}"
    answer = get(musicbrainz, path, user_agent)
    assert_error(answer, 403, "say its name")
    musicbrainz.wants_name = False
    assert get(musicbrainz, path, user_agent).ok


@pytest.mark.parametrize(
    "user_agent", [NAME, "Musicmatch/0.1 (host@somebody.example)", "a/1 +http://b"]
)
def test_caller_who_says_who_it_is_is_let_in(
    musicbrainz: MusicBrainzStandin, user_agent: str
) -> None:
    path = f"/artist/{artist_mbid(artist_named('Radiohead'))}"
    assert get(musicbrainz, path, user_agent).ok


def test_second_call_within_a_second_is_503(
    musicbrainz: MusicBrainzStandin, clock: Clock
) -> None:
    musicbrainz.reset()
    path = f"/artist/{artist_mbid(artist_named('Radiohead'))}"
    statuses = []
    for wait in (0.0, 0.5, 0.4, 0.1, 1.0, 0.0):
        clock.seconds += wait
        statuses.append(get(musicbrainz, path).status_code)
    assert statuses == [200, 503, 503, 200, 200, 503]
    assert_error(get(musicbrainz, path), 503, "exceeding the allowable rate limit")
    musicbrainz.min_gap = 0
    assert get(musicbrainz, path).ok
