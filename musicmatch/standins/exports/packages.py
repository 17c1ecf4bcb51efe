"""Writing the packages: files of the right names and sizes, zipped or bare."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from musicmatch.standins.exports.diary import Kind, Plan, events
from musicmatch.standins.exports.mess import messy_file, messy_row
from musicmatch.standins.exports.shapes import USER_NAME, account_row, extended_row

EXTENDED_FOLDER = "Spotify Extended Streaming History"
ACCOUNT_FOLDER = "Spotify Account Data"
_SPLIT_BYTES = 12 * 1024 * 1024
_SPLIT_ROWS = 10_000
_YEAR = 365
_TWICE = 0.004
_Put = Callable[[str, bytes], None]
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """One package: where it is, how many files of history and rows are in it."""

    path: Path
    files: int
    rows: int


def write_exports(
    folder: Path,
    plan: Plan,
    *,
    extended: bool = True,
    account: bool = True,
    is_zipped: bool = True,
    is_messy: bool = False,
) -> list[Written]:
    """Write the packages one listener gets; the same plan always writes the same."""
    writer = _Writer(folder, plan, is_zipped=is_zipped, is_messy=is_messy)
    written = []
    if extended:
        written.append(writer.extended())
    if account:
        written.append(writer.account())
    return written


class _Writer:
    def __init__(
        self, folder: Path, plan: Plan, *, is_zipped: bool, is_messy: bool
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._is_zipped = is_zipped
        self._is_messy = is_messy
        self._rng = Random()  # noqa: S311 - repeatable chance, no secret

    def extended(self) -> Written:
        self._rng.seed(f"{self._plan.seed}:extended")

        def rows() -> Iterator[tuple[int, _Row]]:
            for event in events(self._plan):
                row = extended_row(event, self._rng)
                yield event.ended_at, row
                if self._rng.random() < _TWICE:
                    yield event.ended_at, row

        others = {
            "ReadMeFirst_ExtendedStreamingHistory.pdf": b"%PDF-1.4\n%%EOF\n",
            "Streaming_History_Video_2018-2024.json": b"[]",
        }
        return self._package(
            "my_spotify_data_extended",
            EXTENDED_FOLDER,
            self._split(rows(), "Streaming_History_Audio_{years}_{number}.json"),
            others,
        )

    def account(self) -> Written:
        self._rng.seed(f"{self._plan.seed}:account")

        def of(kinds: set[Kind]) -> Iterator[tuple[int, _Row]]:
            for event in events(self._plan, days=_YEAR):
                if event.kind in kinds:
                    yield event.ended_at, account_row(event)

        podcasts = "".join(
            text
            for _, text, _ in self._split(of({Kind.PODCAST}), "podcasts", most=10**9)
        )
        others = {
            "StreamingHistory_podcast_0.json": podcasts.encode(),
            "Userdata.json": json.dumps(
                {"username": USER_NAME, "email": "nobody@example.org"}
            ).encode(),
            "Read_Me_First.pdf": b"%PDF-1.4\n%%EOF\n",
        }
        return self._package(
            "my_spotify_data_account",
            ACCOUNT_FOLDER,
            self._split(
                of({Kind.MUSIC}),
                "StreamingHistory_music_{number}.json",
                most=_SPLIT_ROWS,
            ),
            others,
        )

    def _split(
        self,
        rows: Iterable[tuple[int, _Row]],
        name: str,
        *,
        most: int = 0,
    ) -> Iterator[tuple[str, str, int]]:
        """Name, text and number of rows of each file, one held at a time."""
        number = size = 0
        lines: list[str] = []
        moments: list[int] = []
        for ended_at, row in rows:
            line = messy_row(row, self._rng) if self._is_messy else _line(row)
            is_full = len(lines) >= most if most else size + len(line) > _SPLIT_BYTES
            if lines and is_full:
                yield _file(name, number, lines, moments)
                number, size, lines, moments = number + 1, 0, [], []
            size += len(line.encode("utf-8", "replace")) + 4
            lines.append(line)
            moments = [*moments[:1], ended_at]
        yield _file(name, number, lines, moments)

    def _package(
        self,
        name: str,
        inside: str,
        files: Iterable[tuple[str, str, int]],
        others: dict[str, bytes],
    ) -> Written:
        path = self._folder / (f"{name}.zip" if self._is_zipped else name)
        count = rows = 0
        with ExitStack() as stack:
            put = self._open(path, stack)
            for file_name, text, file_rows in files:
                put(f"{inside}/{file_name}", self._encoded(text))
                count, rows = count + 1, rows + file_rows
            for file_name, data in others.items():
                put(f"{inside}/{file_name}", data)
            if self._is_messy:
                for file_name in (
                    "__MACOSX/._Streaming_History_Audio_0.json",
                    "old.zip",
                ):
                    put(file_name, b"\x00\x05\x16\x07")
        return Written(path, count, rows)

    def _encoded(self, text: str) -> bytes:
        if self._is_messy:
            return messy_file(text, self._rng)
        return text.encode()

    def _open(self, path: Path, stack: ExitStack) -> _Put:
        if not self._is_zipped:
            return lambda name, data: _write(path / name, data)
        path.parent.mkdir(parents=True, exist_ok=True)
        archive = stack.enter_context(ZipFile(path, "w", ZIP_DEFLATED))
        moment = self._plan.until.timetuple()[:6]
        return lambda name, data: archive.writestr(
            ZipInfo(name, moment), data, ZIP_DEFLATED
        )


def _line(row: _Row) -> str:
    return json.dumps(row, ensure_ascii=False)


def _file(
    name: str, number: int, lines: list[str], moments: list[int]
) -> tuple[str, str, int]:
    years = [str(datetime.fromtimestamp(moment, UTC).year) for moment in moments]
    span = "-".join(dict.fromkeys(years))
    text = "[\n  " + ",\n  ".join(lines) + "\n]"
    return name.format(years=span, number=number), text, len(lines)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
