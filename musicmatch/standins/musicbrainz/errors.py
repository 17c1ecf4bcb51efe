"""The error shape of MusicBrainz."""

from collections.abc import Mapping

from musicmatch.standins.wire import Answer, json_answer

TOO_FAST = "Your requests are exceeding the allowable rate limit."
_HELP = "For usage, please see: https://musicbrainz.org/development/mmd"


def api_error(
    status: int, message: str, *, headers: Mapping[str, str] | None = None
) -> Answer:
    data = {"error": message, "help": _HELP}
    return json_answer(data, status=status, headers=headers)
