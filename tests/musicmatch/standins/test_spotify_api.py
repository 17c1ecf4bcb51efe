"""The Web API part over real HTTP, in both modes."""

from typing import Any

import pytest
import requests

from musicmatch.standins.shelf import tracks_by_id
from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.standins.tastes import TIME_RANGES

ARTIST_KEYS = {"external_urls", "href", "id", "images", "name", "type", "uri"}
TIMEOUT = 5


def get(
    standin: SpotifyStandin,
    path: str,
    listener: str = "marisol",
    scopes: tuple[str, ...] = ("user-top-read", "user-read-recently-played"),
    **query: Any,
) -> requests.Response:
    token = standin.grant(listener, scopes)["access_token"]
    return requests.get(
        path if path.startswith("http") else f"{standin.api_url}{path}",
        params={key: str(value) for key, value in query.items()},
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    )


def assert_error(response: requests.Response, status: int, message: str) -> None:
    assert response.status_code == status
    assert response.json() == {"error": {"status": status, "message": message}}


# Who asks


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "No token provided"),
        ("Bearer ", "No token provided"),
        ("Basic abc", "Only valid bearer authentication supported"),
        ("Bearer nonsense", "Invalid access token"),
    ],
)
def test_bad_authorization_is_401(
    standin: SpotifyStandin, header: str | None, message: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = requests.get(f"{standin.api_url}/me", headers=headers, timeout=TIMEOUT)
    assert_error(response, 401, message)


def test_token_in_the_query_is_401(standin: SpotifyStandin) -> None:
    token = standin.grant("marisol")["access_token"]
    alone = requests.get(
        f"{standin.api_url}/me", params={"access_token": str(token)}, timeout=TIMEOUT
    )
    assert_error(alone, 401, "No token provided")
    assert_error(get(standin, "/me", access_token=token), 401, "No token provided")


def test_refresh_token_is_no_access_token(standin: SpotifyStandin) -> None:
    token = standin.grant("marisol")["refresh_token"]
    response = requests.get(
        f"{standin.api_url}/me",
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    )
    assert_error(response, 401, "Invalid access token")


def test_access_token_expires(standin: SpotifyStandin, clock: Any) -> None:
    standin.access_token_life = 60
    granted = standin.grant("marisol")
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    url = f"{standin.api_url}/me"
    assert granted["expires_in"] == 60
    assert requests.get(url, headers=headers, timeout=TIMEOUT).status_code == 200
    clock.seconds += 60
    response = requests.get(url, headers=headers, timeout=TIMEOUT)
    assert_error(response, 401, "The access token expired")


def test_access_can_be_expired_for_one_listener(standin: SpotifyStandin) -> None:
    headers = [
        {"Authorization": f"Bearer {standin.grant(key)['access_token']}"}
        for key in ("marisol", "tobin")
    ]
    standin.expire_access("marisol")
    answers = [
        requests.get(f"{standin.api_url}/me", headers=header, timeout=TIMEOUT)
        for header in headers
    ]
    assert [answer.status_code for answer in answers] == [401, 200]
    assert get(standin, "/me").status_code == 200


def test_listener_off_the_allow_list_is_refused_in_plain_text(
    standin: SpotifyStandin,
) -> None:
    response = get(standin, "/me", "outsider")
    assert response.status_code == 403
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.text == "User not registered in the Developer Dashboard"
    standin.mode = "extended"
    assert get(standin, "/me", "outsider").status_code == 200


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/me/top/artists", "user-top-read"),
        ("/me/top/tracks", "user-top-read"),
        ("/me/player/recently-played", "user-read-recently-played"),
    ],
)
def test_missing_scope_is_403(standin: SpotifyStandin, path: str, scope: str) -> None:
    others = {"user-top-read", "user-read-recently-played"} - {scope}
    response = get(standin, path, scopes=tuple(others))
    assert_error(response, 403, "Insufficient client scope")
    assert get(standin, path, scopes=(scope,)).status_code == 200


def test_unknown_path_is_404_and_other_method_405(standin: SpotifyStandin) -> None:
    assert_error(get(standin, "/me/everything"), 404, "Service not found")
    token = standin.grant("marisol")["access_token"]
    response = requests.delete(
        f"{standin.api_url}/me",
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    )
    assert_error(response, 405, "Method not allowed")


# /me


def test_profile_in_development_mode(standin: SpotifyStandin) -> None:
    response = get(standin, "/me", scopes=("user-read-private", "user-read-email"))
    assert response.json().keys() == {
        "account_id",
        "display_name",
        "external_urls",
        "href",
        "id",
        "images",
        "type",
        "uri",
    }


