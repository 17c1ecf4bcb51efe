"""The made-up people: one person in several services, the same plays in all."""

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
import requests

from musicmatch.demo.catalogue import load_catalogue
from musicmatch.standins import lastfm as lastfm_accounts
from musicmatch.standins import listenbrainz as listenbrainz_accounts
from musicmatch.standins.diary import History
from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.listenbrainz import ListenBrainzStandin
from musicmatch.standins.mbids import artist_mbid, artists_by_mbid
from musicmatch.standins.musicbrainz import MusicBrainzStandin
from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.standins.tags import tags_of
from musicmatch.standins.tastes import TIME_RANGES, Leaning, Person, Rhythm
from tests.musicmatch.standins.conftest import Clock

TIMEOUT = 5
NAME = {"User-Agent": "Musicmatch/0.1 ( https://musicmatch.example )"}
Plays = set[tuple[int, str]]


def spotify_plays(standin: SpotifyStandin, listener: str) -> Plays:
    """Beginnings, worked out from the moment at which a track ended."""
    token = standin.grant(listener)["access_token"]
    items = requests.get(
        f"{standin.api_url}/me/player/recently-played",
        params={"limit": 50},
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    ).json()["items"]
    return {
        (
            int(datetime.fromisoformat(item["played_at"]).timestamp() * 1000)
            - item["track"]["duration_ms"],
            item["track"]["name"],
        )
        for item in items
    }


