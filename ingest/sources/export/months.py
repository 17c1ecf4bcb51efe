"""One month of listening, folded: how months meet, and how they are kept small."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", str, int)
YearMonth = tuple[int, int]


class Listened(NamedTuple):
    """How often, and for how many milliseconds."""

    plays: int
    ms: int


@dataclass(frozen=True, slots=True)
class Month(Generic[K]):
    """What was listened to from the first play of a month to its last.

    The moments are seconds since 1970. ``is_exact``: extended history had a part in
    it; False for account data alone.
    """

    first_at: int
    last_at: int
    artists: Mapping[K, Listened]
    is_exact: bool

    @property
    def plays(self) -> int:
        return sum(listened.plays for listened in self.artists.values())

    @property
    def ms(self) -> int:
        return sum(listened.ms for listened in self.artists.values())


def merged_month(stored: Month[K], new: Month[K]) -> Month[K]:
    """The month as it is after ``new`` was uploaded on top of ``stored``.

    Spans that do not meet add up. Where they meet one of them stands alone, as the
    plays are the same: extended history before account data, then the one that
    covers the other, then the longer one. So to upload the same or a part of it again
    changes nothing, and the files of one export may come one by one.
    """
    if _are_apart(stored, new):
        return _added(stored, new)
    if stored.is_exact is not new.is_exact:
        return stored if stored.is_exact else new
    if _covers(stored, new) and not _covers(new, stored):
        return stored
    if _covers(new, stored) and not _covers(stored, new):
        return new
    return new if _weight(new) > _weight(stored) else stored


def _are_apart(one: Month[K], other: Month[K]) -> bool:
    """Whether they share no more than the second where one ends and one begins."""
    if _covers(one, other) or _covers(other, one):
        return False
    return one.last_at <= other.first_at or other.last_at <= one.first_at


def _covers(one: Month[K], other: Month[K]) -> bool:
    return one.first_at <= other.first_at and other.last_at <= one.last_at


def _weight(month: Month[K]) -> tuple[int, int, int]:
    return month.last_at - month.first_at, month.plays, month.ms


def _added(one: Month[K], other: Month[K]) -> Month[K]:
    artists = dict(one.artists)
    for artist, (plays, ms) in other.artists.items():
        earlier = artists.get(artist, Listened(0, 0))
        artists[artist] = Listened(earlier.plays + plays, earlier.ms + ms)
    return Month(
        min(one.first_at, other.first_at),
        max(one.last_at, other.last_at),
        artists,
        one.is_exact or other.is_exact,
    )


# --- Packing --------------------------------------------------------------
#
# A byte of version, a checksum of four, then numbers of seven bits a byte, deflated
# where that is shorter: how many artists, the steps between their ids, ascending, the
# plays of each, the milliseconds of each.

_PLAIN, _DEFLATED = 1, 2
_RAW = -15
_CHECKSUM = 4
_LARGEST = 2**63
_MOST_BYTES = 16 * 1024 * 1024


class CorruptMonth(ValueError):
    """The bytes are not those of a month."""


def pack_month(artists: Mapping[int, Listened]) -> bytes:
    """Return a month's artists, by their ids, as few bytes.

    Raises ``ValueError`` for a negative number or one of more than 63 bits.
    """
    ids = sorted(artists)
    body = bytearray(_packed(len(ids)))
    for before, here in zip([0, *ids], ids, strict=False):
        body += _packed(here - before)
    for place in (0, 1):
        for artist in ids:
            body += _packed(artists[artist][place])
    deflate = zlib.compressobj(9, wbits=_RAW)
    short = deflate.compress(body) + deflate.flush()
    version, kept = (
        (_DEFLATED, short) if len(short) < len(body) else (_PLAIN, bytes(body))
    )
    return bytes([version]) + _checksum(version, kept) + kept


def unpack_month(data: bytes | memoryview) -> dict[int, Listened]:
    """Return what ``pack_month`` was given. Raises :class:`CorruptMonth`."""
    data = bytes(data)
    version, checksum, kept = data[:1], data[1 : 1 + _CHECKSUM], data[1 + _CHECKSUM :]
    if version not in (bytes([_PLAIN]), bytes([_DEFLATED])):
        raise CorruptMonth("unknown version")
    if _checksum(version[0], kept) != checksum:
        raise CorruptMonth("the checksum differs")
    body = kept if version[0] == _PLAIN else _inflated(kept)
    numbers = list(_numbers(body))
    if not numbers or len(numbers) != 1 + 3 * numbers[0]:
        raise CorruptMonth("the number of artists differs")
    count = numbers[0]
    artists: dict[int, Listened] = {}
    artist = 0
    for place in range(1, count + 1):
        artist += numbers[place]
        if artist in artists or artist >= _LARGEST:
            raise CorruptMonth("the artists are not in order")
        artists[artist] = Listened(numbers[place + count], numbers[place + 2 * count])
    return artists


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


def _packed(number: int) -> bytes:
    if not 0 <= number < _LARGEST:
        raise ValueError(f"{number} cannot be packed")
    packed = bytearray()
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