def test_profile_in_extended_mode_follows_scopes(standin: SpotifyStandin) -> None:
    standin.mode = "extended"
    bare = get(standin, "/me", scopes=()).json()
    assert "followers" in bare
    assert not {"country", "product", "email"} & bare.keys()
    full = get(standin, "/me", scopes=("user-read-private", "user-read-email")).json()
    assert full["country"] == "PT"
    assert full["product"] == "premium"
    assert full["email"] == "marisol@listeners.example"


def test_profiles_of_awkward_listeners(standin: SpotifyStandin) -> None:
    assert get(standin, "/me", "nameless").json()["display_name"] is None
    assert get(standin, "/me", "nameless").json()["images"] == []
    assert "images" not in get(standin, "/me", "yulia").json()
    assert get(standin, "/me", "bram").json()["images"][0]["width"] is None
    assert "account_id" not in get(standin, "/me", "wendell").json()
    assert get(standin, "/me", "aoi").json()["display_name"] == "水野 あおい"


def test_pictures_are_served_by_the_standin(standin: SpotifyStandin) -> None:
    url = get(standin, "/me").json()["images"][0]["url"]
    assert url.startswith(standin.accounts_url)
    picture = requests.get(url, timeout=TIMEOUT)
    assert picture.headers["Content-Type"] == "image/svg+xml"


# Top lists


def test_top_artists_in_development_mode(standin: SpotifyStandin) -> None:
    data = get(standin, "/me/top/artists", limit=50).json()
    assert data["total"] == 50
    assert len(data["items"]) == 50
    assert all(item.keys() == ARTIST_KEYS for item in data["items"])


def test_top_artists_in_extended_mode(standin: SpotifyStandin) -> None:
    standin.mode = "extended"
    items = get(standin, "/me/top/artists", limit=50).json()["items"]
    extras = {"genres", "popularity", "followers"}
    assert all(item.keys() == ARTIST_KEYS | extras for item in items)
    assert all(item["genres"] for item in items)


@pytest.mark.parametrize("mode", ["development", "extended"])
def test_genres_can_be_set_apart_from_the_mode(
    standin: SpotifyStandin, mode: str
) -> None:
    standin.behave(mode=mode, genres="empty")
    assert get(standin, "/me/top/artists").json()["items"][0]["genres"] == []
    standin.genres = "present"
    assert get(standin, "/me/top/artists").json()["items"][0]["genres"] != []
    standin.genres = "absent"
    assert "genres" not in get(standin, "/me/top/artists").json()["items"][0]


def test_top_tracks_by_mode(standin: SpotifyStandin) -> None:
    plain = get(standin, "/me/top/tracks").json()["items"][0]
    assert not {"popularity", "available_markets", "preview_url"} & plain.keys()
    assert len(plain["external_ids"]["isrc"]) == 12
    assert "genres" not in plain["artists"][0]
    assert "images" not in plain["artists"][0]
    standin.mode = "extended"
    full = get(standin, "/me/top/tracks").json()["items"][0]
    assert full.keys() - plain.keys() == {
        "popularity",
        "available_markets",
        "preview_url",
    }


def test_release_dates_have_every_precision(standin: SpotifyStandin) -> None:
    items = get(standin, "/me/top/tracks", limit=50).json()["items"]
    lengths = {"year": 4, "month": 7, "day": 10}
    albums = [item["album"] for item in items]
    assert {album["release_date_precision"] for album in albums} == set(lengths)
    assert all(
        len(album["release_date"]) == lengths[album["release_date_precision"]]
        for album in albums
    )


@pytest.mark.parametrize(("listener", "total"), [("nadia", 0), ("percy", 7)])
@pytest.mark.parametrize("kind", ["artists", "tracks"])
def test_short_top_lists(
    standin: SpotifyStandin, listener: str, total: int, kind: str
) -> None:
    for time_range in TIME_RANGES:
        path = f"/me/top/{kind}"
        data = get(standin, path, listener, time_range=time_range, limit=50).json()
        assert data["total"] == len(data["items"]) == total
        assert data["next"] is None


def test_time_ranges_differ_and_medium_is_the_default(standin: SpotifyStandin) -> None:
    lists = {
        time_range: [
            item["id"]
            for item in get(standin, "/me/top/artists", time_range=time_range).json()[
                "items"
            ]
        ]
        for time_range in TIME_RANGES
    }
    assert lists["short_term"] != lists["medium_term"] != lists["long_term"]
    default = get(standin, "/me/top/artists").json()
    assert [item["id"] for item in default["items"]] == lists["medium_term"]
    assert default["limit"] == 20


def test_paging_follows_next_to_the_end(standin: SpotifyStandin) -> None:
    url: str | None = f"{standin.api_url}/me/top/artists?limit=15&time_range=long_term"
    seen: list[str] = []
    sizes = []
    while url:
        data = get(standin, url).json()
        seen += [item["id"] for item in data["items"]]
        sizes.append(len(data["items"]))
        url = data["next"]
    assert sizes == [15, 15, 15, 5]
    assert len(set(seen)) == 50
    assert data["previous"].endswith("limit=15&offset=30&time_range=long_term")


