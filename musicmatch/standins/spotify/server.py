"""The stand-in for Spotify as a real HTTP server on its own loopback port."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from musicmatch.standins.control import Control, Options
from musicmatch.standins.spotify import accounts, web_api
from musicmatch.standins.spotify.faults import SpotifyFault, message_of, own_failure
from musicmatch.standins.spotify.pictures import picture
from musicmatch.standins.spotify.wire import api_error
from musicmatch.standins.spotify.world import World, known_listener
from musicmatch.standins.wire import Answer, Request, html_answer


class SpotifyStandin(World):
    """A pretend Spotify for development and tests; see ``World`` for its switches.

    Use it as a context manager, or call ``start`` and ``stop``. It listens on
    127.0.0.1 only.
    """

    def grant(
        self,
        listener: str,
        scopes: Iterable[str] = ("user-top-read", "user-read-recently-played"),
    ) -> dict[str, object]:
        """The token answer after a consent, at once and without any page.

        Raises ``ValueError`` for a listener who does not exist.
        """
        return accounts.grant(self, known_listener(listener), scopes)

    def respond(self, request: Request) -> Answer:
        path = request.path
        if path.startswith("/v1/"):
            return web_api.answer(self, request)
        if path == "/authorize" and request.method in ("GET", "POST"):
            return accounts.authorize(self, request)
        if path == "/api/token" and request.method == "POST":
            return accounts.token(self, request)
        if path.startswith("/image/") and request.method == "GET":
            return picture(path.removeprefix("/image/"))
        return html_answer("<!doctype html><title>Not found</title>", status=404)

    def error_answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        return api_error(status, message_of(status), headers=headers)

    def failure(self, fault: SpotifyFault) -> Answer | None:
        answer = own_failure(fault)
        return super().failure(fault) if answer is None else answer

    def bent(self, answer: Answer, fault: SpotifyFault) -> Answer:
        if fault.kind == "null_cursors" and answer.status == 200:
            return _without_cursors(answer)
        return super().bent(answer, fault)

    def is_api_call(self, request: Request) -> bool:
        return request.path.startswith("/v1/")

    def controls(self) -> Mapping[str, Control]:
        return {"tokens": self._end_tokens}

    def _end_tokens(self, options: Options) -> None:
        actions = {
            "expire_access": self.expire_access,
            "expire_refresh": self.expire_refresh,
            "revoke": self.revoke,
        }
        action = actions.get(str(options.get("action")))
        if action is None:
            message = f"The action must be one of {', '.join(actions)}."
            raise ValueError(message)
        action(str(options.get("listener")))


def _without_cursors(answer: Answer) -> Answer:
    data = json.loads(answer.body)
    if not isinstance(data, dict):
        return answer
    data |= {"cursors": None, "next": None}
    return replace(answer, body=json.dumps(data, ensure_ascii=False).encode())
