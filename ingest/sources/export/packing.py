"""Months as few bytes that cannot lie.

A byte of version, a checksum of four, then numbers of seven bits a byte, deflated where
that is shorter. A month is: how many parts, and of each whether it is exact, its first
moment, the seconds to its last, and three times artists: all of them, those of the
first moment, those of the last. Artists are: how many, the steps between their ids,
ascending, the plays of each, the milliseconds of each.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from ingest.sources.export.months import Listened, Month, month_of, parts_of

_PLAIN, _DEFLATED = 3, 4
_RAW = -15
_CHECKSUM = 4
_LARGEST = 2**63
_MOST_BYTES = 16 * 1024 * 1024


class CorruptMonth(ValueError):
    """The bytes are not those of a month."""


def pack_month(month: Month[int]) -> bytes:
    """Return a month, artists by their ids, as few bytes.

    Raises ``ValueError`` for a negative number or one of more than 63 bits.
    """
    body = _bytes_of(_numbers_of(month))
    deflate = zlib.compressobj(9, wbits=_RAW)
    short = deflate.compress(body) + deflate.flush()
    version, kept = (_DEFLATED, short) if len(short) < len(body) else (_PLAIN, body)
    return bytes([version]) + _checksum(version, kept) + kept


def unpack_month(data: bytes | memoryview) -> Month[int]:
    """Return what ``pack_month`` was given. Raises :class:`CorruptMonth`."""
    data = bytes(data)
    version, checksum, kept = data[:1], data[1 : 1 + _CHECKSUM], data[1 + _CHECKSUM :]
    if version not in (bytes([_PLAIN]), bytes([_DEFLATED])):
        raise CorruptMonth("unknown version")
    if _checksum(version[0], kept) != checksum:
        raise CorruptMonth("the checksum differs")
    body = kept if version[0] == _PLAIN else _inflated(kept)
    numbers = _numbers(body)
    parts = [_part(numbers) for _ in range(_next(numbers))]
    if not parts:
        raise CorruptMonth("there is no part")
    if next(numbers, None) is not None:
        raise CorruptMonth("there is more than the parts")
    return month_of(parts)


# --- Numbers --------------------------------------------------------------


def _numbers_of(month: Month[int]) -> Iterator[int]:
    parts = parts_of(month)
    yield len(parts)
    for part in parts:
        yield int(part.is_exact)
        yield part.first_at
        yield part.last_at - part.first_at
        for artists in (part.artists, part.firsts, part.lasts):
            yield from _of_artists(artists)


def _of_artists(artists: Mapping[int, Listened]) -> Iterator[int]:
    ids = sorted(artists)
    yield len(ids)
    yield from (here - before for before, here in zip([0, *ids], ids, strict=False))
    for place in (0, 1):
        yield from (artists[artist][place] for artist in ids)


def _part(numbers: Iterator[int]) -> Month[int]:
    is_exact, first_at, span = (_next(numbers) for _ in range(3))
    artists, firsts, lasts = (_artists(numbers) for _ in range(3))
    if is_exact not in (0, 1):
        raise CorruptMonth("neither exact nor not")
    for artist, listened in chain(firsts.items(), lasts.items()):
        plays, ms = artists.get(artist, Listened(-1, -1))
        if listened.plays > plays or listened.ms > ms:
            raise CorruptMonth("a moment has more than the month")
    last_at = first_at + span
    return Month(first_at, last_at, artists, bool(is_exact), firsts, lasts)


def _artists(numbers: Iterator[int]) -> dict[int, Listened]:
    count = _next(numbers)
    found = list(islice(numbers, 3 * count))
    if len(found) != 3 * count:
        raise CorruptMonth("the number of artists differs")
    artists: dict[int, Listened] = {}
    artist = 0
    for place in range(count):
        artist += found[place]
        if artist in artists or artist >= _LARGEST:
            raise CorruptMonth("the artists are not in order")
        plays, ms = found[place + count], found[place + 2 * count]
        artists[artist] = Listened(plays, ms)
    return artists


def _next(numbers: Iterator[int]) -> int:
    number = next(numbers, None)
    if number is None:
        raise CorruptMonth("a number is missing")
    return number


# --- Bytes ----------------------------------------------------------------


def _checksum(version: int, kept: bytes) -> bytes:
    return zlib.crc32(kept, version).to_bytes(_CHECKSUM, "big")


def _inflated(kept: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=_RAW)
    try:
        body = inflate.decompress(kept, _MOST_BYTES)
    except zlib.error as error:
        raise CorruptMonth("the bytes cannot be inflated") from error
    if not inflate.eof or inflate.unused_data:
        raise CorruptMonth("the bytes do not end where they should")
    return body


def _bytes_of(numbers: Iterable[int]) -> bytes:
    packed = bytearray()
    for number in numbers:
        if not 0 <= number < _LARGEST:
            raise ValueError(f"{number} cannot be packed")
        while number > 0x7F:
            packed.append(number & 0x7F | 0x80)
            number >>= 7
        packed.append(number)
    return bytes(packed)


def _numbers(body: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in body:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
        elif shift > 56:
            raise CorruptMonth("a number is too large")
    if shift:
        raise CorruptMonth("the last number has no end")
