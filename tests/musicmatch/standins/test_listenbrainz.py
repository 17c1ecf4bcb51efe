"""The stand-in for ListenBrainz over real HTTP: every address and its holes."""

from typing import Any
from urllib.parse import quote

import pytest
import requests

from musicmatch.demo.catalogue import load_catalogue
from musicmatch.standins.listenbrainz import ListenBrainzStandin, all_accounts
from musicmatch.standins.mbids import artist_mbid, genre_mbid
from tests.musicmatch.standins.conftest import Clock

TIMEOUT = 5
DAY = 86_400
RANGES = (
    "this_week this_month this_year week month quarter year half_yearly all_time"
).split()
RATE_HEADERS = {
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset-In",
    "X-RateLimit-Reset",
}
UNKNOWN_MBID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _no_limit(listenbrainz: ListenBrainzStandin) -> None:
    """Only the tests about the limit have one."""
    listenbrainz.rate_limit = 10_000


def get(standin: ListenBrainzStandin, path: str, **query: Any) -> requests.Response:
    return requests.get(f"{standin.url}/1{path}", params=query, timeout=TIMEOUT)


def payload(standin: ListenBrainzStandin, path: str, **query: Any) -> dict[str, Any]:
    response = get(standin, path, **query)
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["payload"]
    return data


def moments(standin: ListenBrainzStandin, name: str, **query: Any) -> list[int]:
    listens = payload(standin, f"/user/{name}/listens", **query)["listens"]
    return [listen["listened_at"] for listen in listens]


def assert_error(response: requests.Response, status: int, words: str) -> None:
    assert response.status_code == status
    assert response.json()["code"] == status
    assert words in response.json()["error"]


# Who it is


@pytest.mark.parametrize("scheme", ["Token", "token"])
def test_token_names_its_owner(listenbrainz: ListenBrainzStandin, scheme: str) -> None:
    token = listenbrainz.token_of("Marisol_Q")
    answer = requests.get(
        f"{listenbrainz.url}/1/validate-token",
        headers={"Authorization": f"{scheme} {token}"},
        timeout=TIMEOUT,
    )
    assert answer.json() == {
        "code": 200,
        "message": "Token valid.",
        "valid": True,
        "user_name": "marisol_q",
    }
    asked = get(listenbrainz, "/validate-token", token=token)
    assert asked.json() == answer.json()
    assert listenbrainz.log[-1].query == {"token": "hidden"}


@pytest.mark.parametrize("header", [None, "Token ", "Token nonsense", "Bearer x"])
def test_wrong_token_is_told_with_status_200(
    listenbrainz: ListenBrainzStandin, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(
        f"{listenbrainz.url}/1/validate-token", headers=headers, timeout=TIMEOUT
    )
    assert answer.status_code == 200
    assert answer.json()["valid"] is False
    assert "user_name" not in answer.json()


def test_tokens_can_be_looked_up_on_a_page(listenbrainz: ListenBrainzStandin) -> None:
    page = requests.get(f"{listenbrainz.url}/settings/", timeout=TIMEOUT)
    assert "X-RateLimit-Limit" not in page.headers
    for account in all_accounts().values():
        assert account.name in page.text
        assert account.token in page.text
    with pytest.raises(ValueError, match="there is no account 'nobody'"):
        listenbrainz.token_of("nobody")


# Statistics


@pytest.mark.parametrize("range_", RANGES)
@pytest.mark.parametrize("kind", ["artists", "recordings"])
def test_every_range_has_lists(
    listenbrainz: ListenBrainzStandin, kind: str, range_: str
) -> None:
    data = payload(
        listenbrainz, f"/stats/user/marisol_q/{kind}", range=range_, count=1000
    )
    total = data[f"total_{kind[:-1]}_count"]
    assert data["count"] == len(data[kind]) == total == 120
    assert (data["range"], data["user_id"]) == (range_, "marisol_q")
    assert data["from_ts"] < data["to_ts"] <= data["last_updated"]
    counts = [row["listen_count"] for row in data[kind]]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] >= 1


