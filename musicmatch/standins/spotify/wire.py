"""The error shapes of Spotify: the Web API has one, the token endpoint another."""

from collections.abc import Mapping

from musicmatch.standins.wire import Answer, Request, json_answer

__all__ = ["Answer", "Request", "api_error", "oauth_error"]


def api_error(
    status: int,
    message: str | None = None,
    *,
    reason: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The Web API's error shape; without a message the bare one."""
    error: dict[str, object] = {"status": status}
    if message is not None:
        error["message"] = message
    if reason is not None:
        error["reason"] = reason
    return json_answer({"error": error}, status=status, headers=headers)


def oauth_error(error: str, description: str, *, status: int = 400) -> Answer:
    """The token endpoint's error shape, which is not the Web API's."""
    data = {"error": error, "error_description": description}
    return json_answer(data, status=status)