def in_seconds(plays: Plays) -> Plays:
    return {(ms // 1000, name) for ms, name in plays}


def listenbrainz_plays(standin: ListenBrainzStandin, name: str, count: int) -> Plays:
    rows = requests.get(
        f"{standin.url}/1/user/{name}/listens",
        params={"count": count},
        timeout=TIMEOUT,
    ).json()["payload"]["listens"]
    return {(row["listened_at"], row["track_metadata"]["track_name"]) for row in rows}


def lastfm_rows(standin: LastfmStandin, method: str, **query: Any) -> Any:
    params = {"method": method, "api_key": standin.api_key, "format": "json", **query}
    data = requests.get(standin.api_url, params=params, timeout=TIMEOUT).json()
    ((_, inner),) = data.items()
    return inner["artist"] if "artist" in inner else inner["track"]


def lastfm_plays(standin: LastfmStandin, user: str, count: int) -> Plays:
    rows = lastfm_rows(standin, "user.getRecentTracks", user=user, limit=count)
    return {(int(row["date"]["uts"]), row["name"]) for row in rows if row.get("date")}


@pytest.mark.parametrize(
    ("listener", "on_listenbrainz", "on_lastfm"),
    [
        ("marisol", "marisol_q", "marisolq"),
        ("aoi", "Mizuno Aoi", None),
        ("bram", None, "bram-hagen"),
    ],
)
def test_one_person_has_the_same_plays_everywhere(
    standin: SpotifyStandin,
    listenbrainz: ListenBrainzStandin,
    lastfm: LastfmStandin,
    listener: str,
    on_listenbrainz: str | None,
    on_lastfm: str | None,
) -> None:
    plays = in_seconds(spotify_plays(standin, listener))
    assert len(plays) == 50
    # In order of beginnings, a few that Spotify no longer tells are among the latest.
    if on_listenbrainz is not None:
        assert plays <= listenbrainz_plays(listenbrainz, on_listenbrainz, 60)
    if on_lastfm is not None:
        assert plays <= lastfm_plays(lastfm, on_lastfm, 60)


def test_one_person_has_the_same_top_artists_everywhere(
    standin: SpotifyStandin, listenbrainz: ListenBrainzStandin, lastfm: LastfmStandin
) -> None:
    token = standin.grant("marisol")["access_token"]
    items = requests.get(
        f"{standin.api_url}/me/top/artists",
        params={"limit": 50, "time_range": "short_term"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    ).json()["items"]
    names = [item["name"] for item in items]
    stats = requests.get(
        f"{listenbrainz.url}/1/stats/user/marisol_q/artists",
        params={"range": "month", "count": 50},
        timeout=TIMEOUT,
    ).json()["payload"]["artists"]
    rows = lastfm_rows(lastfm, "user.getTopArtists", user="marisolq", period="1month")
    assert [row["artist_name"] for row in stats] == names
    assert [row["name"] for row in rows] == names


def test_mbids_agree_between_services(
    listenbrainz: ListenBrainzStandin,
    lastfm: LastfmStandin,
    musicbrainz: MusicBrainzStandin,
) -> None:
    rows = lastfm_rows(lastfm, "user.getTopArtists", user="marisolq", period="1month")
    known = {row["name"]: row["mbid"] for row in rows if row["mbid"]}
    stats = requests.get(
        f"{listenbrainz.url}/1/stats/user/marisol_q/artists",
        params={"range": "month", "count": 50},
        timeout=TIMEOUT,
    ).json()["payload"]["artists"]
    by_name = {row["artist_name"]: row.get("artist_mbid") for row in stats}
    assert known == {name: by_name[name] for name in known}
    name, mbid = next(iter(known.items()))
    url = f"{musicbrainz.url}/artist/{mbid}"
    answer = requests.get(url, params={"fmt": "json"}, headers=NAME, timeout=TIMEOUT)
    assert answer.json()["name"] == name


@pytest.mark.parametrize("service", [listenbrainz_accounts, lastfm_accounts])
def test_each_service_has_its_people(service: Any) -> None:
    accounts = service.all_accounts().values()
    spotify = set(all_listeners().values())
    active = [one for one in accounts if one.list_size > 1]
    assert len(active) >= 3
    assert [one for one in accounts if one.person in spotify]
    assert [one for one in active if one.person not in spotify]
    assert [one for one in accounts if one.list_size == 0]
    assert len({one.kind for one in accounts}) == len(accounts)
    artists = {artist.name for artist in load_catalogue()}
    for one in active:
        for time_range in TIME_RANGES:
            found = one.person.artists(time_range, one.list_size)
            assert {artist.name for artist in found} <= artists


def test_only_lastfm_can_hide_listening() -> None:
    hidden = [one for one in lastfm_accounts.all_accounts().values() if one.is_hidden]
    assert [one.name for one in hidden] == ["drawncurtain"]


def test_mbids_are_uuids_of_their_own_and_some_artists_have_none() -> None:
    mbids = [artist_mbid(artist) for artist in load_catalogue()]
    found = [mbid for mbid in mbids if mbid is not None]
    assert len(set(found)) == len(found) == len(artists_by_mbid())
    assert 0.88 < len(found) / len(mbids) < 0.96


def test_most_artists_have_tags_that_are_no_genres() -> None:
    numbers = Counter[str]()
    for artist in load_catalogue():
        tags = tags_of(artist)
        assert [tag.weight for tag in tags] == sorted(
            (tag.weight for tag in tags), reverse=True
        )
        assert len({tag.name for tag in tags}) == len(tags)
        numbers["none"] += not tags
        numbers["one"] += len(tags) == 1
        numbers["noisy"] += any(not tag.is_genre for tag in tags)
    total = len(load_catalogue())
    assert 0.02 < numbers["none"] / total < 0.09
    assert numbers["one"] > 10
    assert numbers["noisy"] / total > 0.7


# The diary behind all of it


@pytest.fixture
def own_history(clock: Clock) -> History:
    person = Person(
        key="test",
        leaning=Leaning("test", ("rock",)),
        rhythm=Rhythm(gap_minutes=3, chance=0.9, oddities=True),
    )
    return History(person, int(clock.seconds) - 86_400)


def test_history_is_in_order_of_beginnings_and_only_of_what_has_ended(
    own_history: History, clock: Clock
) -> None:
    total, plays = own_history.page(now=clock.seconds, most=10_000)
    starts = [play.started_at for play in plays]
    assert total == len(plays) > 300
    assert starts == sorted(starts, reverse=True)
    ends = [play.started_at + play.track.duration_ms // 1000 for play in plays]
    assert max(ends) <= clock.seconds
    assert ends != sorted(ends, reverse=True)


def test_history_that_grew_is_the_one_written_at_once(
    own_history: History, clock: Clock
) -> None:
    for _ in range(50):
        clock.seconds += 97
        own_history.count(now=clock.seconds)
    grown = own_history.page(now=clock.seconds, most=10_000)
    own_history.count(now=clock.seconds - 10_000)
    assert own_history.page(now=clock.seconds, most=10_000) == grown


def test_history_can_be_cut_to_its_oldest_plays(
    own_history: History, clock: Clock
) -> None:
    whole = own_history.page(now=clock.seconds, most=10_000)[1]
    first = whole[-1].started_at
    assert own_history.oldest(now=clock.seconds, first=first, most=3) == whole[-3:]
    total, found = own_history.page(
        now=clock.seconds, first=first + 1, end=whole[10].started_at, skip=2, most=2
    )
    between = [play for play in whole if first < play.started_at < whole[10].started_at]
    assert (total, found) == (len(between), between[2:4])
