"""What was sent to the site, as who sent it wrote it down.

A file of one JSON object a line. An action is written before it is sent and its end
after the answer came; one without an end was never answered. The first line says where
the database stood, so that what nobody sent can be told from what was there.
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any, Self


class Outcome(StrEnum):
    """How an action ended, as far as who sent it knows."""

    STORED = "stored"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Verb(StrEnum):
    MESSAGE = "message"
    REQUEST = "request"
    ACCEPT = "accept"
    BLOCK = "block"
    IMPORT = "import"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Action:
    """``who`` and ``whom`` are handles; ``what`` names what was imported.

    ``key`` is the form's own key of a message, and the id of an import's run.
    """

    number: int
    verb: Verb
    who: str
    whom: str = ""
    key: str = ""
    digest: str = ""
    what: str = ""
    outcome: Outcome = Outcome.UNKNOWN


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class JournalWriter:
    """Writes actions down; safe to use from several threads."""

    def __init__(self, path: Path, *, last_message: int) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._write({"last_message": last_message})

    def begin(self, verb: Verb, who: str, **facts: str) -> int:
        """Write an action down before it is sent; returns its number."""
        with self._lock:
            number = next(self._numbers)
            self._write({"n": number, "verb": verb, "who": who, **facts})
        return number

    def end(self, number: int, outcome: Outcome, **facts: str) -> None:
        with self._lock:
            self._write({"n": number, "outcome": outcome, **facts})

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: Mapping[str, object]) -> None:
        self._file.write(f"{json.dumps(line)}\n")
        self._file.flush()


@dataclass(frozen=True, slots=True)
class Journal:
    """Every action, in the order in which they were begun."""

    last_message: int
    actions: tuple[Action, ...] = field(default=())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file; raises ``ValueError`` for one that is no journal."""
        with path.open(encoding="utf-8") as lines:
            return cls.of(map(_object, lines))

    @classmethod
    def of(cls, lines: Iterable[dict[str, Any]]) -> Self:
        lines = iter(lines)
        first = next(lines, {})
        if "last_message" not in first:
            raise ValueError("A journal begins with where the database stood.")
        actions: dict[int, Action] = {}
        for line in lines:
            number = line.pop("n")
            if "verb" in line:
                verb = Verb(line.pop("verb"))
                actions[number] = Action(number, verb, **line)
            else:
                outcome = Outcome(line.pop("outcome"))
                actions[number] = replace(actions[number], outcome=outcome, **line)
        return cls(int(first["last_message"]), tuple(actions.values()))

    def by(self, *verbs: Verb) -> list[Action]:
        return [action for action in self.actions if action.verb in verbs]


def _object(line: str) -> dict[str, Any]:
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError(f"A line of a journal is an object, not {line.strip()}.")
    return found