def test_range_is_all_time_and_count_25_by_default(
    listenbrainz: ListenBrainzStandin,
) -> None:
    data = payload(listenbrainz, "/stats/user/marisol_q/artists")
    assert (data["range"], data["count"], data["total_artist_count"]) == (
        "all_time",
        25,
        120,
    )


def test_statistics_are_paged_by_offset(listenbrainz: ListenBrainzStandin) -> None:
    path = "/stats/user/marisol_q/artists"
    whole = payload(listenbrainz, path, count=2000)["artists"]
    paged = [
        payload(listenbrainz, path, count=50, offset=offset)
        for offset in (0, 50, 100, 150)
    ]
    assert [page["count"] for page in paged] == [50, 50, 20, 0]
    assert [row for page in paged for row in page["artists"]] == whole


def test_unknown_artists_have_a_null_mbid_or_none_at_all(
    listenbrainz: ListenBrainzStandin,
) -> None:
    by_name = {artist.name: artist_mbid(artist) for artist in load_catalogue()}
    seen = set()
    for account in ("marisol_q", "harrowgate", "søvnløs"):
        path = f"/stats/user/{quote(account)}/artists"
        for row in payload(listenbrainz, path, count=1000)["artists"]:
            assert row.get("artist_mbid") == by_name[row["artist_name"]]
            seen.add("absent" if "artist_mbid" not in row else bool(row["artist_mbid"]))
    assert seen == {True, False, "absent"}


def test_recordings_without_a_match_have_no_mbids(
    listenbrainz: ListenBrainzStandin,
) -> None:
    path = "/stats/user/marisol_q/recordings"
    rows = payload(listenbrainz, path, count=1000)["recordings"]
    assert {"recording_mbid" in row for row in rows} == {True, False}
    for row in rows:
        assert bool(row["artist_mbids"]) == ("recording_mbid" in row)


@pytest.mark.parametrize("name", ["justarrived", "emptyshelf"])
def test_statistics_not_worked_out_are_204_without_a_body(
    listenbrainz: ListenBrainzStandin, name: str
) -> None:
    answer = get(listenbrainz, f"/stats/user/{name}/artists")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers.keys() >= RATE_HEADERS


def test_statistics_can_be_switched_off_for_all(
    listenbrainz: ListenBrainzStandin,
) -> None:
    listenbrainz.has_stats = False
    assert get(listenbrainz, "/stats/user/marisol_q/artists").status_code == 204


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("/stats/user/nobody/artists", {}, 404, "Cannot find user: nobody"),
        ("/stats/user/marisol_q/artists", {"range": "era"}, 400, "Invalid range: era"),
        ("/stats/user/marisol_q/artists", {"count": "x"}, 400, "Invalid count"),
        ("/stats/user/marisol_q/artists", {"offset": "-1"}, 400, "Invalid offset"),
        ("/stats/user/marisol_q/moods", {}, 404, "not found"),
        ("/user/nobody/listens", {}, 404, "Cannot find user: nobody"),
        ("/user/nobody/listen-count", {}, 404, "Cannot find user: nobody"),
        ("/user/marisol_q/listens", {"count": "-1"}, 400, "Invalid count"),
        ("/user/marisol_q/listens", {"min_ts": "soon"}, 400, "Invalid min_ts"),
        ("/user/marisol_q/listens", {"min_ts": 5, "max_ts": 5}, 400, "less than"),
        ("/metadata/artist/", {}, 400, "must be present"),
        ("/metadata/artist/", {"artist_mbids": "x"}, 400, "x is not valid"),
        ("/metadata/artist/", {"artist_mbids": "x", "inc": "y"}, 400, "invalid inc"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    listenbrainz: ListenBrainzStandin,
    path: str,
    query: dict[str, Any],
    status: int,
    words: str,
) -> None:
    response = get(listenbrainz, path, **query)
    assert_error(response, status, words)
    assert response.headers.keys() >= RATE_HEADERS


