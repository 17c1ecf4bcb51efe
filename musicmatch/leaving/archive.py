"""Everything the site holds of a person as a ZIP, made while it is sent."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

import accounts.own_data
import ingest.own_data
import matching.own_data
import social.own_data
from accounts.models import User
from accounts.own_data import Part

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_APPS = (accounts.own_data, ingest.own_data, matching.own_data, social.own_data)
_PIECE = 64 * 1024


def parts_of(person: User) -> list[Part]:
    """Return every file of a person's data, in the order of the apps."""
    return [part for app in _APPS for part in app.parts_of(person)]


def archive_of(person: User, *, now: datetime) -> Iterator[bytes]:
    """Yield a ZIP piece by piece; of a long history one piece is held at a time."""
    parts = parts_of(person)
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry("README.txt", now), _read_me(person, parts, now))
        for part in parts:
            with archive.open(_entry(part.name, now), "w") as file:
                for piece in _pieces(part):
                    file.write(piece.encode())
                    if pipe.size >= _PIECE:
                        yield pipe.taken()
    yield pipe.taken()


class _Pipe(io.RawIOBase):
    """A file that is written on the one side and taken away on the other."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    @property
    def size(self) -> int:
        return len(self._written)

    def write(self, data: Buffer, /) -> int:
        piece = bytes(data)
        self._written += piece
        return len(piece)

    def taken(self) -> bytes:
        data = bytes(self._written)
        self._written.clear()
        return data


def _entry(name: str, now: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now.astimezone(UTC).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


# --- JSON -----------------------------------------------------------------


def _pieces(part: Part) -> Iterator[str]:
    """Write one mapping, or a list with each row on a line of its own."""
    if isinstance(part.rows, Mapping):
        yield json.dumps(part.rows, ensure_ascii=False, indent=2, default=_plain) + "\n"
        return
    before = "[\n"
    for row in part.rows:
        yield before + json.dumps(row, ensure_ascii=False, default=_plain)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


# --- The first file -------------------------------------------------------


def _read_me(person: User, parts: list[Part], now: datetime) -> str:
    files = "\n\n".join(f"{part.name}\n    {part.about}" for part in parts)
    return f"""{settings.SITE_NAME}: your data

What {settings.SITE_URL} held of {person} on {now.astimezone(UTC):%-d %B %Y}.

Each file is JSON in UTF-8: a list with one row on a line, or one object. Times are
in UTC. What is not known is null.

Other people are named by their handles only, and only those you can see on the site
today. What others wrote is here where you can still read it there.

{files}

Not in here: your password, of which only a hash is kept, and keys to other services.
"""
