"""Switchable trouble and the controls, over real HTTP."""

import time
from typing import Any

import pytest
import requests

from musicmatch.standins.spotify import SpotifyStandin

TIMEOUT = 5


def get(standin: SpotifyStandin, path: str = "/me/top/artists") -> requests.Response:
    token = standin.grant("marisol")["access_token"]
    return requests.get(
        f"{standin.api_url}{path}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    )


def control(standin: SpotifyStandin, name: str, **options: Any) -> requests.Response:
    url = f"{standin.accounts_url}/_standin/{name}"
    return requests.post(url, json=options, timeout=TIMEOUT)


@pytest.mark.parametrize("retry_after", [2, 81_654, None])
def test_rate_limit(standin: SpotifyStandin, retry_after: int | None) -> None:
    standin.fault("/v1/me/top", status=429, retry_after=retry_after)
    response = get(standin)
    assert response.status_code == 429
    header = None if retry_after is None else str(retry_after)
    assert response.headers.get("Retry-After") == header
    assert response.json()["error"]["message"] == "API rate limit exceeded"
    assert get(standin, "/me").status_code == 200


def test_quota(standin: SpotifyStandin) -> None:
    standin.fault("/v1/", kind="quota", retry_after=81_654)
    response = get(standin)
    assert response.headers["Retry-After"] == "81654"
    assert response.json() == {
        "error": {
            "status": 429,
            "message": "Too many requests",
            "reason": "QUOTA_EXCEEDED",
        }
    }


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("path", ["/v1/me", "/v1/me/top", "/api/token"])
def test_server_trouble_ends_after_its_times(
    standin: SpotifyStandin, status: int, path: str
) -> None:
    standin.fault(path, status=status, times=2)
    url = f"{standin.accounts_url}{path}"
    statuses = [requests.get(url, timeout=TIMEOUT).status_code for _ in range(3)]
    assert statuses[:2] == [status, status]
    assert statuses[2] not in (500, 502, 503)


def test_fault_can_skip_calls_and_ask_for_the_whole_path(
    standin: SpotifyStandin,
) -> None:
    standin.fault("/v1/me", status=500, skip=1, times=1, exact=True)
    paths = ("/me", "/me/top/artists", "/me", "/me")
    assert [get(standin, path).status_code for path in paths] == [200, 200, 500, 200]


def test_faults_are_cleared_by_path_or_all_at_once(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me/top", status=500)
    standin.fault("/v1/me/player", status=502)
    standin.clear_faults("/v1/me/top")
    assert get(standin).status_code == 200
    assert get(standin, "/me/player/recently-played").status_code == 502
    standin.clear_faults()
    assert get(standin, "/me/player/recently-played").status_code == 200


def test_forbidden_as_json_and_as_plain_text(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me", kind="forbidden_json", times=1)
    standin.fault("/v1/me", kind="forbidden_plain", times=1)
    words = "User not registered in the Developer Dashboard"
    first, second = get(standin, "/me"), get(standin, "/me")
    assert (first.status_code, second.status_code) == (403, 403)
    assert first.json() == {"error": {"status": 403, "message": words}}
    assert second.text == words
    assert second.headers["Content-Type"].startswith("text/plain")


def test_token_endpoint_can_refuse_with_any_oauth_error(
    standin: SpotifyStandin,
) -> None:
    standin.fault(
        "/api/token",
        kind="oauth",
        error="invalid_client",
        description="Invalid client secret",
    )
    response = requests.post(f"{standin.accounts_url}/api/token", timeout=TIMEOUT)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client"


def test_slow_answer_outlasts_a_time_out(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me", kind="slow", seconds=30, times=1)
    token = standin.grant("marisol")["access_token"]
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(
            f"{standin.api_url}/me",
            headers={"Authorization": f"Bearer {token}"},
            timeout=0.2,
        )


def test_latency_delays_each_api_call(standin: SpotifyStandin) -> None:
    standin.latency = 0.15
    started = time.monotonic()
    assert get(standin).status_code == 200
    assert time.monotonic() - started >= 0.15


def test_half_an_answer(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me", kind="cut", times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(standin)
    assert get(standin).status_code == 200


def test_garbage_instead_of_json(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me", kind="garbage")
    response = get(standin)
    assert response.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_null_names(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me", kind="null_names")
    assert get(standin, "/me").json()["display_name"] is None
    tracks = get(standin, "/me/top/tracks").json()["items"]
    assert {track["name"] for track in tracks} == {None}
    assert {track["artists"][0]["name"] for track in tracks} == {None}


def test_missing_keys_in_some_items(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me", kind="missing_keys")
    assert "id" not in get(standin, "/me").json()
    items = get(standin).json()["items"]
    assert {"id" in item for item in items} == {True, False}
    recent = get(standin, "/me/player/recently-played").json()["items"]
    assert {"played_at" in item for item in recent} == {True, False}
    assert {"id" in item["track"] for item in recent} == {True, False}


def test_wrong_types_in_some_items(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me", kind="wrong_types")
    items = get(standin, "/me/top/tracks").json()["items"]
    objects = [item for item in items if isinstance(item, dict)]
    assert len(objects) < len(items)
    assert {type(item["id"]) for item in objects} == {int, str}
    assert None in items


def test_empty_lists_and_null_cursors(standin: SpotifyStandin) -> None:
    standin.fault("/v1/me/top", kind="empty")
    standin.fault("/v1/me/player", kind="null_cursors")
    top = get(standin).json()
    assert (top["items"], top["total"], top["next"]) == ([], 0, None)
    recent = get(standin, "/me/player/recently-played").json()
    assert recent["items"]
    assert (recent["cursors"], recent["next"]) == (None, None)


@pytest.mark.parametrize("kind", ["missing_keys", "wrong_types"])
def test_token_answer_can_be_damaged(standin: SpotifyStandin, kind: str) -> None:
    token = standin.grant("marisol")["refresh_token"]
    standin.fault("/api/token", kind=kind)
    data = requests.post(
        f"{standin.accounts_url}/api/token",
        data={"grant_type": "refresh_token", "refresh_token": str(token)},
        auth=(standin.client_id, standin.client_secret),
        timeout=TIMEOUT,
    ).json()
    is_missing = kind == "missing_keys"
    assert ("access_token" in data) is not is_missing
    assert data["expires_in"] == (3600 if is_missing else "soon")


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "earthquake"},
        {"status": "bad"},
        {"times": -1},
        {"colour": "red"},
    ],
)
def test_fault_that_makes_no_sense_is_refused(
    standin: SpotifyStandin, options: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError)):
        standin.fault("/v1/me", **options)
    response = control(standin, "fault", path="/v1/me", **options)
    assert response.status_code == 400
    assert response.json()["error"]
    assert get(standin, "/me").status_code == 200


def test_controls_over_http(standin: SpotifyStandin) -> None:
    assert control(standin, "fault", path="/v1/me", status=503, times=1).ok
    assert get(standin, "/me").status_code == 503
    assert control(standin, "fault", path="/v1/me", kind="garbage").ok
    assert control(standin, "clear", path="/v1/me").ok
    assert get(standin, "/me").json()["type"] == "user"
    assert control(standin, "mode", mode="extended", rotation="always").ok
    assert (standin.mode, standin.rotation) == ("extended", "always")
    assert "followers" in get(standin, "/me").json()
    assert control(standin, "reset").ok
    assert (standin.mode, standin.rotation) == ("development", "never")
    assert standin.log == ()


def test_tokens_can_be_ended_over_http(standin: SpotifyStandin) -> None:
    token = standin.grant("marisol")["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert control(standin, "tokens", action="revoke", listener="marisol").ok
    response = requests.get(f"{standin.api_url}/me", headers=headers, timeout=TIMEOUT)
    assert response.json()["error"]["message"] == "The access token expired"
    assert control(standin, "tokens", action="melt", listener="x").status_code == 400
    unknown = control(standin, "tokens", action="revoke", listener="nobody")
    assert unknown.json() == {"error": "there is no listener 'nobody'"}


@pytest.mark.parametrize(
    "options",
    [{"mode": "wild"}, {"latency": -1}, {"latency": True}, {"grants": 1}],
)
def test_behaviour_that_makes_no_sense_changes_nothing(
    standin: SpotifyStandin, options: dict[str, Any]
) -> None:
    response = control(standin, "mode", rotation="always", **options)
    assert response.status_code == 400
    assert standin.rotation == "never"


def test_controls_insist_on_json_objects(standin: SpotifyStandin) -> None:
    url = f"{standin.accounts_url}/_standin/reset"
    plain = requests.post(url, data="{}", timeout=TIMEOUT)
    listed = requests.post(url, json=[], timeout=TIMEOUT)
    broken = requests.post(
        url,
        data="{",
        headers={"Content-Type": "application/json"},
        timeout=TIMEOUT,
    )
    answers = (plain, listed, broken, control(standin, "other"))
    assert [answer.status_code for answer in answers] == [415, 400, 400, 404]


def test_log_over_http_leaves_the_controls_out(standin: SpotifyStandin) -> None:
    get(standin, "/me/top/artists?limit=3")
    control(standin, "mode", mode="extended")
    url = f"{standin.accounts_url}/_standin/log"
    (call,) = requests.get(url, timeout=TIMEOUT).json()["calls"]
    assert call == {
        "method": "GET",
        "path": "/v1/me/top/artists",
        "query": {"limit": "3"},
        "status": 200,
        "at": "2026-11-14T10:00:00+00:00",
    }


def test_oversized_body_is_refused(standin: SpotifyStandin) -> None:
    url = f"{standin.accounts_url}/api/token"
    response = requests.post(
        url, headers={"Content-Length": "99999999"}, data=b"", timeout=TIMEOUT
    )
    assert response.status_code == 413
