"""Proving who one is at the stand-in for Last.fm: the page, the token, the key."""

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from musicmatch.standins.lastfm import LastfmStandin, all_accounts
from tests.musicmatch.standins.conftest import Clock

TIMEOUT = 5
BACK = "http://127.0.0.1:8000/sources/lastfm/back/?nonce=a%26b"


def visit(standin: LastfmStandin, **query: str) -> requests.Response:
    return requests.get(
        standin.auth_url,
        params={"api_key": standin.api_key, "cb": BACK, **query},
        allow_redirects=False,
        timeout=TIMEOUT,
    )


def token_from(response: requests.Response) -> str:
    assert response.status_code == 302, response.text
    return parse_qs(urlsplit(response.headers["Location"]).query)["token"][0]


def get_session(
    standin: LastfmStandin, token: str, **changes: str | None
) -> requests.Response:
    """Ask for a session, signed by hand as the documentation says."""
    signed = f"api_key{standin.api_key}methodauth.getSessiontoken{token}"
    text = f"{signed}{standin.secret}".encode()
    sig = hashlib.md5(text, usedforsecurity=False).hexdigest()
    params = {
        "method": "auth.getSession",
        "api_key": standin.api_key,
        "token": token,
        "api_sig": sig,
        "format": "json",
        **changes,
    }
    return requests.get(standin.api_url, params=params, timeout=TIMEOUT)


def assert_failed(response: requests.Response, code: int) -> None:
    assert response.status_code == 403
    assert response.json()["error"] == code


def control(standin: LastfmStandin, name: str, **options: Any) -> requests.Response:
    url = f"{standin.origin}/_standin/{name}"
    return requests.post(url, json=options, timeout=TIMEOUT)


# The page


def test_page_offers_everybody_and_a_way_back(lastfm: LastfmStandin) -> None:
    page = visit(lastfm)
    assert page.status_code == 200
    assert "This is a stand-in for development, not Last.fm." in page.text
    for account in all_accounts().values():
        assert f'data-listener="{account.name}"' in page.text
    assert "data-cancel" in page.text
    assert "nonce=a%26b" in page.text


def test_choice_on_the_page_leads_back_with_a_token(lastfm: LastfmStandin) -> None:
    form = {"api_key": lastfm.api_key, "cb": BACK, "listener": "WrenField"}
    back = requests.post(
        lastfm.auth_url, data=form, allow_redirects=False, timeout=TIMEOUT
    )
    assert back.headers["Location"].startswith(f"{BACK}&token=")
    answer = get_session(lastfm, token_from(back)).json()
    assert answer["session"]["name"] == "WrenField"
    assert len(answer["session"]["key"]) == 32
    assert answer["session"]["subscriber"] == 0


def test_going_back_brings_no_token(lastfm: LastfmStandin) -> None:
    back = visit(lastfm, cancel="1")
    assert (back.status_code, back.headers["Location"]) == (302, BACK)


def test_name_is_chosen_whatever_its_case(lastfm: LastfmStandin) -> None:
    token = token_from(visit(lastfm, listener="wrenfield"))
    assert get_session(lastfm, token).json()["session"]["name"] == "WrenField"
    assert visit(lastfm, listener="nobody").status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"api_key": "nonsense"}, "Invalid API key"),
        ({"cb": ""}, "Invalid callback address"),
        ({"cb": "javascript:alert(1)"}, "Invalid callback address"),
        ({"cb": "/back/"}, "Invalid callback address"),
    ],
)
def test_wrong_application_is_sent_nowhere(
    lastfm: LastfmStandin, query: dict[str, str], words: str
) -> None:
    answer = visit(lastfm, listener="marisolq", **query)
    assert answer.status_code == 400
    assert words in answer.text
    assert "Location" not in answer.headers


def test_page_comes_at_once_however_slow_the_api(lastfm: LastfmStandin) -> None:
    lastfm.latency = 30
    assert visit(lastfm).status_code == 200


# The token


def test_token_is_used_once(lastfm: LastfmStandin) -> None:
    token = lastfm.token("marisolq")
    assert get_session(lastfm, token).ok
    assert_failed(get_session(lastfm, token), 4)


def test_unknown_token_is_error_4(lastfm: LastfmStandin) -> None:
    assert_failed(get_session(lastfm, "nonsense"), 4)


def test_token_lasts_an_hour(lastfm: LastfmStandin, clock: Clock) -> None:
    early, late = lastfm.token("marisolq"), lastfm.token("marisolq")
    clock.seconds += 3599
    assert get_session(lastfm, early).ok
    clock.seconds += 1
    assert_failed(get_session(lastfm, late), 15)


def test_token_that_nobody_allowed_is_error_14(lastfm: LastfmStandin) -> None:
    assert_failed(get_session(lastfm, lastfm.token(None)), 14)


def test_wrong_signature_is_error_13_and_spends_nothing(lastfm: LastfmStandin) -> None:
    token = lastfm.token("marisolq")
    assert_failed(get_session(lastfm, token, api_sig="0" * 32), 13)
    assert_failed(get_session(lastfm, token, api_sig=None), 13)
    assert_failed(get_session(lastfm, token, lang="en"), 13)
    assert get_session(lastfm, token).ok


def test_format_and_callback_are_not_signed(lastfm: LastfmStandin) -> None:
    token = lastfm.token("marisolq")
    assert get_session(lastfm, token, callback="run").ok


# The key


def test_key_stays_the_same_until_it_is_ended(lastfm: LastfmStandin) -> None:
    def key() -> str:
        answer = get_session(lastfm, lastfm.token("marisolq")).json()
        return str(answer["session"]["key"])

    first = key()
    assert key() == first
    with LastfmStandin() as after_a_restart:
        assert after_a_restart.sessions.key_of("marisolq") == first
    lastfm.end_session("MarisolQ")
    assert key() != first


def test_tokens_and_sessions_over_the_controls(lastfm: LastfmStandin) -> None:
    token = control(lastfm, "token", listener="marisolq").json()["token"]
    assert get_session(lastfm, token).json()["session"]["name"] == "marisolq"
    pending = control(lastfm, "lastfm/token").json()["token"]
    assert_failed(get_session(lastfm, pending), 14)
    before = lastfm.sessions.key_of("marisolq")
    assert control(lastfm, "end_session", listener="marisolq").json() == {"ok": True}
    assert lastfm.sessions.key_of("marisolq") != before
    unknown = control(lastfm, "token", listener="nobody")
    assert unknown.status_code == 400
    assert unknown.json() == {"error": "there is no account 'nobody'"}