def test_offset_past_the_end_is_empty(standin: SpotifyStandin) -> None:
    data = get(standin, "/me/top/tracks", offset=50).json()
    assert (data["items"], data["total"], data["next"]) == ([], 50, None)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": 51}, "Invalid limit"),
        ({"limit": 0}, "Invalid limit"),
        ({"limit": "many"}, "Invalid limit"),
        ({"offset": -1}, "Invalid offset"),
        ({"time_range": "forever"}, "Invalid time range"),
    ],
)
def test_bad_top_query_is_400(
    standin: SpotifyStandin, query: dict[str, Any], message: str
) -> None:
    assert_error(get(standin, "/me/top/artists", **query), 400, message)


# Recently played


def test_recent_listens_are_newest_first(standin: SpotifyStandin) -> None:
    data = get(standin, "/me/player/recently-played", limit=50).json()
    times = [item["played_at"] for item in data["items"]]
    assert len(times) == 50
    assert times == sorted(times, reverse=True)
    assert all(time.startswith("2026-11-14T") for time in times[:10])
    assert isinstance(data["cursors"]["after"], str)
    assert isinstance(data["cursors"]["before"], str)
    assert data["next"] is None


def test_recent_listens_page_backwards_through_fifty(standin: SpotifyStandin) -> None:
    url: str | None = f"{standin.api_url}/me/player/recently-played?limit=20"
    sizes, times = [], []
    while url:
        data = get(standin, url).json()
        sizes.append(len(data["items"]))
        times += [item["played_at"] for item in data["items"]]
        url = data["next"]
    assert sizes == [20, 20, 10]
    assert len(set(times)) == 50


def test_recent_listens_after_a_cursor_grow_with_time(
    standin: SpotifyStandin, clock: Any
) -> None:
    path = "/me/player/recently-played"
    before = get(standin, path, limit=50).json()
    cursor = before["cursors"]["after"]
    nothing = get(standin, path, after=cursor).json()
    assert (nothing["items"], nothing["cursors"], nothing["next"]) == ([], None, None)
    clock.seconds += 3600
    news = get(standin, path, after=cursor).json()["items"]
    later = get(standin, path, limit=50).json()["items"]
    assert news
    assert later == (news + before["items"])[:50]


def test_recent_listens_of_the_quiet(standin: SpotifyStandin) -> None:
    for listener in ("nadia", "quill"):
        data = get(standin, "/me/player/recently-played", listener).json()
        assert (data["items"], data["cursors"], data["next"]) == ([], None, None)


def test_recent_listens_hold_local_files_and_one_instant_twice(
    standin: SpotifyStandin,
) -> None:
    data = get(standin, "/me/player/recently-played", "ros", limit=50).json()
    local = [item["track"] for item in data["items"] if item["track"]["is_local"]]
    assert local
    assert all(track["id"] is None for track in local)
    times = [item["played_at"] for item in data["items"]]
    assert len(set(times)) < len(times)


def test_recent_context_may_be_null(standin: SpotifyStandin) -> None:
    items = get(standin, "/me/player/recently-played", limit=50).json()["items"]
    kinds = {item["context"] and item["context"]["type"] for item in items}
    assert kinds == {None, "playlist"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": 51}, "Invalid limit"),
        ({"after": "soon"}, "Invalid after"),
        ({"before": "-1"}, "Invalid before"),
        ({"after": 1, "before": 2}, "Only one of after and before may be given"),
    ],
)
def test_bad_recent_query_is_400(
    standin: SpotifyStandin, query: dict[str, Any], message: str
) -> None:
    assert_error(get(standin, "/me/player/recently-played", **query), 400, message)


# Look-ups, audio features, search


def test_single_look_ups_work_in_both_modes(standin: SpotifyStandin) -> None:
    artist = get(standin, "/me/top/artists").json()["items"][0]
    track = get(standin, "/me/top/tracks").json()["items"][0]
    assert get(standin, f"/artists/{artist['id']}").json() == artist
    assert get(standin, f"/tracks/{track['id']}").json() == track
    standin.mode = "extended"
    assert "genres" in get(standin, f"/artists/{artist['id']}").json()
    assert_error(get(standin, "/artists/nobody"), 404, "Resource not found")
    assert_error(get(standin, "/tracks/nothing"), 404, "Resource not found")


