"""Looking into a ZIP archive without trusting a word of it. Nothing goes to disk.

Whatever is wrong becomes a problem of its file, and the other files are still read.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO

from ingest.sources.export.packages import (
    Shape,
    is_archive,
    shape_of,
    what_it_is,
)
from ingest.sources.export.problems import Problems, Trouble

MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
# What the standard library raises for archives made to break it.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
# Listening packs ten to one; below the floor a ratio says nothing.
_RATIO, _RATIO_FLOOR = 200, 4 * 1024 * 1024
# The list of 500 members is far shorter than this.
_LONGEST_READ = 1024 * 1024
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Encrypted, strongly encrypted, with a list that is encrypted too.
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of history inside an archive."""

    name: str
    shape: Shape
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


class _TooMuchAtOnce(Exception):
    """The archive's list of members is too long to be read."""


class _Careful:
    """A file that hands out no more than a megabyte at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = _LONGEST_READ + 1 if size is None or size < 0 else size
        if wanted > _LONGEST_READ + 1:
            raise _TooMuchAtOnce
        data = self._file.read(wanted)
        if len(data) > _LONGEST_READ:
            raise _TooMuchAtOnce
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class Archive:
    """One uploaded ZIP, its members checked and not yet read."""

    def __init__(self, file: IO[bytes], *, name: str, problems: Problems) -> None:
        self._file = file
        self._name = name
        self._problems = problems

    def members(self, *, most: int, most_bytes: int) -> tuple[int, list[Member]]:
        """How many files there are, and those of history that may be read.

        With more than ``most`` files, or ``most_bytes`` unpacked, none may.
        """
        try:
            packed = zipfile.ZipFile(_Careful(self._file))
        except _TooMuchAtOnce:
            return self._refused(Trouble.TOO_MANY)
        except BROKEN:
            return self._refused(Trouble.BROKEN_ZIP)
        # ``is_dir`` of the library fails for a name that begins with a null byte.
        infos = [i for i in packed.infolist() if not i.orig_filename.endswith("/")]
        if len(infos) > most:
            return self._refused(Trouble.TOO_MANY)
        if sum(info.file_size for info in infos) > most_bytes:
            return self._refused(Trouble.TOO_LARGE_UNPACKED)
        # Members that share their bytes: made to unpack to more than there is.
        if sum(info.compress_size for info in infos) > _size(self._file):
            return self._refused(Trouble.BOMB)
        return len(infos), list(self._sound(packed, infos))

    def _refused(self, trouble: Trouble) -> tuple[int, list[Member]]:
        self._problems.add(trouble, self._name)
        return 0, []

    def _sound(
        self, packed: zipfile.ZipFile, infos: list[zipfile.ZipInfo]
    ) -> Iterator[Member]:
        taken: set[str] = set()
        tells = False
        for info in infos:
            name = info.orig_filename
            shape = shape_of(name)
            trouble = _trouble_of(info, shape, taken)
            if trouble is not None:
                self._problems.add(trouble, name, archive=self._name)
            elif shape is not None:
                taken.add(name)
                yield Member(name, shape, info.file_size, _opener(packed, info))
            tells = tells or trouble is not None or shape is not None
        if not tells:
            names = [info.orig_filename for info in infos]
            trouble = what_it_is(names) if names else Trouble.EMPTY
            self._problems.add(trouble, self._name)


def _opener(
    packed: zipfile.ZipFile, info: zipfile.ZipInfo
) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: packed.open(info)


def _trouble_of(
    info: zipfile.ZipInfo, shape: Shape | None, taken: set[str]
) -> Trouble | None:
    """What keeps a member from being read; files that are no history have none."""
    if shape is None:
        return Trouble.NESTED if is_archive(info.orig_filename) else None
    if stat.S_ISLNK(info.external_attr >> 16):
        return Trouble.LINK
    if _leads_out(info.orig_filename):
        return Trouble.UNSAFE_NAME
    if info.orig_filename in taken:
        return Trouble.TWICE
    if info.flag_bits & _ENCRYPTED:
        return Trouble.PASSWORD
    if info.compress_type not in _METHODS:
        return Trouble.PACKING
    if info.file_size > max(_RATIO_FLOOR, _RATIO * info.compress_size):
        return Trouble.BOMB
    return None


def _leads_out(name: str) -> bool:
    return (
        name.startswith("/")
        or "\\" in name
        or "\x00" in name
        or ".." in name.split("/")
        or _DRIVE.match(name) is not None
    )


def _size(file: IO[bytes]) -> int:
    return file.seek(0, 2)
