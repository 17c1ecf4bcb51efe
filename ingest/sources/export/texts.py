"""The text of one file, in pieces of bounded size, whatever its encoding."""

import codecs
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import IO

from ingest.sources.export.archive import BROKEN
from ingest.sources.export.problems import Trouble

# What is read at once is lost with an error: little of it.
_PIECE, _STEP = 128 * 1024, 8 * 1024


class Text:
    """Pieces of a file of at most ``most`` bytes.

    They end where the file cannot be read on, and ``trouble`` then says why.
    ``on_bytes`` is told how many more bytes were read.
    """

    def __init__(
        self,
        open_file: Callable[[], AbstractContextManager[IO[bytes]]],
        *,
        most: int,
        on_bytes: Callable[[int], None],
    ) -> None:
        self._open = open_file
        self._left = most
        self._on_bytes = on_bytes
        self.trouble: Trouble | None = None

    def __iter__(self) -> Iterator[str]:
        decoder: codecs.IncrementalDecoder | None = None
        for data in self._pieces():
            decoder = decoder or decoder_of(data)
            if text := decoder.decode(data):
                yield text
            self._on_bytes(len(data))

    def _pieces(self) -> Iterator[bytes]:
        try:
            opened = self._open()
        except BROKEN:
            self.trouble = Trouble.DAMAGED
            return
        with opened as file:
            while self.trouble is None and (data := self._piece(file)):
                yield data

    def _piece(self, file: IO[bytes]) -> bytes:
        data = bytearray()
        try:
            while len(data) < _PIECE and (step := file.read(_STEP)):
                data += step
        except BROKEN:
            self.trouble = Trouble.DAMAGED
        self._left -= len(data)
        if self._left < 0:
            self.trouble = Trouble.TOO_LARGE_UNPACKED
            return b""
        return bytes(data)


def filled(file: IO[bytes], size: int) -> bytes:
    """Read ``size`` bytes, fewer only at the end of the file."""
    data = file.read(size)
    while data and len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def decoder_of(head: bytes) -> codecs.IncrementalDecoder:
    """A decoder for text that begins so: UTF-8, -16 or -32, as JSON may be."""
    decoder = codecs.getincrementaldecoder(json.detect_encoding(head))
    return decoder(errors="replace")
