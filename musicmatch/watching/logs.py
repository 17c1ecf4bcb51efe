"""Log lines: what every process writes, and what none of them repeats.

Neither Django nor numpy is needed to write a line: beat and gunicorn's master have
neither. Lines go to stderr, one JSON object each where the site is hosted.
"""

import logging
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from musicmatch.watching import context
from musicmatch.watching.scrubbing import (
    describe,
    hide,
    scrub_address,
    scrub_foreign,
    trace,
)

FORMATS = ("json", "line")
# What our own packages say is chosen word by word; others repeat what they were given.
OURS = ("musicmatch", "accounts", "ingest", "matching", "social")


class _Scrubbed(logging.Formatter):
    """Both formats say the same, and neither says more."""

    converter = time.gmtime  # type: ignore[assignment]

    def __init__(self, *, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def said(self, record: logging.LogRecord) -> str:
        """The message, with nothing private in it."""
        is_ours = record.name.partition(".")[0] in OURS
        text = _message(record)
        return self.without_private(
            scrub_address(text) if is_ours else scrub_foreign(text), record
        )

    def traced(self, record: logging.LogRecord) -> str:
        """The traceback, "" where there is none."""
        if not record.exc_info or not record.exc_info[1]:
            return ""
        lines = trace(record.exc_info[1], record.exc_info[2])
        return self.without_private("\n".join(lines), record)

    def without_private(self, text: str, record: logging.LogRecord) -> str:
        work = _work(record)
        return hide(text, words=work.private if work else (), secrets=self._secrets)


class Line(_Scrubbed):
    """One line for a person: when, how bad, who says it, what, and of which work."""

    def format(self, record: logging.LogRecord) -> str:
        moment = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        head = f"{moment},{record.msecs:03.0f} {record.levelname} {record.name}"
        work = _work(record)
        ids = filter(None, (work.request_id, work.task_id)) if work else ()
        line = " ".join([f"{head}: {self.said(record)}", *(f"[{one}]" for one in ids)])
        traced = self.traced(record)
        return f"{line}\n{traced}" if traced else line


class Json(_Scrubbed, JsonFormatter):
    """One JSON object for a machine."""

    def __init__(self, *, secrets: Iterable[str] = ()) -> None:
        super().__init__(secrets=secrets)
        self.json_ensure_ascii = False

    def format(self, record: logging.LogRecord) -> str:
        moment = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        work = _work(record)
        said: dict[str, Any] = {
            "time": f"{moment}.{record.msecs:03.0f}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": self.said(record),
        }
        if work is not None:
            names = ("request_id", "task_id", "task")
            said |= {name: getattr(work, name) for name in names if getattr(work, name)}
        said |= getattr(record, "fields", {})
        traced = self.traced(record)
        if traced:
            said["traceback"] = traced
        return self.serialize_log_record(said)


def config(
    *, form: str, level: str = "INFO", secrets: Iterable[str] = ()
) -> dict[str, Any]:
    """What ``logging.config.dictConfig`` is given, in every process of the site."""
    formatter = Json if form == "json" else Line
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"said": {"()": formatter, "secrets": tuple(secrets)}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "said",
                "stream": sys.stderr,
            },
            "nowhere": {"class": "logging.NullHandler"},
        },
        "loggers": {
            # Django would write to the console itself, and mail addresses of pages.
            "django": _only_from("INFO"),
            # With every parameter of every query.
            "django.db.backends": _only_from("INFO"),
            # The lines of musicmatch.watching.access stand for these.
            "django.server": {"handlers": ["nowhere"], "propagate": False},
            "gunicorn.access": {"handlers": ["nowhere"], "propagate": False},
            "gunicorn.error": _only_from("WARNING"),
            # And these of musicmatch.watching.work for the queue's.
            "celery.app.trace": _only_from("WARNING"),
            "celery.worker.strategy": _only_from("WARNING"),
            "celery.pool": _only_from("INFO"),
            # Each task that it sends.
            "celery.beat": _only_from("WARNING"),
            # It tells whole addresses, and with them keys.
            "urllib3": _only_from("INFO"),
        },
        "root": {"handlers": ["console"], "level": level},
    }


def _only_from(level: str) -> dict[str, Any]:
    return {"handlers": [], "propagate": True, "level": level}


def _message(record: logging.LogRecord) -> str:
    """The text of a record, in which errors stand without what they were given."""
    if isinstance(record.msg, BaseException):
        return describe(record.msg)
    text, args = str(record.msg), record.args
    if isinstance(args, Mapping):
        return text % {name: _safe(value, record) for name, value in args.items()}
    return text % tuple(_safe(value, record) for value in args) if args else text


def _safe(value: object, record: logging.LogRecord) -> object:
    if isinstance(value, BaseException):
        return describe(value)
    # What was asked for: by Django's handler, and in gunicorn's words.
    is_asked = hasattr(record, "request") or record.name == "gunicorn.error"
    if is_asked and isinstance(value, str) and value.startswith("/"):
        return context.route_of(getattr(record, "request", None))
    return value


def _work(record: logging.LogRecord) -> context.Work | None:
    """What a line is about; Django logs some with the request once it has answered."""
    request = getattr(record, "request", None)
    return getattr(request, "work", None) or context.current()
