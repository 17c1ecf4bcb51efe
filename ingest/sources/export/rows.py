"""Cutting the values out of a JSON array that is too large to hold.

Text comes in pieces; the decoder's C scanner cuts one value after the other. Where
it fails, reading goes on at the next thing that looks like the beginning of a row.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, cast

# Far more than any row of an export has: what is longer is damage.
LONGEST_ROW = 64 * 1024
# So much work on damage is free; more has to be earned by text and by values.
_FREE_WORK, _FREE_FAILURES = 1024 * 1024, 10_000
_TIDY = 4096
_decode = json.JSONDecoder().raw_decode
# It matches where there is no gap too, so it always does.
_gap = cast(
    "Callable[[str, int], re.Match[str]]", re.compile(r"[\s,\[\]\ufeff]*+").match
)
_row = re.compile(r'\{\s*+(?:"[^"\\]*+(?:\Z|"\s*+(?:\Z|:))|\Z)').search


class Rows:
    """The values of an array, in order. Brackets and commas are not insisted upon.

    ``beginning`` is the first thing in the text. After the last value ``broken`` says
    how many places could not be read, and ``is_whole`` whether the end was there.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._last = ""
        self._given = self._work = self._failures = 0
        self.beginning = ""
        self.broken = 0

    @property
    def is_whole(self) -> bool:
        return self._last == ("]" if self.beginning[:1] == "[" else "}")

    def __iter__(self) -> Iterator[Any]:
        text, at, is_lost, count = "", 0, False, 0
        for piece in chain(self._pieces, ("",)):
            text, at = text[at:] + piece, 0
            self._look_at(piece)
            # What fails before this does not fail for want of the next piece.
            enough = len(text) - LONGEST_ROW if piece else len(text)
            while True:
                at = _next_row(text, at) if is_lost else _gap(text, at).end()
                if at == len(text):
                    break
                try:
                    value, at = _decode(text, at)
                except (ValueError, RecursionError) as error:
                    if at >= enough:
                        break
                    is_lost = True
                    self._failures += 1
                    if self._failures > _FREE_FAILURES + count:
                        self._give_up()
                        return
                    at = self._after(text, at, getattr(error, "pos", None))
                    if at > _TIDY:
                        # The next error counts the lines before it.
                        text, at, enough = text[at:], 0, enough - at
                    continue
                if is_lost:
                    self.broken += 1
                    is_lost = False
                count += 1
                yield value
        if is_lost and self.is_whole:
            self.broken += 1

    def _look_at(self, piece: str) -> None:
        self._given += len(piece)
        if not self.beginning:
            self.beginning = piece.lstrip("\ufeff \t\r\n")[:4]
        self._last = piece.rstrip()[-1:] or self._last

    def _after(self, text: str, at: int, failed_at: int | None) -> int:
        """Where to look for the next row after one that failed.

        It may begin inside what was taken for this one. But rows made to fail late
        would cost the square of their length, so then all that was tried is left out.
        """
        if failed_at is None:
            # Too deep, or a number too long: the decoder does not say where.
            tried, close = at + LONGEST_ROW, text.find("}", at)
            next_at = close if close > 0 else len(text)
        else:
            tried, next_at = failed_at, at + 1
        tried = max(at + 1, min(tried, len(text)))
        self._work += tried - at
        return next_at if self._work <= _FREE_WORK + self._given else tried

    def _give_up(self) -> None:
        self.broken += 1
        self._last = ""


def _next_row(text: str, at: int) -> int:
    """Where the next row seems to begin; it may go on in the next piece."""
    found = _row(text, at)
    return found.start() if found else len(text)
