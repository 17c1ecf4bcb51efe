"""The stand-in for ReccoBeats as a real HTTP server on its own loopback port."""

import re
from collections.abc import Mapping

from musicmatch.standins.damage import Spoiling
from musicmatch.standins.draws import digest
from musicmatch.standins.faults import Fault
from musicmatch.standins.reccobeats import shapes
from musicmatch.standins.standin import Standin
from musicmatch.standins.wire import Answer, Request, json_answer

MOST_IDS = 40

_MISSING, _NOT_FOUND, _WRONG_PATH, _TOO_MANY = 4001, 4041, 4042, 4291
_ONE_TRACK = re.compile(r"/v1/track/([^/]+)/audio-features")


class ReccoBeatsStandin(Standin[Fault]):
    """A pretend ReccoBeats for development and tests."""

    name = "reccobeats"
    roots = ("/v1/",)
    fault_type = Fault
    spoiling = Spoiling(
        needed=("id", "href", "tempo", "energy"),
        odd={
            "energy": None,
            "href": 12,
            "id": 5,
            "key": "C",
            "tempo": "fast",
            "valence": [0.5],
        },
        names=("href",),
    )

    @property
    def url(self) -> str:
        """The root of the API, with ``/v1`` and without a final slash."""
        return f"{self.origin}/v1"

    def respond(self, request: Request) -> Answer:
        if request.method != "GET":
            return _error(405, 4050, "Method not allowed")
        if request.path == "/v1/audio-features":
            return _many(request)
        one = _ONE_TRACK.fullmatch(request.path)
        if one is None:
            return _error(404, _WRONG_PATH, "There is no such path")
        track = shapes.tracks_by_own_id().get(one[1])
        if track is None or not shapes.is_known(track):
            return _error(404, _NOT_FOUND, "Track not found")
        return json_answer(shapes.features(track))

    def error_answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        if status == 429:
            return _error(429, _TOO_MANY, "Too many requests", headers=headers)
        return _error(status, status * 10, "Something went wrong", headers=headers)


def _many(request: Request) -> Answer:
    """Rows in an order of its own; ids beyond the fortieth are not looked at."""
    ids = [part for text in request.every("ids") for part in text.split(",") if part]
    if not ids:
        return _error(400, _MISSING, "ids is required")
    rows = {
        row["id"]: row for asked in ids[:MOST_IDS] for row in shapes.rows_for(asked)
    }
    content = [rows[key] for key in sorted(rows, key=lambda key: digest("order", key))]
    return json_answer({"content": content})


def _error(
    status: int, code: int, message: str, *, headers: Mapping[str, str] | None = None
) -> Answer:
    data = {"status": code, "errors": [{"message": message}]}
    return json_answer(data, status=status, headers=headers)
