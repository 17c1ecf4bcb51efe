"""The API of the stand-in for Last.fm over real HTTP: every method and its traps."""

from typing import Any

import pytest
import requests

from musicmatch.demo.catalogue import load_catalogue
from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.lastfm.sessions import signature
from musicmatch.standins.mbids import artist_mbid
from musicmatch.standins.tags import tags_of
from tests.musicmatch.standins.conftest import Clock

TIMEOUT = 5
PERIODS = "overall 7day 1month 3month 6month 12month".split()


def ask(standin: LastfmStandin, method: str, **query: Any) -> requests.Response:
    params = {"api_key": standin.api_key, "format": "json", "method": method, **query}
    return requests.get(standin.api_url, params=params, timeout=TIMEOUT)


def data_of(standin: LastfmStandin, method: str, **query: Any) -> Any:
    """What stands below the one key of an answer."""
    answer = ask(standin, method, **query)
    assert answer.status_code == 200, answer.text
    ((_, data),) = answer.json().items()
    return data


def recent(standin: LastfmStandin, user: str, **query: Any) -> list[dict[str, Any]]:
    data = data_of(standin, "user.getRecentTracks", user=user, **query)
    rows = data["track"]
    return rows if isinstance(rows, list) else [rows]


def moments(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["date"]["uts"]) for row in rows if "date" in row]


def assert_failed(response: requests.Response, code: int, status: int) -> None:
    assert response.status_code == status
    assert response.json()["error"] == code
    assert response.json()["message"]


def signed(standin: LastfmStandin, method: str, **query: str) -> requests.Response:
    params = {"api_key": standin.api_key, "method": method, **query}
    sig = signature(params, standin.secret)
    return ask(standin, **{**params, "api_sig": sig})


# Lists


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(
    ("method", "kind"),
    [("user.getTopArtists", "artist"), ("user.getTopTracks", "track")],
)
def test_top_lists_are_ranked_and_full_of_strings(
    lastfm: LastfmStandin, method: str, kind: str, period: str
) -> None:
    data = data_of(lastfm, method, user="marisolq", period=period)
    assert data["@attr"] == {
        "user": "marisolq",
        "page": "1",
        "perPage": "50",
        "total": "120",
        "totalPages": "3",
    }
    rows = data[kind]
    assert [row["@attr"]["rank"] for row in rows] == [str(n + 1) for n in range(50)]
    counts = [row["playcount"] for row in rows]
    assert {type(count) for count in counts} == {str}
    assert sorted(map(int, counts), reverse=True) == list(map(int, counts))
    assert "2a96cbd8b46e442fc41c2b86b821562f" in rows[0]["image"][0]["#text"]


def test_pages_of_a_list_add_up(lastfm: LastfmStandin) -> None:
    method, user = "user.getTopArtists", "marisolq"
    whole = data_of(lastfm, method, user=user, limit=5000)["artist"]
    pages = [data_of(lastfm, method, user=user, limit=50, page=n) for n in (1, 2, 3, 4)]
    assert [len(page["artist"]) for page in pages] == [50, 50, 20, 0]
    assert [row for page in pages for row in page["artist"]] == whole


def test_period_is_overall_by_default(lastfm: LastfmStandin) -> None:
    method, user = "user.getTopTracks", "marisolq"
    whole = data_of(lastfm, method, user=user)
    assert whole == data_of(lastfm, method, user=user, period="overall")
    assert whole != data_of(lastfm, method, user=user, period="7day")


def test_mbids_are_empty_text_where_missing(lastfm: LastfmStandin) -> None:
    known = {artist.name: artist_mbid(artist) for artist in load_catalogue()}
    rows = data_of(lastfm, "user.getTopArtists", user="marisolq", limit=200)["artist"]
    assert {row["mbid"] == "" for row in rows} == {True, False}
    assert all(row["mbid"] in ("", known[row["name"]]) for row in rows)
    tracks = data_of(lastfm, "user.getTopTracks", user="marisolq", limit=200)["track"]
    assert {track["mbid"] == "" for track in tracks} == {True, False}


def test_a_single_item_is_no_list(lastfm: LastfmStandin) -> None:
    user = "oneplay"
    artist = data_of(lastfm, "user.getTopArtists", user=user)["artist"]
    track = data_of(lastfm, "user.getTopTracks", user=user)["track"]
    scrobble = data_of(lastfm, "user.getRecentTracks", user=user)
    assert artist["playcount"] == track["playcount"] == "1"
    assert track["artist"]["name"] == artist["name"]
    assert scrobble["track"]["name"] == track["name"]
    assert scrobble["track"]["artist"]["#text"] == artist["name"]
    assert scrobble["@attr"]["total"] == "1"
    first = data_of(lastfm, "user.getTopArtists", user="marisolq", limit=1)
    assert isinstance(first["artist"], dict)


