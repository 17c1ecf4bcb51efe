"""The stand-in for ListenBrainz as a real HTTP server on its own loopback port."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import unquote

from musicmatch.standins.damage import Spoiling
from musicmatch.standins.faults import Fault
from musicmatch.standins.listenbrainz import views
from musicmatch.standins.listenbrainz.accounts import Account, all_accounts
from musicmatch.standins.listenbrainz.errors import api_error
from musicmatch.standins.listenbrainz.pages import tokens_page
from musicmatch.standins.listenbrainz.rate import RateWindow
from musicmatch.standins.standin import Check, Standin, is_count, is_duration, is_flag
from musicmatch.standins.wire import Answer, Refused, Request, html_answer

_API = "/1/"
_TOKENS_PAGE = "/settings/"


class ListenBrainzStandin(Standin[Fault]):
    """A pretend ListenBrainz for development and tests.

    Beside the switches that all have, ``rate_limit`` calls are let through in
    ``rate_window`` seconds, ``tells_rate`` False leaves out the headers that say
    so, and ``has_stats`` False makes everybody's statistics "not worked out yet".
    """

    name = "listenbrainz"
    roots = (_API, _TOKENS_PAGE)
    fault_type = Fault
    secrets = ("token",)
    spoiling = Spoiling(
        needed=(
            *("artist_name", "artist_mbid", "listen_count", "listened_at"),
            *("track_name", "track_metadata", "tag", "user_name", "valid", "name"),
        ),
        odd={
            "artist_name": ["a", "list"],
            "artist_mbid": 5,
            "artist_mbids": "none",
            "listen_count": "many",
            "listened_at": "yesterday",
            "name": 7,
            "recording_mbid": [],
            "tag": "rock",
            "track_metadata": "a string",
            "track_name": 17,
            "user_name": {"not": "a name"},
            "valid": "perhaps",
        },
        names=("artist_name", "track_name", "name"),
        blank={"count": 0, "total_artist_count": 0, "total_recording_count": 0},
        nested="track_metadata",
    )
    switches: ClassVar[dict[str, Check]] = {
        "rate_limit": is_count,
        "rate_window": is_duration,
        "tells_rate": is_flag,
        "has_stats": is_flag,
    }

    def set_defaults(self) -> None:
        super().set_defaults()
        self.rate_limit: int = 30
        self.rate_window: float = 10
        self.tells_rate: bool = True
        self.has_stats: bool = True
        self._window = RateWindow()

    @property
    def url(self) -> str:
        """The root of the API, without a final slash and without ``/1``."""
        return self.origin

    def token_of(self, name: str) -> str:
        """The token that proves an account; raises ``ValueError`` for no account."""
        return self.account_of(name).token

    def account_of(self, name: str) -> Account:
        account = all_accounts().get(name.casefold())
        if account is None:
            message = f"there is no account {name!r}"
            raise ValueError(message)
        return account

    def answer_call(self, request: Request, subject: str) -> Answer:
        if not self.is_api_call(request):
            return super().answer_call(request, subject)
        standing = self._window.enter(
            now=self.now, limit=self.rate_limit, seconds=self.rate_window
        )
        answer = api_error(429, "You have made too many requests in a short time.")
        if standing.is_allowed:
            answer = super().answer_call(request, subject)
        if not self.tells_rate:
            return answer
        told = standing.headers
        if answer.status == 429:
            told = told | {"X-RateLimit-Remaining": "0"}
        return replace(answer, headers={**told, **answer.headers})

    def respond(self, request: Request) -> Answer:
        if request.method != "GET":
            raise Refused(api_error(405, "Method not allowed"))
        if request.path == _TOKENS_PAGE:
            return html_answer(tokens_page(all_accounts().values()))
        for pattern, view in views.VIEWS:
            match = pattern.fullmatch(request.path)
            if match is not None:
                return view(self, request, *(unquote(part) for part in match.groups()))
        raise Refused(api_error(404, "The requested URL was not found."))

    def error_answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        return api_error(status, "Something went wrong.", headers=headers)

    def is_api_call(self, request: Request) -> bool:
        return request.path.startswith(_API)
