"""The stand-in for MusicBrainz as a real HTTP server on its own loopback port."""

from collections.abc import Mapping
from typing import ClassVar

from musicmatch.standins.damage import Spoiling
from musicmatch.standins.faults import Fault
from musicmatch.standins.markup import xml_answer
from musicmatch.standins.musicbrainz import views
from musicmatch.standins.musicbrainz.callers import Turnstile, is_meaningful
from musicmatch.standins.musicbrainz.errors import TOO_FAST, api_error
from musicmatch.standins.standin import Check, Standin, is_duration, is_flag
from musicmatch.standins.wire import Answer, Refused, Request, json_answer

_NO_NAME = (
    "Your application has to say its name, its version and how to reach its makers,"
    " such as Name/1.0 ( https://name.example )."
)


class MusicBrainzStandin(Standin[Fault]):
    """A pretend MusicBrainz for development and tests.

    Beside the switches that all have, ``min_gap`` is the seconds between two calls
    below which it answers 503 (0: never), and ``wants_name`` False lets in callers
    that do not say who they are.
    """

    name = "musicbrainz"
    roots = ("/ws/2/",)
    fault_type = Fault
    spoiling = Spoiling(
        needed=("id", "name", "title", "relations", "artist-credit", "genres", "tags"),
        odd={
            "artist-credit": "nobody",
            "genres": "none",
            "id": 5,
            "length": "long",
            "name": ["a", "list"],
            "relations": {"not": "a list"},
            "tags": 17,
            "title": None,
        },
        names=("name", "title", "sort-name"),
        blank={"url-count": 0},
    )
    switches: ClassVar[dict[str, Check]] = {
        "min_gap": is_duration,
        "wants_name": is_flag,
    }

    def set_defaults(self) -> None:
        super().set_defaults()
        self.min_gap: float = 1.0
        self.wants_name: bool = True
        self._turnstile = Turnstile()

    @property
    def url(self) -> str:
        """The root of the API, with ``/ws/2`` and without a final slash."""
        return f"{self.origin}/ws/2"

    def respond(self, request: Request) -> Answer:
        user_agent = request.headers.get("user-agent", "")
        if self.wants_name and not is_meaningful(user_agent):
            return api_error(403, _NO_NAME)
        if not self._turnstile.enter(now=self.now, gap=self.min_gap):
            return api_error(503, TOO_FAST)
        if request.method != "GET":
            return api_error(405, "Method not allowed")
        for pattern, view in views.VIEWS:
            match = pattern.fullmatch(request.path)
            if match is not None:
                data = view(request, *match.groups())
                is_json = _wants_json(request)
                return json_answer(data) if is_json else xml_answer("metadata", data)
        raise Refused(views.not_found())

    def error_answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        message = TOO_FAST if status in (429, 503) else "Something went wrong."
        return api_error(status, message, headers=headers)


def _wants_json(request: Request) -> bool:
    asked = request.query.get("fmt")
    if asked is None:
        return "application/json" in request.headers.get("accept", "")
    return asked == "json"
