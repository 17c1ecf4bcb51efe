"""Someone with a browser between the site and the stand-in Spotify."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.http import HttpResponse
from django.test import Client

from accounts.models import SpotifyGrant, User
from accounts.spotify.services import grant_store
from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.spotify.wire import Request
from tests.conftest import NOW

LOGIN = "/accounts/spotify/login/"


@dataclass
class Visitor:
    """Walks the sign-in step by step; ``client`` holds the session."""

    client: Client
    standin: SpotifyStandin
    seen: list[Request] = field(default_factory=list, repr=False)

    def leave(self, query: str = "") -> str:
        """Press the button; return the address at Spotify one is sent to."""
        response = self.client.post(LOGIN + query)
        assert response.status_code == 302, response.content
        return response.headers["Location"]

    def choose(self, address: str, choice: str) -> str:
        """Choose on the consent page; return the address one is sent back to."""
        answer = requests.get(f"{address}&{choice}", allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def come_back(self, address: str) -> HttpResponse:
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, listener: str, query: str = "") -> HttpResponse:
        """The whole way, as far as the answer to the callback."""
        address = self.choose(self.leave(query), f"listener={listener}")
        return self.come_back(address)

    @property
    def person(self) -> User | None:
        pk = self.client.session.get("_auth_user_id")
        return User.objects.get(pk=pk) if pk else None

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.seen if request.path == path]


def query_of(address: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def visitor(db: None, client: Client, standin: SpotifyStandin) -> Visitor:
    """A visitor, and every request that reaches the stand-in, headers included."""
    walker = Visitor(client, standin)
    answer = standin.answer

    def listening(request: Request) -> Any:
        walker.seen.append(request)
        return answer(request)

    standin.answer = listening  # type: ignore[method-assign]
    return walker


@pytest.fixture
def grant(ada: User, standin: SpotifyStandin) -> SpotifyGrant:
    """A grant of Ada's, who is Marisol at Spotify; its access token lasts an hour."""
    return store(ada, standin, "marisol")


def store(person: User, standin: SpotifyStandin, listener: str) -> SpotifyGrant:
    answer = standin.grant(listener)
    return grant_store(
        person=person,
        access_token=str(answer["access_token"]),
        refresh_token=str(answer["refresh_token"]),
        expires_at=None,
        scopes=str(answer["scope"]),
        now=NOW,
    )
