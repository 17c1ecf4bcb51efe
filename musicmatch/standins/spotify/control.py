"""The stand-in's own controls, below ``/_standin``: never part of the real service.

Every POST takes a JSON object. The type is insisted on because a page from another
site cannot send it without being asked first.
"""

import json
from collections.abc import Callable
from typing import Any

from musicmatch.standins.spotify.wire import Answer, Refused, Request, json_answer
from musicmatch.standins.spotify.world import World


def answer(world: World, request: Request) -> Answer:
    """Answer one control call; 400 with the reason for one that makes no sense."""
    path = request.path.removeprefix("/_standin")
    if request.method == "GET" and path == "/log":
        return json_answer({"calls": [_line(call) for call in world.log]})
    change = _CHANGES.get(path)
    if request.method != "POST" or change is None:
        return json_answer({"error": "There is no such control."}, status=404)
    try:
        change(world, _options(request))
    except (TypeError, ValueError) as error:
        return json_answer({"error": str(error)}, status=400)
    return json_answer({"ok": True})


def _line(call: Any) -> dict[str, object]:
    return {
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "status": call.status,
        "at": call.at.isoformat(),
    }


def _options(request: Request) -> dict[str, Any]:
    if request.media_type != "application/json":
        refusal = {"error": "Send application/json."}
        raise Refused(json_answer(refusal, status=415))
    options = json.loads(request.body or b"{}")
    if not isinstance(options, dict):
        message = "Send a JSON object."
        raise TypeError(message)
    return options


def _fault(world: World, options: dict[str, Any]) -> None:
    path = options.pop("path", None)
    if not isinstance(path, str):
        message = "A fault needs a path."
        raise TypeError(message)
    world.fault(path, **options)


def _clear(world: World, options: dict[str, Any]) -> None:
    world.clear_faults(options.get("path"))


def _mode(world: World, options: dict[str, Any]) -> None:
    world.behave(**options)


def _reset(world: World, options: dict[str, Any]) -> None:
    world.reset()


def _tokens(world: World, options: dict[str, Any]) -> None:
    actions = {
        "expire_access": world.expire_access,
        "expire_refresh": world.expire_refresh,
        "revoke": world.revoke,
    }
    action = actions.get(str(options.get("action")))
    if action is None:
        message = f"The action must be one of {', '.join(actions)}."
        raise ValueError(message)
    action(str(options.get("listener")))


_CHANGES: dict[str, Callable[[World, dict[str, Any]], None]] = {
    "/fault": _fault,
    "/clear": _clear,
    "/mode": _mode,
    "/reset": _reset,
    "/tokens": _tokens,
}