def test_names_ignore_case_and_may_hold_spaces_and_marks(
    listenbrainz: ListenBrainzStandin,
) -> None:
    for asked in ("Mizuno Aoi", "MIZUNO AOI", "søvnløs"):
        data = payload(listenbrainz, f"/user/{quote(asked)}/listen-count")
        assert data["count"] > 100


def test_only_get_is_served(listenbrainz: ListenBrainzStandin) -> None:
    url = f"{listenbrainz.url}/1/submit-listens"
    assert_error(requests.post(url, timeout=TIMEOUT), 405, "not allowed")


# Listens


def test_listens_come_newest_first_25_by_default(
    listenbrainz: ListenBrainzStandin, clock: Clock
) -> None:
    found = moments(listenbrainz, "marisol_q")
    assert found == sorted(found, reverse=True)
    assert len(found) == 25
    assert clock.seconds - 12 * 3600 < found[-1] < found[0] < clock.seconds
    data = payload(listenbrainz, "/user/marisol_q/listens", count=1)
    assert (data["count"], data["latest_listen_ts"]) == (1, found[0])


def test_count_is_at_most_a_thousand(listenbrainz: ListenBrainzStandin) -> None:
    assert len(moments(listenbrainz, "marisol_q", count=5000)) == 1000


def test_limits_of_time_are_exclusive(listenbrainz: ListenBrainzStandin) -> None:
    latest = moments(listenbrainz, "marisol_q", count=20)
    upper, lower = latest[3], latest[9]
    between = moments(listenbrainz, "marisol_q", max_ts=upper, min_ts=lower)
    assert between == latest[4:9]
    before = moments(listenbrainz, "marisol_q", max_ts=upper, count=6)
    assert before == latest[4:10]


def test_after_a_moment_alone_come_those_that_follow_it(
    listenbrainz: ListenBrainzStandin,
) -> None:
    latest = moments(listenbrainz, "marisol_q", count=20)
    after = moments(listenbrainz, "marisol_q", min_ts=latest[9], count=4)
    assert after == latest[5:9]


def test_paging_back_reaches_the_beginning_and_repeats_nothing(
    listenbrainz: ListenBrainzStandin,
) -> None:
    seen: list[int] = []
    query: dict[str, int] = {}
    while page := moments(listenbrainz, "harrowgate", count=1000, **query):
        seen += page
        query = {"max_ts": page[-1]}
    total = payload(listenbrainz, "/user/harrowgate/listen-count")["count"]
    # Two plays may begin in one second, and the limit leaves out both.
    assert total - 3 <= len(seen) <= total
    assert total > 3000


def test_holes_in_listens(listenbrainz: ListenBrainzStandin) -> None:
    listens = payload(listenbrainz, "/user/marisol_q/listens", count=1000)["listens"]
    metadata = [listen["track_metadata"] for listen in listens]
    infos = [row["additional_info"] for row in metadata]
    assert {"mbid_mapping" in row for row in metadata} == {True, False}
    assert {"isrc" in info for info in infos} == {True, False}
    assert {"origin_url" in info for info in infos} == {True, False}
    mapped = next(row for row in metadata if "mbid_mapping" in row)
    mapping = mapped["mbid_mapping"]
    assert mapping["artist_mbids"] == [mapping["artists"][0]["artist_mbid"]]
    assert mapping["artists"][0]["artist_credit_name"] == mapped["artist_name"]


def test_new_listens_appear_as_time_passes_and_old_ones_stay(
    listenbrainz: ListenBrainzStandin, clock: Clock
) -> None:
    earlier = moments(listenbrainz, "marisol_q", count=100)
    clock.seconds += 3600
    later = moments(listenbrainz, "marisol_q", count=100)
    new = [moment for moment in later if moment not in earlier]
    assert new
    assert later == new + earlier[: 100 - len(new)]


