"""The accounts part over real HTTP: consent, codes and tokens."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.spotify.listeners import all_listeners

REDIRECT = "http://127.0.0.1:8000/accounts/spotify/login/callback/"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .decode()
    .rstrip("=")
)
TIMEOUT = 5


def authorize(standin: SpotifyStandin, **changes: str | None) -> requests.Response:
    query: dict[str, str | None] = {
        "client_id": standin.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "state": "a state & more",
        "scope": "user-top-read user-read-recently-played",
        "code_challenge_method": "S256",
        "code_challenge": CHALLENGE,
        **changes,
    }
    return requests.get(
        f"{standin.accounts_url}/authorize",
        params=query,
        allow_redirects=False,
        timeout=TIMEOUT,
    )


def sent_back(response: requests.Response) -> dict[str, str]:
    assert response.status_code == 302
    location = response.headers["Location"]
    assert location.startswith(f"{REDIRECT}?")
    return {
        key: values[0] for key, values in parse_qs(urlsplit(location).query).items()
    }


def code_for(standin: SpotifyStandin, listener: str = "marisol", **changes: Any) -> str:
    return sent_back(authorize(standin, listener=listener, **changes))["code"]


def ask_token(
    standin: SpotifyStandin, auth: tuple[str, str] | None = ("", ""), **form: str | None
) -> requests.Response:
    """POST the form; Basic credentials are the right ones unless others are given."""
    right = (standin.client_id, standin.client_secret)
    return requests.post(
        f"{standin.accounts_url}/api/token",
        data={key: value for key, value in form.items() if value is not None},
        auth=right if auth == ("", "") else auth,
        timeout=TIMEOUT,
    )


def exchange(
    standin: SpotifyStandin,
    code: str,
    auth: tuple[str, str] | None = ("", ""),
    **changes: str | None,
) -> requests.Response:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }
    return ask_token(standin, auth, **form)


def refresh(
    standin: SpotifyStandin, token: object, auth: tuple[str, str] | None = ("", "")
) -> requests.Response:
    return ask_token(
        standin, auth, grant_type="refresh_token", refresh_token=str(token)
    )


def assert_refused(response: requests.Response, error: str, description: str) -> None:
    assert response.status_code == 400
    assert response.json() == {"error": error, "error_description": description}


def test_consent_page_offers_every_listener_and_cancel(standin: SpotifyStandin) -> None:
    page = authorize(standin)
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert set(re.findall(r'data-listener="(\w+)"', page.text)) == set(all_listeners())
    assert "data-cancel" in page.text
    assert "stand-in for development, not Spotify" in page.text
    assert '<html lang="en">' in page.text
    assert "<main>" in page.text
    assert "<h1>" in page.text


def test_consent_page_escapes_names_and_query(standin: SpotifyStandin) -> None:
    page = authorize(standin, state='"><script>')
    assert "<script>" not in page.text
    assert "Ros &amp; &lt;Marble&gt;" in page.text


def test_consent_form_leads_back_with_code_and_state(standin: SpotifyStandin) -> None:
    page = authorize(standin)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    fields = {name: value.replace("&amp;", "&") for name, value in fields.items()}
    response = requests.post(
        f"{standin.accounts_url}/authorize",
        data={**fields, "listener": "marisol"},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    back = sent_back(response)
    assert back["state"] == "a state & more"
    assert exchange(standin, back["code"]).status_code == 200


def test_cancel_leads_back_with_access_denied(standin: SpotifyStandin) -> None:
    back = sent_back(authorize(standin, cancel="1"))
    assert back == {"error": "access_denied", "state": "a state & more"}


def test_unknown_client_gets_a_page_and_no_redirect(standin: SpotifyStandin) -> None:
    page = authorize(standin, client_id="somebody", listener="marisol")
    assert page.status_code == 400
    assert "INVALID_CLIENT: Invalid client" in page.text
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8000/accounts/spotify/login/callback/",
        "http://127.0.0.1:8000/accounts/spotify/login/callback",
        "http://127.0.0.1:8000/accounts/Spotify/login/callback/",
        "http://127.0.0.1:8000@evil.example/accounts/spotify/login/callback/",
        "http://127.0.0.1:none/accounts/spotify/login/callback/",
        "http://[::1]:8000/accounts/spotify/login/callback/",
        "http://192.168.1.5:8000/accounts/spotify/login/callback/",
        "https://site.example/callback",
        "https://site.example/callback/?x=1",
        "",
    ],
)
def test_unregistered_redirect_gets_a_page(standin: SpotifyStandin, uri: str) -> None:
    standin.register_redirect("https://site.example/callback/")
    page = authorize(standin, redirect_uri=uri, listener="marisol")
    assert page.status_code == 400
    assert "INVALID_CLIENT: Invalid redirect URI" in page.text
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/back/", "http://127.0.0.1:9/back/"),
        ("http://127.0.0.1/back/", "http://127.0.0.1/back/"),
        ("http://[::1]/back/", "http://[::1]:8123/back/"),
        ("http://127.0.0.1:8123/back/", "http://127.0.0.1:8123/back/"),
        ("https://site.example/back/", "https://site.example/back/"),
    ],
)
def test_registered_redirect_is_used(
    standin: SpotifyStandin, registered: str, asked: str
) -> None:
    standin.register_redirect(registered)
    response = authorize(standin, redirect_uri=asked, listener="marisol")
    assert response.headers["Location"].startswith(f"{asked}?code=")


def test_port_of_a_registered_loopback_address_counts(standin: SpotifyStandin) -> None:
    standin.register_redirect("http://127.0.0.1:8123/back/")
    page = authorize(standin, redirect_uri="http://127.0.0.1:8124/back/")
    assert page.status_code == 400


@pytest.mark.parametrize(
    "uri", ["http://localhost/x/", "https://localhost/x/", "http://10.0.0.1/", "x"]
)
def test_bad_redirect_cannot_be_registered(standin: SpotifyStandin, uri: str) -> None:
    with pytest.raises(ValueError, match="must use https"):
        standin.register_redirect(uri)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "user-top-read everything"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
    ],
)
def test_malformed_request_is_sent_back(
    standin: SpotifyStandin, changes: dict[str, str | None], error: str
) -> None:
    back = sent_back(authorize(standin, listener="marisol", **changes))
    assert back == {"error": error, "state": "a state & more"}


def test_code_is_exchanged_for_tokens(standin: SpotifyStandin) -> None:
    data = exchange(standin, code_for(standin)).json()
    assert data.keys() == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
    }
    assert (data["token_type"], data["expires_in"]) == ("Bearer", 3600)
    assert data["scope"] == "user-top-read user-read-recently-played"


def test_credentials_may_be_in_the_body(standin: SpotifyStandin) -> None:
    response = exchange(
        standin,
        code_for(standin),
        None,
        client_id=standin.client_id,
        client_secret=standin.client_secret,
    )
    assert response.status_code == 200


def test_secret_alone_is_enough_without_a_challenge(standin: SpotifyStandin) -> None:
    code = code_for(standin, code_challenge=None, code_challenge_method=None)
    assert exchange(standin, code, code_verifier=None).status_code == 200


def test_verifier_alone_is_enough_with_a_challenge(standin: SpotifyStandin) -> None:
    response = exchange(standin, code_for(standin), None, client_id=standin.client_id)
    assert response.status_code == 200
    token = response.json()["refresh_token"]
    again = ask_token(
        standin,
        None,
        grant_type="refresh_token",
        refresh_token=token,
        client_id=standin.client_id,
    )
    assert again.status_code == 200


def test_neither_secret_nor_challenge_is_refused(standin: SpotifyStandin) -> None:
    code = code_for(standin, code_challenge=None, code_challenge_method=None)
    response = exchange(
        standin, code, None, client_id=standin.client_id, code_verifier=None
    )
    assert_refused(response, "invalid_client", "Invalid client secret")


@pytest.mark.parametrize(
    ("auth_of", "description"),
    [
        (lambda s: (s.client_id, "wrong"), "Invalid client secret"),
        (lambda s: ("wrong", s.client_secret), "Invalid client"),
        (lambda s: None, "Invalid client"),
    ],
    ids=["secret", "client", "none"],
)
def test_wrong_credentials_are_refused(
    standin: SpotifyStandin,
    auth_of: Callable[[SpotifyStandin], tuple[str, str] | None],
    description: str,
) -> None:
    response = exchange(standin, code_for(standin), auth_of(standin))
    assert_refused(response, "invalid_client", description)


@pytest.mark.parametrize(
    "header", ["Basic ünreadable", "Basic abc", "Basic //8=", "Bearer YTpi", "Basic"]
)
def test_garbled_basic_header_is_refused(standin: SpotifyStandin, header: str) -> None:
    response = requests.post(
        f"{standin.accounts_url}/api/token",
        data={"grant_type": "refresh_token"},
        headers={"Authorization": header},
        timeout=TIMEOUT,
    )
    assert_refused(response, "invalid_client", "Invalid client")


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant", "code_verifier was incorrect"),
        ({"code_verifier": None}, "invalid_request", "code_verifier required"),
        ({"redirect_uri": REDIRECT + "x"}, "invalid_grant", "Invalid redirect URI"),
        ({"redirect_uri": None}, "invalid_grant", "Invalid redirect URI"),
        ({"code": "made up"}, "invalid_grant", "Invalid authorization code"),
        ({"code": None}, "invalid_grant", "Invalid authorization code"),
    ],
)
def test_wrong_exchange_is_refused(
    standin: SpotifyStandin,
    changes: dict[str, str | None],
    error: str,
    description: str,
) -> None:
    code = code_for(standin)
    response = exchange(standin, **{"code": code, **changes})  # type: ignore[arg-type]
    assert_refused(response, error, description)


def test_unexpected_verifier_is_refused(standin: SpotifyStandin) -> None:
    code = code_for(standin, code_challenge=None, code_challenge_method=None)
    response = exchange(standin, code)
    assert_refused(response, "invalid_request", "code_verifier not expected")


def test_code_works_once(standin: SpotifyStandin) -> None:
    code = code_for(standin)
    assert exchange(standin, code).status_code == 200
    again = exchange(standin, code)
    assert_refused(again, "invalid_grant", "Invalid authorization code")


def test_code_expires(standin: SpotifyStandin, clock: Any) -> None:
    code = code_for(standin)
    clock.seconds += standin.code_life
    response = exchange(standin, code)
    assert_refused(response, "invalid_grant", "Authorization code expired")


@pytest.mark.parametrize("grant_type", [None, "password"])
def test_unknown_grant_type_is_refused(
    standin: SpotifyStandin, grant_type: str | None
) -> None:
    response = ask_token(standin, grant_type=grant_type, anything="else")
    assert response.status_code == 400
    assert response.json()["error"] == "unsupported_grant_type"


def test_token_body_must_be_a_form(standin: SpotifyStandin) -> None:
    response = requests.post(
        f"{standin.accounts_url}/api/token",
        json={"grant_type": "refresh_token"},
        auth=(standin.client_id, standin.client_secret),
        timeout=TIMEOUT,
    )
    assert_refused(response, "invalid_request", "The body must be a form")


def test_refresh_keeps_the_refresh_token_by_default(standin: SpotifyStandin) -> None:
    granted = standin.grant("marisol")
    data = refresh(standin, granted["refresh_token"]).json()
    assert data.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert data["access_token"] != granted["access_token"]
    assert refresh(standin, granted["refresh_token"]).status_code == 200


def test_refresh_needs_the_secret(standin: SpotifyStandin) -> None:
    granted = standin.grant("marisol")
    response = ask_token(
        standin,
        None,
        grant_type="refresh_token",
        refresh_token=str(granted["refresh_token"]),
        client_id=standin.client_id,
    )
    assert_refused(response, "invalid_client", "Invalid client secret")


def test_rotation_replaces_the_refresh_token(standin: SpotifyStandin) -> None:
    standin.rotation = "always"
    old = standin.grant("marisol")["refresh_token"]
    new = refresh(standin, old).json()["refresh_token"]
    assert new != old
    assert_refused(refresh(standin, old), "invalid_grant", "Refresh token revoked")
    assert refresh(standin, new).status_code == 200


def test_rotation_happens_sometimes(standin: SpotifyStandin) -> None:
    standin.rotation = "sometimes"
    token = standin.grant("marisol")["refresh_token"]
    rotated = []
    for _ in range(4):
        data = refresh(standin, token).json()
        rotated.append("refresh_token" in data)
        token = data.get("refresh_token", token)
    assert rotated == [False, True, False, True]


@pytest.mark.parametrize(
    ("end", "description"),
    [
        (SpotifyStandin.revoke, "Refresh token revoked"),
        (SpotifyStandin.expire_refresh, "Refresh token expired"),
    ],
)
def test_ended_consent_refuses_until_the_next_one(
    standin: SpotifyStandin,
    end: Callable[[SpotifyStandin, str], None],
    description: str,
) -> None:
    token = standin.grant("marisol")["refresh_token"]
    other = standin.grant("tobin")["refresh_token"]
    end(standin, "marisol")
    assert_refused(refresh(standin, token), "invalid_grant", description)
    assert refresh(standin, other).status_code == 200
    renewed = exchange(standin, code_for(standin)).json()["refresh_token"]
    assert refresh(standin, renewed).status_code == 200


def test_consent_lasts_six_months_whatever_is_refreshed(
    standin: SpotifyStandin, clock: Any
) -> None:
    standin.rotation = "always"
    token = standin.grant("marisol")["refresh_token"]
    clock.seconds += 180 * 86_400
    token = refresh(standin, token).json()["refresh_token"]
    clock.seconds += 2 * 86_400
    assert_refused(refresh(standin, token), "invalid_grant", "Refresh token expired")


@pytest.mark.parametrize("token", ["", "AQnonsense", "AQe30.0000", "AQ.", "é.ü"])
def test_made_up_refresh_token_is_refused(standin: SpotifyStandin, token: str) -> None:
    response = refresh(standin, token)
    assert_refused(response, "invalid_grant", "Invalid refresh token")


def test_access_token_does_not_refresh(standin: SpotifyStandin) -> None:
    response = refresh(standin, standin.grant("marisol")["access_token"])
    assert_refused(response, "invalid_grant", "Invalid refresh token")


def test_log_holds_no_secrets(standin: SpotifyStandin) -> None:
    exchange(standin, code_for(standin))
    requests.get(
        f"{standin.api_url}/me", params={"access_token": "abc"}, timeout=TIMEOUT
    )
    assert [(call.method, call.path, call.status) for call in standin.log] == [
        ("GET", "/authorize", 302),
        ("POST", "/api/token", 200),
        ("GET", "/v1/me", 401),
    ]
    assert standin.log[2].query == {"access_token": "hidden"}
