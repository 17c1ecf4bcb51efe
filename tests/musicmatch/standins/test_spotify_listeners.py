"""The fictional listeners: what they are promised to be."""

from datetime import datetime

import pytest

from musicmatch.standins.spotify.grants import six_months_after
from musicmatch.standins.spotify.listeners import Listener, all_listeners
from musicmatch.standins.spotify.recent import recent_listens
from musicmatch.standins.tastes import TIME_RANGES

NOW = 1_794_650_400.0


def fame_of(listener: Listener) -> float:
    artists = listener.top_artists["long_term"]
    return sum(artist.fame for artist in artists) / len(artists)


def test_there_is_about_a_dozen_with_names_of_their_own() -> None:
    listeners = all_listeners().values()
    assert 12 <= len(listeners) <= 16
    assert len({listener.id for listener in listeners}) == len(listeners)
    assert len({listener.kind for listener in listeners}) == len(listeners)
    accounts = [listener.account_id for listener in listeners if listener.account_id]
    assert len(set(accounts)) == len(listeners) - 1


def test_only_one_is_off_the_allow_list() -> None:
    off = [key for key, one in all_listeners().items() if not one.is_allow_listed]
    assert off == ["outsider"]


def test_twin_has_the_same_top_lists_and_other_recent_listens() -> None:
    heavy, twin = all_listeners()["marisol"], all_listeners()["tobin"]
    assert heavy.top_artists == twin.top_artists
    assert heavy.top_tracks == twin.top_tracks
    assert recent_listens(heavy, now=NOW) != recent_listens(twin, now=NOW)


def test_heavy_listener_has_fifty_of_everything() -> None:
    heavy = all_listeners()["marisol"]
    for time_range in TIME_RANGES:
        artists, tracks = heavy.top_artists[time_range], heavy.top_tracks[time_range]
        assert len({artist.name for artist in artists}) == 50
        assert len({track.spotify_id for track in tracks}) == 50
    assert len(recent_listens(heavy, now=NOW)) == 50


def test_fame_pulls_and_pushes() -> None:
    listeners = all_listeners()
    typical = fame_of(listeners["marisol"])
    assert fame_of(listeners["delphine"]) > typical > fame_of(listeners["orsolya"])


def test_mixed_eras_span_decades() -> None:
    artists = all_listeners()["aoi"].top_artists["long_term"]
    assert {1960, 1980, 2000, 2020} <= {artist.era for artist in artists}


@pytest.mark.parametrize("key", ["marisol", "aoi", "bram", "quill"])
def test_top_artists_lean_towards_the_words(key: str) -> None:
    listener = all_listeners()[key]
    fitting = [
        artist
        for artist in listener.top_artists["medium_term"][:10]
        if any(word in g for word in listener.leaning.words for g in artist.genres)
    ]
    assert len(fitting) >= 8


def test_yesterday_never_changes() -> None:
    heavy = all_listeners()["marisol"]
    earlier = recent_listens(heavy, now=NOW)
    later = recent_listens(heavy, now=NOW + 1800)
    new = [listen for listen in later if listen not in earlier]
    assert tuple(new) + earlier[: 50 - len(new)] == later


@pytest.mark.parametrize(
    ("consent", "end"),
    [
        ("2026-05-14T10:30:00+00:00", "2026-11-14T10:30:00+00:00"),
        ("2026-11-14T10:30:00+00:00", "2027-05-14T10:30:00+00:00"),
        ("2026-08-31T23:59:59+00:00", "2027-02-28T23:59:59+00:00"),
    ],
)
def test_six_months_are_calendar_months(consent: str, end: str) -> None:
    started = datetime.fromisoformat(consent).timestamp()
    assert six_months_after(started) == datetime.fromisoformat(end).timestamp()
