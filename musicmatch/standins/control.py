"""A stand-in's own controls, below ``/_standin``: never part of the real service.

They may be called with the service's name too (``/_standin/lastfm/fault``), which
is needed where several services share a port. Every POST takes a JSON object. The
type is insisted on because a page from another site cannot send it without being
asked first.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from musicmatch.standins.wire import Answer, Refused, Request, json_answer

if TYPE_CHECKING:
    from musicmatch.standins.log import Call
    from musicmatch.standins.standin import Standin

Options = dict[str, Any]
Control = Callable[[Options], Mapping[str, object] | None]

ROOT = "/_standin/"


def answer(standin: "Standin[Any]", request: Request) -> Answer:
    """Answer one control call; 400 with the reason for one that makes no sense."""
    name = request.path.removeprefix(ROOT).removeprefix(f"{standin.name}/")
    if request.method == "GET" and name == "log":
        return json_answer({"calls": [_line(call) for call in standin.log]})
    change = _controls(standin).get(name)
    if request.method != "POST" or change is None:
        return no_such_control()
    try:
        told = change(_options(request))
    except Refused as refusal:
        return refusal.answer
    except (TypeError, ValueError) as error:
        return json_answer({"error": str(error)}, status=400)
    return json_answer({"ok": True, **(told or {})})


def no_such_control() -> Answer:
    return json_answer({"error": "There is no such control."}, status=404)


def _controls(standin: "Standin[Any]") -> dict[str, Control]:
    def fault(options: Options) -> None:
        path = options.pop("path", None)
        if not isinstance(path, str):
            message = "A fault needs a path."
            raise TypeError(message)
        standin.fault(path, **options)

    return {
        "fault": fault,
        "clear": lambda options: standin.clear_faults(options.get("path")),
        "mode": lambda options: standin.behave(**options),
        "reset": lambda options: standin.reset(),
        **standin.controls(),
    }


def _line(call: "Call") -> dict[str, object]:
    return {
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "status": call.status,
        "at": call.at.isoformat(),
    }


def _options(request: Request) -> Options:
    if request.media_type != "application/json":
        refusal = {"error": "Send application/json."}
        raise Refused(json_answer(refusal, status=415))
    options = json.loads(request.body or b"{}")
    if not isinstance(options, dict):
        message = "Send a JSON object."
        raise TypeError(message)
    return options
