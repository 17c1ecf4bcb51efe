"""The log of the whole suite: kept as a host would keep it, and read for secrets.

Every line that anything writes during the tests goes through the formatter of a hosted
site into one file. Meanwhile every secret that comes into being is noted: tokens of the
stand-ins, keys of sessions, passwords, messages, handles. At the end none of them may
stand in the file, or the run has failed.
"""

import json
import logging
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from musicmatch.watching.logs import Json

# Of each model, what of its rows is nobody else's business.
_PRIVATE_FIELDS = {
    "accounts.User": ("handle", "username", "email", "bio"),
    "sessions.Session": ("session_key",),
    "account.EmailAddress": ("email",),
    "social.Message": ("body",),
    "social.Connection": ("note",),
    "social.Report": ("words",),
    "social.Appeal": ("words",),
}
# Shorter ones, and such as are a plain word, stand in lines for other reasons.
_SHORTEST_WORD, _SHORTEST_TEXT = 6, 12
_WORD = re.compile(r"[\w-]+")
# Numbers of requests and tasks, and moments, are not what is looked for.
_UNREAD = {"time", "request_id", "task_id", "tasks", "ms", "waited_ms", "person"}


class Logbook:
    """``notes`` are what must not be read, each with a word for what it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: dict[str, str] = {}
        self.handler = logging.FileHandler(path, encoding="utf-8", delay=True)

    def note(self, value: object, what: str) -> None:
        """Note a secret; what is too short or too plain to be found is let go."""
        text = str(value or "").strip()
        is_word = _WORD.fullmatch(text) is not None
        is_plain = text.isalpha() or text.isdecimal()
        shortest = _SHORTEST_WORD if is_word else _SHORTEST_TEXT
        if len(text) >= shortest and not (is_word and is_plain):
            self.notes[text] = what

    def leaks(self) -> list[str]:
        """Say of each secret in the log what it is, and who wrote it; never itself."""
        words, texts = self._by_kind()
        found: dict[tuple[str, str], None] = {}
        for logger, said in self._read():
            shown = {text for text in texts if text in said}
            shown |= words.intersection(_WORD.findall(said))
            found |= {(self.notes[secret], logger): None for secret in shown}
        return [f"{what}, written by {logger}" for what, logger in found]

    def _by_kind(self) -> tuple[set[str], set[str]]:
        words = {note for note in self.notes if _WORD.fullmatch(note)}
        return words, self.notes.keys() - words

    def _read(self) -> Iterator[tuple[str, str]]:
        """Yield each thing that was said once, with who said it."""
        if not self.path.exists():
            return
        said: dict[str, set[str]] = defaultdict(set)
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                found = json.loads(line)
                kept = {k: v for k, v in found.items() if k not in _UNREAD}
                said[found["logger"]].add("\n".join(map(str, kept.values())))
        for logger, texts in said.items():
            for text in texts:
                yield logger, text


_open_books: list[Logbook] = []


def _hear(book: Logbook) -> None:
    """Hear everything; a test that starts Celery sets the logs up anew for all."""
    root = logging.getLogger()
    if book.handler not in root.handlers:
        root.addHandler(book.handler)
    root.setLevel(logging.DEBUG)


# --- What is noted --------------------------------------------------------


def begin(path: Path, known: Iterable[object]) -> Logbook:
    """Keep a log from now on, and note every secret that is made."""
    from django.conf import settings

    book = Logbook(path)
    book.handler.setFormatter(Json(secrets=settings.SECRETS_OF_SETTINGS))
    book.handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    for other in root.handlers:
        # What is shown is what it was: the finer lines go to the file only.
        other.setLevel(max(other.level, root.level))
    _hear(book)
    # Tools of the tests, which tell what they make.
    for tool in ("factory", "faker", "asyncio"):
        logging.getLogger(tool).setLevel(logging.WARNING)
    for secret in known:
        book.note(secret, "a secret of the settings")
    _note_rows(book)
    _note_texts(book)
    return book


def _note_rows(book: Logbook) -> None:
    from django.db.models.signals import post_save

    def note(sender: Any, instance: Any, **_: Any) -> None:
        for name in _PRIVATE_FIELDS.get(sender._meta.label, ()):
            book.note(getattr(instance, name), f"{sender._meta.label}.{name}")

    post_save.connect(note, weak=False, dispatch_uid="logbook")


def _note_texts(book: Logbook) -> None:
    from django.contrib.auth import base_user, models

    from accounts import fields

    _listen(book, fields, "encrypt", lambda text, made: text, "an encrypted value")
    for place in (base_user, models):
        _listen(book, place, "make_password", lambda text, *_: text, "a password")
    # Codes and tokens of the stand-ins, among others.
    _listen(book, secrets, "token_urlsafe", lambda *given: given[-1], "a random token")


def _listen(
    book: Logbook, place: Any, name: str, secret: Callable[..., Any], what: str
) -> None:
    """Note what a function is given or gives, each time it is called."""
    function = getattr(place, name)

    def listening(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        book.note(secret(*args, *kwargs.values(), made), what)
        return made

    setattr(place, name, listening)


# --- In a run of the tests ------------------------------------------------

_BOOK = pytest.StashKey[Logbook]()
_LEAKS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    folder = Path(settings.DATA_DIR) / "log"
    folder.mkdir(parents=True, exist_ok=True)
    from musicmatch.standins import credentials

    known = [*settings.SECRETS_OF_SETTINGS, *vars(credentials).values()]
    config.stash[_BOOK] = begin(folder / "suite.jsonl", known)
    _open_books.append(config.stash[_BOOK])


def pytest_sessionstart(session: pytest.Session) -> None:
    # What tests see of the log is what it was: the finer lines go to the file only.
    shown: Any = session.config.pluginmanager.get_plugin("logging-plugin")
    for handler in (shown.caplog_handler, shown.report_handler):
        handler.setLevel(logging.WARNING)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _hear(item.config.stash[_BOOK])


def pytest_runtest_logfinish(nodeid: str, location: object) -> None:
    for book in _open_books:
        _hear(book)


def pytest_sessionfinish(session: pytest.Session) -> None:
    book = session.config.stash[_BOOK]
    book.handler.flush()
    leaks = session.config.stash[_LEAKS] = book.leaks()
    if book.handler not in logging.getLogger().handlers:
        leaks.append("nobody knows what: the log was cut off on the way")
    if leaks and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    leaks = config.stash.get(_LEAKS, [])
    if not leaks:
        return
    terminalreporter.section("secrets in the log", sep="=", red=True)
    for leak in leaks:
        terminalreporter.line(leak)


def pytest_unconfigure(config: pytest.Config) -> None:
    book = config.stash.get(_BOOK, None)
    if book is not None:
        logging.getLogger().removeHandler(book.handler)
        book.handler.close()
