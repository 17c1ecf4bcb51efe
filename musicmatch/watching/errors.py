"""Reports of errors to Sentry, where a host wants them: what broke, and nobody's name.

An event is not cleaned of what must not leave: it is built anew from what may. A
version of the library that gathers more sends no more from here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from musicmatch.watching import context
from musicmatch.watching.logs import OURS
from musicmatch.watching.scrubbing import hide, scrub_error, scrub_foreign

_KEPT = (
    "event_id timestamp platform level logger release environment server_name sdk"
    " transaction"
).split()
_KEPT_OF_FRAMES = "filename function module lineno in_app context_line".split()


def start() -> None:
    """Report from now on; without SENTRY_DSN not even the library is loaded."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk

    sentry_sdk.init(**options(settings.SENTRY_DSN))


def options(dsn: str) -> dict[str, Any]:
    """What the library is started with."""
    from sentry_sdk.integrations.argv import ArgvIntegration
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.redis import RedisIntegration

    return {
        "dsn": dsn,
        "environment": settings.SENTRY_ENVIRONMENT,
        "integrations": [
            DjangoIntegration(
                transaction_style="function_name", middleware_spans=False
            ),
            CeleryIntegration(propagate_traces=False),
            RedisIntegration(),
        ],
        "auto_enabling_integrations": False,
        "disabled_integrations": [ArgvIntegration()],
        "send_default_pii": False,
        "include_local_variables": False,
        "max_request_body_size": "never",
        # Queries, log lines and addresses that were called.
        "max_breadcrumbs": 0,
        "before_send": before_send,
    }


def before_send(event: Mapping[str, Any], hint: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent of an event."""
    kept = {name: event[name] for name in _KEPT if name in event}
    if exceptions := (event.get("exception") or {}).get("values"):
        kept["exception"] = {"values": [_exception(one) for one in exceptions]}
    if message := _message(event):
        kept["logentry"] = {"message": message}
    kept["tags"] = _tags()
    return kept


def _exception(found: Mapping[str, Any]) -> dict[str, Any]:
    frames = (found.get("stacktrace") or {}).get("frames") or ()
    return {
        "type": found.get("type"),
        "module": found.get("module"),
        "value": _hidden(scrub_error(str(found.get("value") or ""))),
        "stacktrace": {"frames": list(_frames(frames))},
    }


def _frames(frames: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for frame in frames:
        yield {name: frame[name] for name in _KEPT_OF_FRAMES if name in frame}


def _message(event: Mapping[str, Any]) -> str:
    """What was logged, without what was put into it."""
    entry = event.get("logentry") or {}
    text = str(entry.get("message") or "")
    is_ours = str(event.get("logger") or "").partition(".")[0] in OURS
    return _hidden(text if is_ours else scrub_foreign(text))


def _hidden(text: str) -> str:
    work = context.current()
    return hide(
        text,
        words=work.private if work else (),
        secrets=settings.SECRETS_OF_SETTINGS,
    )


def _tags() -> dict[str, str]:
    """What joins a report to the lines in the log."""
    work = context.current()
    names = ("request_id", "task_id", "task")
    return {name: getattr(work, name) for name in names if getattr(work, name, "")}
