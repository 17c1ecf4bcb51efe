"""The error shape of ListenBrainz."""

from collections.abc import Mapping

from musicmatch.standins.wire import Answer, json_answer


def api_error(
    status: int, message: str, *, headers: Mapping[str, str] | None = None
) -> Answer:
    data = {"code": status, "error": message}
    return json_answer(data, status=status, headers=headers)