def test_an_empty_profile_has_empty_lists(lastfm: LastfmStandin) -> None:
    user = "blankpage"
    for method, kind in (
        ("user.getTopArtists", "artist"),
        ("user.getTopTracks", "track"),
        ("user.getRecentTracks", "track"),
    ):
        data = data_of(lastfm, method, user=user)
        assert data[kind] == []
        assert (data["@attr"]["total"], data["@attr"]["totalPages"]) == ("0", "0")
    assert data_of(lastfm, "user.getInfo", user=user)["playcount"] == "0"


def test_info_counts_every_scrobble(lastfm: LastfmStandin, clock: Clock) -> None:
    info = data_of(lastfm, "user.getInfo", user="MARISOLQ")
    recents = data_of(lastfm, "user.getRecentTracks", user="marisolq")
    assert info["name"] == "marisolq"
    assert info["playcount"] == recents["@attr"]["total"]
    assert int(info["playcount"]) > 10_000
    registered = info["registered"]
    assert registered["unixtime"] == str(registered["#text"])
    assert registered["#text"] < clock.seconds - 100 * 86_400


# Recent tracks


def test_what_is_on_now_has_no_date_and_comes_on_top_of_the_limit(
    lastfm: LastfmStandin,
) -> None:
    rows = recent(lastfm, "marisolq", limit=5)
    assert len(rows) == 6
    assert rows[0]["@attr"] == {"nowplaying": "true"}
    assert ["date" in row for row in rows] == [False] + [True] * 5
    lastfm.shows_now_playing = False
    assert recent(lastfm, "marisolq", limit=5) == rows[1:]
    assert len(recent(lastfm, "WrenField", limit=5)) == 5


def test_what_is_on_now_is_not_in_a_range_that_has_passed(
    lastfm: LastfmStandin, clock: Clock
) -> None:
    end = int(clock.seconds) - 3600
    assert "@attr" not in recent(lastfm, "marisolq", to=end, limit=5)[0]


def test_recent_tracks_come_newest_first_in_pages_of_at_most_200(
    lastfm: LastfmStandin, clock: Clock
) -> None:
    first = recent(lastfm, "bram-hagen", limit=1000)
    second = recent(lastfm, "bram-hagen", limit=200, page=2)
    found = moments(first + second)
    assert len(first) == len(second) == 200
    assert found == sorted(found, reverse=True)
    assert found[0] <= clock.seconds
    assert recent(lastfm, "bram-hagen", page=100_000) == []


def test_range_begins_at_from_and_ends_before_to(lastfm: LastfmStandin) -> None:
    latest = moments(recent(lastfm, "bram-hagen", limit=20))
    data = data_of(
        lastfm,
        "user.getRecentTracks",
        **{"user": "bram-hagen", "from": latest[9], "to": latest[3]},
    )
    assert moments(data["track"]) == latest[4:10]
    assert data["@attr"]["total"] == "6"


def test_extended_rows_name_the_artist_elsewhere(lastfm: LastfmStandin) -> None:
    plain = recent(lastfm, "bram-hagen", limit=2)[0]
    extended = recent(lastfm, "bram-hagen", limit=2, extended=1)[0]
    assert extended["artist"]["name"] == plain["artist"]["#text"]
    assert "#text" not in extended["artist"]
    assert (extended["loved"], "loved" in plain) == ("0", False)


def test_hidden_listening_is_error_17_but_for_its_owner(lastfm: LastfmStandin) -> None:
    method, user = "user.getRecentTracks", "drawncurtain"
    assert_failed(ask(lastfm, method, user=user), 17, 403)
    assert data_of(lastfm, "user.getTopArtists", user=user)["artist"]
    key = lastfm.sessions.key_of(user)
    own = signed(lastfm, method, user=user, sk=key)
    assert own.json()["recenttracks"]["track"]
    other = signed(lastfm, method, user=user, sk=lastfm.sessions.key_of("marisolq"))
    assert_failed(other, 17, 403)


# Tags


def test_tags_count_in_numbers_from_a_hundred_down(lastfm: LastfmStandin) -> None:
    data = data_of(lastfm, "artist.getTopTags", artist="Portishead")
    counts = [tag["count"] for tag in data["tag"]]
    assert counts[0] == 100
    assert counts == sorted(counts, reverse=True)
    assert {tag["name"] for tag in data["tag"]} >= {"trip hop", "trip-hop", "90s"}
    assert data["@attr"] == {"artist": "Portishead"}


def test_artist_is_found_by_mbid_or_corrected_name(lastfm: LastfmStandin) -> None:
    artist = next(a for a in load_catalogue() if a.name == "Portishead")
    method = "artist.getTopTags"
    by_name = data_of(lastfm, method, artist="Portishead")
    assert data_of(lastfm, method, mbid=artist_mbid(artist)) == by_name
    assert data_of(lastfm, method, artist="PORTISHEAD", autocorrect=1) == by_name
    assert_failed(ask(lastfm, method, artist="PORTISHEAD"), 6, 200)