@pytest.mark.parametrize("name", ["emptyshelf", "justarrived"])
def test_new_accounts_have_few_listens_or_none(
    listenbrainz: ListenBrainzStandin, name: str, clock: Clock
) -> None:
    found = moments(listenbrainz, name, count=1000)
    count = payload(listenbrainz, f"/user/{name}/listen-count")["count"]
    assert len(found) == count
    assert (count == 0) == (name == "emptyshelf")
    assert all(moment > clock.seconds - 4 * DAY for moment in found)


# Artists


def test_artist_metadata_has_curated_genres_and_free_tags(
    listenbrainz: ListenBrainzStandin,
) -> None:
    artist = next(a for a in load_catalogue() if a.name == "Portishead")
    mbid = artist_mbid(artist)
    query = {"artist_mbids": f"{mbid},{UNKNOWN_MBID}", "inc": "tag"}
    answer = get(listenbrainz, "/metadata/artist/", **query)
    (row,) = answer.json()
    assert (row["artist_mbid"], row["name"]) == (mbid, "Portishead")
    tags = {tag["tag"]: tag for tag in row["tag"]["artist"]}
    assert tags["trip hop"]["genre_mbid"] == genre_mbid("trip hop")
    assert "genre_mbid" not in tags["trip-hop"]
    assert tags["trip hop"]["count"] > tags["trip-hop"]["count"]


def test_artist_metadata_has_tags_only_when_asked(
    listenbrainz: ListenBrainzStandin,
) -> None:
    mbid = artist_mbid(load_catalogue()[0])
    (row,) = get(listenbrainz, "/metadata/artist/", artist_mbids=mbid).json()
    assert "tag" not in row


def test_some_artists_have_no_tags(listenbrainz: ListenBrainzStandin) -> None:
    mbids = filter(None, map(artist_mbid, load_catalogue()[:80]))
    rows = get(
        listenbrainz, "/metadata/artist/", artist_mbids=",".join(mbids), inc="tag"
    ).json()
    assert {bool(row["tag"]["artist"]) for row in rows} == {True, False}


# The limit


def test_limit_is_told_on_every_answer_and_kept(
    listenbrainz: ListenBrainzStandin, clock: Clock
) -> None:
    listenbrainz.behave(rate_limit=3, rate_window=10)
    path = "/user/marisol_q/listen-count"
    first = [get(listenbrainz, path) for _ in range(3)]
    assert [r.headers["X-RateLimit-Remaining"] for r in first] == ["2", "1", "0"]
    clock.seconds += 4
    refused = get(listenbrainz, path)
    assert_error(refused, 429, "too many requests")
    assert refused.headers["X-RateLimit-Limit"] == "3"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert refused.headers["X-RateLimit-Reset-In"] == "6"
    assert int(refused.headers["X-RateLimit-Reset"]) == clock.seconds + 6
    assert "Retry-After" not in refused.headers
    clock.seconds += 6
    assert get(listenbrainz, path).headers["X-RateLimit-Remaining"] == "2"


def test_limit_is_thirty_in_ten_seconds_at_first(
    listenbrainz: ListenBrainzStandin,
) -> None:
    listenbrainz.reset()
    statuses = [get(listenbrainz, "/validate-token").status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]


def test_headers_of_the_limit_can_be_left_out(
    listenbrainz: ListenBrainzStandin,
) -> None:
    listenbrainz.behave(tells_rate=False, rate_limit=0)
    refused = get(listenbrainz, "/validate-token")
    assert refused.status_code == 429
    assert not refused.headers.keys() & RATE_HEADERS


def test_a_fault_of_429_says_that_nothing_is_left(
    listenbrainz: ListenBrainzStandin,
) -> None:
    listenbrainz.fault("/1/", status=429, times=1)
    refused = get(listenbrainz, "/validate-token")
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert get(listenbrainz, "/validate-token").status_code == 200
