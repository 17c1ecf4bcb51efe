"""One upload: several files at once, each a ZIP or bare JSON, whatever its name says.

with open_upload([("my_spotify_data.zip", path)], now=now) as upload:
    upload.read_into(history)
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Self

from ingest.sources.export.archive import MAGIC, Archive
from ingest.sources.export.history import History
from ingest.sources.export.packages import Shape
from ingest.sources.export.plays import LeftOut, Play
from ingest.sources.export.problems import Problem, Problems, Trouble
from ingest.sources.export.rows import Rows
from ingest.sources.export.shapes import Sieve
from ingest.sources.export.texts import Text, decoder_of, filled

_HEAD = 4096
# A file of so many more values than rows is not a history.
_STRAYS = 1000
_MB = 1024 * 1024

UploadedFile = tuple[str, IO[bytes] | Path]
_OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one upload may hold: bytes as they come, bytes unpacked, files, rows."""

    packed: int = 300 * _MB
    unpacked: int = 1536 * _MB
    members: int = 500
    rows: int = 5_000_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class _Part:
    """One JSON file, by itself or in an archive."""

    name: str
    archive: str
    shape: Shape
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


def open_upload(
    files: Sequence[UploadedFile], *, now: datetime, limits: Limits = LIMITS
) -> "Upload":
    """Look into the files, given by name and place; nothing is read of them yet.

    A file that cannot be used is a problem of the upload and never an error; only a
    path that cannot be opened raises ``OSError``.
    """
    return Upload(files, now=int(now.timestamp()), limits=limits)


class Upload:
    """The plays of all files, extended history first; to be read once."""

    def __init__(
        self, files: Sequence[UploadedFile], *, now: int, limits: Limits
    ) -> None:
        self._limits = limits
        self._problems = Problems(
            packed=_size_in_words(limits.packed),
            unpacked=_size_in_words(limits.unpacked),
            members=f"{limits.members:,}",
            rows=f"{limits.rows:,}",
        )
        self._sieve = Sieve(now=now)
        self._packed = self._members = self.total_bytes = self.done_bytes = 0
        with ExitStack() as opened:
            parts: list[_Part] = []
            for name, file in files:
                if isinstance(file, Path):
                    file = opened.enter_context(file.open("rb"))
                parts += self._parts(name, file)
            self._opened = opened.pop_all()
        self._all_parts = sorted(parts, key=lambda part: part.shape.value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files that were opened here."""
        self._opened.close()

    @property
    def problems(self) -> list[Problem]:
        """Everything that was wrong so far; as text each is a plain sentence."""
        return list(self._problems)

    @property
    def found(self) -> int:
        """How many plays were given so far."""
        return self._sieve.plays

    @property
    def left_out(self) -> Counter[LeftOut]:
        return self._sieve.left_out

    def plays(self) -> Iterator[Play]:
        """Every play that counts, in the order of the files."""
        return (play for play in self._plays() if not play.is_private)

    def read_into(
        self,
        history: History,
        *,
        on_progress: _OnProgress | None = None,
    ) -> None:
        """Give all plays to ``history``, and tell bytes read and bytes in all."""
        for play in self._plays(on_progress):
            history.add(play)

    # --- Finding the files ------------------------------------------------

    def _parts(self, name: str, file: IO[bytes]) -> Iterator[_Part]:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        head = filled(file, _HEAD)
        self._packed += size
        if self._packed > self._limits.packed:
            self._packed -= size
            self._problems.add(Trouble.TOO_LARGE, name)
        elif head.startswith(MAGIC):
            yield from self._parts_of_archive(name, file)
        else:
            yield from self._part_by_itself(name, file, size, head)

    def _parts_of_archive(self, name: str, file: IO[bytes]) -> Iterator[_Part]:
        archive = Archive(file, name=name, problems=self._problems)
        count, members = archive.members(
            most=self._limits.members - self._members,
            most_bytes=self._limits.unpacked - self.total_bytes,
        )
        self._members += count
        for member in members:
            self.total_bytes += member.size
            yield _Part(member.name, name, member.shape, member.size, member.open)

    def _part_by_itself(
        self, name: str, file: IO[bytes], size: int, head: bytes
    ) -> Iterator[_Part]:
        if self._members >= self._limits.members:
            self._problems.add(Trouble.TOO_MANY, name)
            return
        if size > self._limits.unpacked - self.total_bytes:
            self._problems.add(Trouble.TOO_LARGE_UNPACKED, name)
            return
        self._members += 1
        self.total_bytes += size
        is_account = '"endTime"' in decoder_of(head).decode(head)
        shape = Shape.ACCOUNT if is_account else Shape.EXTENDED
        yield _Part(name, "", shape, size, lambda: _rewound(file))

    # --- Reading them -----------------------------------------------------

    def _plays(self, on_progress: _OnProgress | None = None) -> Iterator[Play]:
        def on_bytes(count: int) -> None:
            self.done_bytes += count
            if on_progress is not None:
                on_progress(self.done_bytes, self.total_bytes)

        for part in self._all_parts:
            left = self._limits.unpacked - self.done_bytes
            text = Text(part.open, most=left, on_bytes=on_bytes)
            yield from self._plays_of(part, text)

    def _plays_of(self, part: _Part, text: Text) -> Iterator[Play]:
        sieve, rows = self._sieve, Rows(iter(text))
        before, strays_before = sieve.rows, sieve.strays
        trouble = None
        # One more than may be, to see that there is one.
        for row in islice(rows, self._limits.rows + 1 - before - strays_before):
            play = sieve.play(row)
            if play is not None:
                yield play
            elif sieve.strays - strays_before > _STRAYS + sieve.rows - before:
                trouble = Trouble.DAMAGED if sieve.rows > before else None
                break
        if sieve.rows + sieve.strays > self._limits.rows:
            trouble = Trouble.TOO_LONG
        trouble = (
            trouble
            or text.trouble
            or _trouble_of(rows, sieve.rows - before, sieve.strays - strays_before)
        )
        if trouble is not None:
            self._problems.add(trouble, part.name, archive=part.archive)


def _trouble_of(rows: Rows, found: int, strays: int) -> Trouble | None:
    """What the rows of a file that was read say of it."""
    is_json = rows.beginning.startswith(("[", "{"))
    if found:
        if rows.broken or not is_json:
            return Trouble.DAMAGED
        return None if rows.is_whole else Trouble.CUT_SHORT
    if not rows.beginning or (is_json and rows.is_whole and not strays):
        return Trouble.EMPTY
    if rows.beginning == "PK\x03\x04":
        return Trouble.NESTED
    return Trouble.NO_HISTORY if is_json else Trouble.STRANGE


def _size_in_words(size: int) -> str:
    if size % (512 * _MB):
        return f"{size // _MB:,} MB"
    return f"{size / 1024 / _MB:g} GB"


def _rewound(file: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    """The file from its beginning, left open afterwards."""
    file.seek(0)
    return nullcontext(file)