def test_a_single_tag_is_no_list_and_none_is_an_empty_one(
    lastfm: LastfmStandin,
) -> None:
    by_number: dict[int, str] = {}
    for artist in load_catalogue():
        by_number.setdefault(len(tags_of(artist)), artist.name)
    single = data_of(lastfm, "artist.getTopTags", artist=by_number[1])
    nothing = data_of(lastfm, "artist.getTopTags", artist=by_number[0])
    assert single["tag"]["count"] == 100
    assert nothing["tag"] == []


# Refusals


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("user.getInfo", {}),
        ("user.getInfo", {"user": ""}),
        ("user.getInfo", {"user": "nobody"}),
        ("user.getTopArtists", {"user": "nobody"}),
        ("user.getTopArtists", {"user": "marisolq", "period": "era"}),
        ("user.getTopArtists", {"user": "marisolq", "limit": "many"}),
        ("user.getTopTracks", {"user": "marisolq", "page": "0"}),
        ("user.getRecentTracks", {"user": "marisolq", "from": "-3"}),
        ("artist.getTopTags", {}),
        ("artist.getTopTags", {"artist": "Nobody At All", "autocorrect": "1"}),
        ("artist.getTopTags", {"mbid": "nonsense"}),
    ],
)
def test_wrong_parameters_are_error_6_with_status_200(
    lastfm: LastfmStandin, method: str, query: dict[str, str]
) -> None:
    assert_failed(ask(lastfm, method, **query), 6, 200)


def test_wrong_keys_and_methods(lastfm: LastfmStandin) -> None:
    assert_failed(ask(lastfm, "user.getInfo", api_key="nonsense"), 10, 403)
    assert_failed(ask(lastfm, "user.getShoeSize"), 3, 400)
    lastfm.key_is_suspended = True
    assert_failed(ask(lastfm, "user.getInfo", user="marisolq"), 26, 403)


def test_method_names_ignore_case_and_the_last_slash(lastfm: LastfmStandin) -> None:
    params = {
        "api_key": lastfm.api_key,
        "format": "json",
        "method": "USER.getinfo",
        "user": "marisolq",
    }
    url = lastfm.api_url.rstrip("/")
    answer = requests.post(url, data=params, timeout=TIMEOUT)
    assert answer.json()["user"]["name"] == "marisolq"
    assert lastfm.log[-1].path == "/2.0/user.getInfo"


def test_without_a_format_answers_and_errors_are_xml(lastfm: LastfmStandin) -> None:
    good = ask(lastfm, "user.getInfo", user="marisolq", format="")
    bad = ask(lastfm, "user.getInfo", user="nobody", format="xml")
    for answer in (good, bad):
        assert answer.headers["Content-Type"].startswith("text/xml")
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()
    assert "<name>marisolq</name>" in good.text
    assert "<error>6</error>" in bad.text


def test_session_calls_have_to_be_signed(lastfm: LastfmStandin) -> None:
    key = lastfm.sessions.key_of("marisolq")
    own = signed(lastfm, "user.getInfo", sk=key)
    assert own.json()["user"]["name"] == "marisolq"
    assert_failed(ask(lastfm, "user.getInfo", sk=key), 13, 403)
    assert_failed(signed(lastfm, "user.getInfo", sk="nonsense"), 9, 403)
    lastfm.end_session("marisolq")
    assert_failed(signed(lastfm, "user.getInfo", sk=key), 9, 403)


# Its own trouble


@pytest.mark.parametrize(
    ("code", "status"),
    [(6, 200), (8, 500), (9, 403), (11, 503), (16, 503), (17, 403), (29, 429)],
)
def test_any_error_can_be_switched_on_with_its_status_or_200(
    lastfm: LastfmStandin, code: int, status: int
) -> None:
    lastfm.fault("/2.0/user.getInfo", kind="code", code=code, retry_after=7)
    answer = ask(lastfm, "user.getInfo", user="marisolq")
    assert_failed(answer, code, status)
    assert answer.headers["Retry-After"] == "7"
    lastfm.errors_as_200 = True
    assert_failed(ask(lastfm, "user.getInfo", user="marisolq"), code, 200)
    assert_failed(ask(lastfm, "user.getInfo", api_key="x"), code, 200)
    assert ask(lastfm, "user.getTopArtists", user="marisolq").ok


def test_another_users_data_once_in_a_while(lastfm: LastfmStandin) -> None:
    lastfm.fault("/2.0/user.getTopArtists", kind="other_user", times=1)
    users = [
        data_of(lastfm, "user.getTopArtists", user=user)["@attr"]["user"]
        for user in ("marisolq", "marisolq")
    ]
    assert users == ["bram-hagen", "marisolq"]


def test_code_that_does_not_exist_is_refused(lastfm: LastfmStandin) -> None:
    with pytest.raises(ValueError, match="code cannot be 99"):
        lastfm.fault("/2.0/", kind="code", code=99)


def test_log_names_the_method_and_hides_what_is_secret(lastfm: LastfmStandin) -> None:
    signed(lastfm, "user.getInfo", sk=lastfm.sessions.key_of("marisolq"))
    (call,) = lastfm.calls("/2.0/user.getInfo")
    assert (call.query["sk"], call.query["api_sig"]) == ("hidden", "hidden")