@pytest.mark.parametrize("kind", ["artists", "tracks"])
def test_batch_look_ups_are_for_extended_mode(
    standin: SpotifyStandin, kind: str
) -> None:
    items = get(standin, f"/me/top/{kind}").json()["items"]
    ids = ",".join([items[0]["id"], "unknown", items[1]["id"]])
    assert_error(get(standin, f"/{kind}", ids=ids), 403, "Forbidden")
    standin.mode = "extended"
    found = get(standin, f"/{kind}", ids=ids).json()[kind]
    assert [item and item["id"] for item in found] == [
        items[0]["id"],
        None,
        items[1]["id"],
    ]
    many = ",".join(["x"] * 51)
    assert_error(get(standin, f"/{kind}", ids=many), 400, "Too many ids requested")
    assert_error(get(standin, f"/{kind}"), 400, "Invalid id")


@pytest.mark.parametrize(
    "path",
    [
        "/users/31tobinashgrove",
        "/playlists/abc/tracks",
        "/recommendations",
        "/artists/abc/related-artists",
        "/artists/abc/top-tracks",
        "/browse/new-releases",
        "/markets",
    ],
)
def test_removed_paths_are_403_in_development_mode(
    standin: SpotifyStandin, path: str
) -> None:
    assert_error(get(standin, path), 403, "Forbidden")


def test_audio_features_are_refused_without_a_message(standin: SpotifyStandin) -> None:
    key = next(iter(tracks_by_id()))
    for path in (f"/audio-features/{key}", f"/audio-features?ids={key}"):
        response = get(standin, path)
        assert response.status_code == 403
        assert response.json() == {"error": {"status": 403}}


def test_audio_features_in_extended_mode(standin: SpotifyStandin) -> None:
    standin.mode = "extended"
    keys = [*list(tracks_by_id())[:60], "unknown"]
    listed = get(standin, "/audio-features", ids=",".join(keys)).json()
    features = listed["audio_features"]
    assert len(features) == 61
    assert features[-1] is None
    known = [row for row in features if row is not None]
    assert all(0 <= row["energy"] <= 1 and row["tempo"] > 0 for row in known)
    assert [row and row["id"] in keys for row in features].count(True) == len(known)
    one = get(standin, f"/audio-features/{known[0]['id']}").json()
    assert one == known[0]
    assert_error(get(standin, "/audio-features/unknown"), 404, "analysis not found")
    many = ",".join(["x"] * 101)
    response = get(standin, "/audio-features", ids=many)
    assert_error(response, 400, "Too many ids requested")


def test_extended_app_may_still_lack_audio_features(standin: SpotifyStandin) -> None:
    standin.behave(mode="extended", audio_features=False)
    assert get(standin, "/audio-features", ids="x").status_code == 403


def test_search_limits_by_mode(standin: SpotifyStandin) -> None:
    query: dict[str, Any] = {"q": "a", "type": "artist,track"}
    data = get(standin, "/search", **query).json()
    assert data["artists"]["limit"] == data["tracks"]["limit"] == 5
    assert len(data["tracks"]["items"]) == 5
    assert get(standin, "/search", **query, limit=10).status_code == 200
    assert_error(get(standin, "/search", **query, limit=11), 400, "Invalid limit")
    assert_error(get(standin, "/search", **query, offset=1001), 400, "Invalid offset")
    standin.mode = "extended"
    assert get(standin, "/search", **query, limit=50).status_code == 200


def test_search_filters_find_one_track(standin: SpotifyStandin) -> None:
    track = get(standin, "/me/top/tracks").json()["items"][0]
    isrc = track["external_ids"]["isrc"]
    found = get(standin, "/search", q=f"isrc:{isrc}", type="track", limit=1).json()
    assert found["tracks"]["items"][0]["external_ids"]["isrc"] == isrc
    name = track["artists"][0]["name"]
    text = f'track:"{track["name"]}" artist:"{name}"'
    found = get(standin, "/search", q=text, type="track").json()
    assert track["id"] in [item["id"] for item in found["tracks"]["items"]]
    nothing = get(standin, "/search", q="isrc:ZZXXX0000000", type="track").json()
    assert nothing["tracks"]["items"] == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"type": "track"}, "No search query"),
        ({"q": "a"}, "Bad search type field"),
        ({"q": "a", "type": "cassette"}, "Bad search type field"),
    ],
)
def test_bad_search_is_400(
    standin: SpotifyStandin, query: dict[str, Any], message: str
) -> None:
    assert_error(get(standin, "/search", **query), 400, message)


def test_every_listener_can_be_read(standin: SpotifyStandin) -> None:
    standin.mode = "extended"
    for key in all_listeners():
        assert get(standin, "/me", key).status_code == 200
        assert get(standin, "/me/top/artists", key, limit=50).status_code == 200
        assert get(standin, "/me/top/tracks", key, limit=50).status_code == 200
        recent = get(standin, "/me/player/recently-played", key, limit=50)
        assert recent.status_code == 200
