"""Taking out of a text what may be somebody's: for logs and for reports of errors.

A library tells in its errors what it was given: a database whole rows, a mail server
who was written to, ``int`` the text it could not read. Where it stops is not ours to
decide, so everything that looks like a given thing goes.
"""

import re
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType

GONE = "…"
# Shorter ones are words that lines are made of.
_SHORTEST_SECRET = 8
# From the first quotation mark that opens to the last on the line: what is quoted may
# hold marks of its own, and may be cut off in its middle.
_QUOTED = re.compile(r"(?:(?<=\b[bru])|(?<!\w))['\"‘“«](?:.*['\"’”»]|.*)")
# Rows in errors of PostgreSQL: "Key (handle)=(ada)".
_ROW = re.compile(r"\)=\(.*")
_MAIL = re.compile(r"[^\s@<>,;:()]+@[^\s@<>,;:()]+")
_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s<>]+", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w/.])/[\w%~.@-]+/[^\s,;)]*")
# Tokens and keys: long, and of letters and figures.
_TOKEN = re.compile(r"(?=[\w+/=.-]*\d)(?=[\w+/=.-]*[A-Za-z])[\w+/=.-]{20,}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def hide(text: str, *, words: Iterable[str] = (), secrets: Iterable[str] = ()) -> str:
    """Take these out wherever they stand: words of their own, and secrets."""
    for word in words:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", GONE, text)
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, GONE)
    return text


def scrub_address(text: str) -> str:
    """Leave of every address only its scheme and of every mailbox nothing."""
    text = _ADDRESS.sub(rf"\1://{GONE}", text)
    return _MAIL.sub(GONE, text) if "@" in text else text


def scrub_foreign(text: str) -> str:
    """Scrub what a library says: addresses, and everything it quotes."""
    lines = (_QUOTED.sub(GONE, line) for line in text.splitlines())
    return scrub_address(" ".join(lines))


def scrub_error(text: str) -> str:
    """Scrub what an exception says to what it says of itself: its first line."""
    first = text.strip().partition("\n")[0]
    first = _ROW.sub(f")={GONE}", scrub_foreign(first))
    return _TOKEN.sub(_token, _PATH.sub(GONE, first))


def describe(error: BaseException) -> str:
    """Name an exception, and say what it says without what it was given."""
    said = scrub_error(str(error))
    name = type(error).__name__
    return f"{name}: {said}" if said else name


def trace(
    error: BaseException | None, frames: TracebackType | None = None
) -> Iterator[str]:
    """Yield the lines of a traceback, causes first, with no given thing in it."""
    if error is None:
        return
    before = error.__cause__ or (
        None if error.__suppress_context__ else error.__context__
    )
    if before is not None:
        yield from trace(before, before.__traceback__)
        yield "which led to:"
    yield "Traceback (most recent call last):"
    for line in traceback.format_tb(frames or error.__traceback__):
        yield line.rstrip("\n")
    yield describe(error)


def _token(found: re.Match[str]) -> str:
    return found[0] if _UUID.fullmatch(found[0]) else GONE
