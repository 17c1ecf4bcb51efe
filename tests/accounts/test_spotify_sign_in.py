"""Signing in with Spotify, from the button to the grant, over real HTTP."""

import base64
import logging

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client

from accounts.models import SpotifyGrant, User
from accounts.spotify.exchange import AccountLost, account_settle
from ingest.models import ImportRun
from tests.accounts.conftest import LOGIN, Visitor, query_of
from tests.conftest import HOST, NOW
from tests.factories import make_user


def test_a_new_person_is_made_with_a_grant_and_an_import(visitor: Visitor) -> None:
    response = visitor.sign_in("marisol")
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    person = User.objects.get()
    assert visitor.person == person
    assert person.username.startswith("spotify-")
    assert person.handle is None
    assert person.joined_at is None
    assert person.email == ""
    assert not person.has_usable_password()
    grant = SpotifyGrant.objects.get()
    assert grant.person == person
    assert sorted(grant.scopes.split()) == [
        "user-read-recently-played",
        "user-top-read",
    ]
    assert grant.state == SpotifyGrant.State.ACTIVE
    assert grant.refresh_token
    assert ImportRun.objects.get().person == person


def test_the_first_page_afterwards_is_the_welcome(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    page = visitor.client.get("/", follow=True)
    assert page.redirect_chain == [("/welcome/", 302)]
    assert page.status_code == 200


def test_a_returning_person_is_the_same_person(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    before = SpotifyGrant.objects.get()
    visitor.client.logout()
    visitor.sign_in("marisol")
    after = SpotifyGrant.objects.get()
    assert User.objects.count() == SocialAccount.objects.count() == 1
    assert visitor.person == before.person
    assert after.authorized_at > before.authorized_at
    assert after.refresh_token != before.refresh_token
    assert ImportRun.objects.count() == 1


def test_two_people_are_two(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    visitor.client.logout()
    visitor.sign_in("tobin")
    assert User.objects.count() == SpotifyGrant.objects.count() == 2


def test_what_goes_out_with_the_person(visitor: Visitor) -> None:
    address = visitor.leave()
    asked = query_of(address)
    assert address.startswith(f"{visitor.standin.accounts_url}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert set(asked["scope"].split()) == {
        "user-top-read",
        "user-read-recently-played",
    }
    assert asked["redirect_uri"] == f"http://{HOST}/accounts/spotify/login/callback/"


def test_secrets_travel_in_headers_and_bodies_only(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    grant = SpotifyGrant.objects.get()
    (exchange,) = visitor.asked("/api/token")
    pair = f"{visitor.standin.client_id}:{visitor.standin.client_secret}"
    basic = base64.b64encode(pair.encode()).decode()
    assert exchange.headers["authorization"] == f"Basic {basic}"
    assert 43 <= len(exchange.form["code_verifier"]) <= 128
    assert "client_secret" not in exchange.form
    (profile,) = visitor.asked("/v1/me")
    assert profile.headers["authorization"] == f"Bearer {grant.access_token}"
    for request in visitor.seen:
        shown = " ".join([request.path, *request.query.values()])
        assert grant.access_token not in shown
        assert grant.refresh_token not in shown
    assert [call.path for call in visitor.standin.log] == [
        "/authorize",
        "/api/token",
        "/v1/me",
    ]


def test_allauth_keeps_no_token(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    grant = SpotifyGrant.objects.get()
    assert not SocialToken.objects.exists()
    session = repr(dict(visitor.client.session.items()))
    extra = repr(SocialAccount.objects.get().extra_data)
    for token in (grant.access_token, grant.refresh_token):
        assert token not in session + extra


def test_tokens_are_unreadable_in_the_database(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    grant = SpotifyGrant.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token, refresh_token FROM accounts_spotifygrant")
        access_token, refresh_token = cursor.fetchone()
    assert access_token.startswith("gAAAA")
    assert refresh_token.startswith("gAAAA")
    assert grant.access_token not in access_token
    assert grant.refresh_token not in refresh_token


def test_no_log_line_holds_a_secret(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = visitor.choose(visitor.leave(), "listener=marisol")
    code = query_of(address)["code"]
    visitor.come_back(address)
    visitor.come_back(address)
    grant = SpotifyGrant.objects.get()
    verifier = visitor.asked("/api/token")[0].form["code_verifier"]
    assert any("/login/callback/" in line for line in caplog.messages)
    for secret in (
        grant.access_token,
        grant.refresh_token,
        visitor.standin.client_secret,
        verifier,
    ):
        assert secret not in caplog.text
    ours = [r for r in caplog.records if not r.name.startswith(("urllib3", "tests"))]
    assert not any(code in record.getMessage() for record in ours)


@pytest.mark.parametrize("listener", ["nameless", "yulia", "nadia", "percy", "ros"])
def test_unusual_people_come_in(visitor: Visitor, listener: str) -> None:
    assert visitor.sign_in(listener).status_code == 302
    assert visitor.person is not None
    assert SpotifyGrant.objects.count() == 1


def test_names_are_kept_where_there_are_any(visitor: Visitor) -> None:
    visitor.sign_in("nameless")
    assert visitor.person
    assert visitor.person.display_name == ""
    visitor.client.logout()
    visitor.sign_in("yulia")
    assert visitor.person.display_name == "Юлия Снегирь-Полевая"


def test_account_id_comes_before_id(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    account = SocialAccount.objects.get()
    assert account.uid == account.extra_data["account_id"]
    assert account.uid != account.extra_data["id"]


def test_id_serves_where_there_is_no_account_id(visitor: Visitor) -> None:
    visitor.sign_in("wendell")
    account = SocialAccount.objects.get()
    assert account.uid == "31wendellthorne"
    assert "account_id" not in account.extra_data


def test_someone_known_by_id_is_moved_to_account_id(visitor: Visitor) -> None:
    person = make_user("from-before")
    SocialAccount.objects.create(
        user=person, provider="spotify", uid="31yuliasnow", extra_data={}
    )
    visitor.sign_in("yulia")
    assert visitor.person == person
    assert SocialAccount.objects.get().uid == "aY6uL3sG1h"


def test_an_account_id_that_reads_like_an_id_is_not_taken_over(
    visitor: Visitor,
) -> None:
    other = make_user("somebody-else")
    SocialAccount.objects.create(
        user=other,
        provider="spotify",
        uid="31yuliasnow",
        extra_data={"account_id": "31yuliasnow"},
    )
    visitor.sign_in("yulia")
    assert visitor.person != other
    assert SocialAccount.objects.count() == 2


def test_only_ids_and_the_name_are_kept(visitor: Visitor) -> None:
    visitor.standin.mode = "extended"
    visitor.sign_in("marisol")
    kept = SocialAccount.objects.get().extra_data
    assert set(kept) == {"account_id", "id", "display_name"}


# --- Connecting to an account that is there already --------------------------


def test_a_local_account_is_connected(visitor: Visitor, ada: User) -> None:
    visitor.client.force_login(ada)
    response = visitor.sign_in("marisol", "?process=connect")
    assert response.headers["Location"] == "/sources/"
    assert SpotifyGrant.objects.get().person == ada
    assert SocialAccount.objects.get().user == ada
    assert ImportRun.objects.get().person == ada
    assert User.objects.count() == 1
    (message,) = get_messages(response.wsgi_request)
    assert str(message) == "Spotify is connected."


def test_connecting_again_renews_the_consent(visitor: Visitor, ada: User) -> None:
    visitor.client.force_login(ada)
    visitor.sign_in("marisol", "?process=connect")
    SpotifyGrant.objects.update(state=SpotifyGrant.State.NEEDS_RECONNECT)
    before = SpotifyGrant.objects.get()
    query = "?process=connect&auth_params=show_dialog%3Dtrue"
    visitor.sign_in("marisol", query)
    after = SpotifyGrant.objects.get()
    assert after.state == SpotifyGrant.State.ACTIVE
    assert after.authorized_at > before.authorized_at


def test_somebody_elses_spotify_account_is_refused_in_words(
    visitor: Visitor, ada: User
) -> None:
    visitor.sign_in("marisol")
    owner = visitor.person
    before = SpotifyGrant.objects.get()
    visitor.client.logout()
    visitor.client.force_login(ada)
    response = visitor.sign_in("marisol", "?process=connect")
    page = visitor.client.get(response.headers["Location"])
    assert "belongs to someone else" in page.content.decode()
    after = SpotifyGrant.objects.get()
    assert after.person == owner
    assert after.version == before.version
    assert ImportRun.objects.count() == 1
    assert SocialAccount.objects.get().user == owner


def test_a_second_spotify_account_takes_the_place_of_the_first(
    visitor: Visitor, ada: User
) -> None:
    visitor.client.force_login(ada)
    visitor.sign_in("marisol", "?process=connect")
    first = SocialAccount.objects.get()
    former = SpotifyGrant.objects.get()
    response = visitor.sign_in("tobin", "?process=connect")
    assert response.headers["Location"] == "/sources/"
    page = visitor.client.get("/sources/").content.decode()
    assert "This is another Spotify account than before." in page
    account = SocialAccount.objects.get()
    assert (account.user, account.uid != first.uid) == (ada, True)
    after = SpotifyGrant.objects.get()
    assert (after.person, after.pk != former.pk) == (ada, True)
    assert after.refresh_token != former.refresh_token


def test_a_second_account_does_not_inherit_the_tokens_of_the_first(
    visitor: Visitor, ada: User
) -> None:
    visitor.client.force_login(ada)
    visitor.sign_in("marisol", "?process=connect")
    answer = visitor.standin.answer

    def without_refresh_token(request: object) -> object:
        given = answer(request)
        return _without(given, b'"refresh_token"') if "token" in request.path else given

    visitor.standin.answer = without_refresh_token
    visitor.sign_in("tobin", "?process=connect")
    assert SpotifyGrant.objects.get().refresh_token == ""


def test_one_account_under_both_of_its_ids_is_the_same_one(
    visitor: Visitor, ada: User
) -> None:
    visitor.client.force_login(ada)
    visitor.sign_in("marisol", "?process=connect")
    former = SpotifyGrant.objects.get()
    answer = visitor.standin.answer

    def without_account_id(request: object) -> object:
        given = answer(request)
        return _without(given, b'"account_id"') if request.path == "/v1/me" else given

    visitor.standin.answer = without_account_id
    visitor.sign_in("marisol", "?process=connect")
    assert SpotifyGrant.objects.get().pk == former.pk
    assert (
        SocialAccount.objects.get().uid == SocialAccount.objects.get().extra_data["id"]
    )
    assert "another Spotify account" not in (
        visitor.client.get("/sources/").content.decode()
    )


def test_of_two_accounts_at_the_same_moment_one_stays(ada: User) -> None:
    """The other one’s callback finds its row gone, and keeps no token."""
    one, other = (
        SocialAccount.objects.create(user=ada, provider="spotify", uid=uid)
        for uid in ("one", "other")
    )
    assert account_settle(account=one, is_new=True, now=NOW)
    with pytest.raises(AccountLost):
        account_settle(account=other, is_new=True, now=NOW)
    assert SocialAccount.objects.get() == one


def test_connecting_without_a_session_stores_nothing(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    before = SpotifyGrant.objects.get()
    stranger = Visitor(Client(HTTP_HOST=HOST), visitor.standin)
    response = stranger.sign_in("marisol", "?process=connect")
    assert response.headers["Location"] == "/sources/"
    assert stranger.person is None
    assert SpotifyGrant.objects.get().version == before.version
    other = Visitor(Client(HTTP_HOST=HOST), visitor.standin)
    other.sign_in("tobin", "?process=connect")
    assert SpotifyGrant.objects.count() == 1


def test_a_consent_without_refresh_token_keeps_the_old_one(visitor: Visitor) -> None:
    visitor.sign_in("marisol")
    before = SpotifyGrant.objects.get()
    visitor.client.logout()
    answer = visitor.standin.answer

    def without_refresh_token(request: object) -> object:
        given = answer(request)
        return _without(given, b'"refresh_token"') if "token" in request.path else given

    visitor.standin.answer = without_refresh_token
    visitor.sign_in("marisol")
    after = SpotifyGrant.objects.get()
    assert after.refresh_token == before.refresh_token
    assert after.access_token != before.access_token


def _without(answer: object, key: bytes) -> object:
    from dataclasses import replace

    assert key in answer.body
    return replace(answer, body=answer.body.replace(key, b'"something_else"'))


# --- The button's own page ----------------------------------------------------


def test_the_button_is_a_form_and_get_only_asks(visitor: Visitor) -> None:
    page = visitor.client.get(LOGIN)
    assert page.status_code == 200
    assert "Continue to Spotify" in page.content.decode()
    assert visitor.standin.log == ()
    assert visitor.client.post(LOGIN).status_code == 302


def test_the_button_is_shown_only_where_spotify_is_set_up(
    visitor: Visitor, settings: object
) -> None:
    button = "Continue with Spotify"
    for path in ("/accounts/login/", "/accounts/signup/"):
        assert button in visitor.client.get(path).content.decode()
    settings.SPOTIFY_CLIENT_ID = ""
    for path in ("/accounts/login/", "/accounts/signup/"):
        assert button not in visitor.client.get(path).content.decode()


@pytest.mark.parametrize("path", [LOGIN, f"{LOGIN}callback/"])
def test_without_spotify_the_address_does_not_exist(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404
