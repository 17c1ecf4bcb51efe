"""The stand-in for Last.fm as a real HTTP server on its own loopback port."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from musicmatch.standins import credentials
from musicmatch.standins.control import Control, Options
from musicmatch.standins.damage import Spoiling
from musicmatch.standins.lastfm import consent, views
from musicmatch.standins.lastfm.accounts import all_accounts
from musicmatch.standins.lastfm.errors import ERRORS, Failure, LastfmFault, code_of
from musicmatch.standins.lastfm.sessions import Sessions
from musicmatch.standins.markup import xml_answer
from musicmatch.standins.standin import Check, Standin, is_duration, is_flag
from musicmatch.standins.wire import Answer, Request, html_answer, json_answer

_API, _AUTH = "/2.0/", "/api/auth/"


class LastfmStandin(Standin[LastfmFault]):
    """A pretend Last.fm for development and tests.

    Faults know a call by its method: ``fault("/2.0/user.getInfo", kind="code",
    code=17)``, or ``/2.0/`` for all. Beside the switches that all have,
    ``key_is_suspended`` answers everything with 26, ``errors_as_200`` sends every
    error with status 200, ``shows_now_playing`` False leaves out what is on right
    now, and ``token_life`` is in seconds.
    """

    name = "lastfm"
    roots = ("/2.0", "/api/auth")
    fault_type = LastfmFault
    secrets = ("api_sig", "sk", "token")
    spoiling = Spoiling(
        needed=("name", "artist", "count", "date", "key", "playcount", "#text"),
        odd={
            "artist": "nobody",
            "count": "most",
            "date": "yesterday",
            "key": 17,
            "mbid": 5,
            "name": ["a", "list"],
            "playcount": {"many": 1},
            "url": None,
        },
        names=("name", "#text"),
        blank={"total": "0", "totalPages": "0"},
        nested="artist",
    )
    switches: ClassVar[dict[str, Check]] = {
        "key_is_suspended": is_flag,
        "errors_as_200": is_flag,
        "shows_now_playing": is_flag,
        "token_life": is_duration,
    }

    api_key = credentials.LASTFM_API_KEY
    secret = credentials.LASTFM_SECRET

    def set_defaults(self) -> None:
        super().set_defaults()
        self.key_is_suspended: bool = False
        self.errors_as_200: bool = False
        self.shows_now_playing: bool = True
        self.token_life: float = 3600
        self.sessions = Sessions()

    @property
    def api_url(self) -> str:
        """The root of the API, with its final slash."""
        return f"{self.origin}{_API}"

    @property
    def auth_url(self) -> str:
        """The page to send a person to, with its final slash."""
        return f"{self.origin}{_AUTH}"

    def token(self, name: str | None) -> str:
        """A token as after a consent, without any page; None: not allowed yet.

        Raises ``ValueError`` for an account that does not exist.
        """
        allowed = None if name is None else _known(name)
        return self.sessions.issue(allowed, now=self.now)

    def end_session(self, name: str) -> None:
        """As if the person had removed the app from their account."""
        self.sessions.end(_known(name))

    def subject(self, request: Request) -> str:
        """The path, with the method of an API call: ``/2.0/user.getInfo``."""
        if not self.is_api_call(request):
            return request.path
        asked = _params(request).get("method", "")[:60]
        known = views.METHODS.get(asked.casefold())
        return f"{_API}{asked if known is None else known[0]}"

    def is_api_call(self, request: Request) -> bool:
        return request.path in (_API, _API.rstrip("/"))

    def respond(self, request: Request) -> Answer:
        if self.is_api_call(request):
            params = _params(request)
            try:
                data = views.data_of(self, params)
            except Failure as failure:
                return self._failed(failure, {}, is_json=_wants_json(params))
            return json_answer(data) if _wants_json(params) else xml_answer("lfm", data)
        if request.path in (_AUTH, _AUTH.rstrip("/")):
            return consent.authorize(self, request)
        return html_answer("<!doctype html><title>Not found</title>", status=404)

    def error_answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        answer = self._failed(Failure(code_of(status)), headers)
        return answer if self.errors_as_200 else replace(answer, status=status)

    def failure(self, fault: LastfmFault) -> Answer | None:
        if fault.kind == "code":
            return self._failed(Failure(fault.code), fault.retry_header)
        return super().failure(fault)

    def misread(self, request: Request, fault: LastfmFault) -> Request:
        if fault.kind != "other_user":
            return request
        params = _params(request)
        asked = params.get("user", "").casefold()
        other = next(name for name in all_accounts() if name != asked)
        return replace(request, query={**params, "user": other}, body=b"")

    def _failed(
        self, failure: Failure, headers: Mapping[str, str], *, is_json: bool = True
    ) -> Answer:
        status = 200 if self.errors_as_200 else ERRORS[failure.code][0]
        data = {"error": failure.code, "message": failure.message}
        if not is_json:
            return xml_answer("lfm", data, status=status)
        return json_answer(data, status=status, headers=headers)

    def controls(self) -> Mapping[str, Control]:
        return {"token": self._give_token, "end_session": self._end_session}

    def _give_token(self, options: Options) -> Mapping[str, object]:
        name = options.get("listener")
        return {"token": self.token(None if name is None else str(name))}

    def _end_session(self, options: Options) -> None:
        self.end_session(str(options.get("listener")))


def _known(name: str) -> str:
    if name.casefold() not in all_accounts():
        message = f"there is no account {name!r}"
        raise ValueError(message)
    return name.casefold()


def _params(request: Request) -> dict[str, str]:
    return {**request.query, **request.form}


def _wants_json(params: Mapping[str, str]) -> bool:
    return params.get("format") == "json"
