"""What the doctor says of one thing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.template.defaultfilters import filesizeformat


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Line:
    """``words`` say how it was found, ``advice`` what to do next, if anything."""

    name: str
    state: State
    words: str
    advice: str = ""


# A question about the site as it is at one moment: one line or several.
Question = Callable[[datetime], Iterator[Line]]


def ok(name: str, words: str, advice: str = "") -> Line:
    return Line(name, State.OK, words, advice)


def warn(name: str, words: str, advice: str) -> Line:
    return Line(name, State.WARN, words, advice)


def fail(name: str, words: str, advice: str) -> Line:
    return Line(name, State.FAIL, words, advice)


def size_in_words(size: float) -> str:
    return filesizeformat(size).replace("\N{NO-BREAK SPACE}", " ")


def age_in_words(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, words in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {words}"
    return f"{max(0, seconds):.0f} seconds"
