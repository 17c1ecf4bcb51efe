"""Deterministic chance: the same words always give the same number."""

import hashlib
from uuid import UUID

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def digest(*parts: object) -> int:
    """A 256-bit number made from the parts."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def draw(*parts: object) -> float:
    """A number in [0, 1) made from the parts."""
    return (digest(*parts) >> 203) / (1 << 53)


def base62(*parts: object, length: int = 22) -> str:
    """An identifier of ``length`` letters and digits made from the parts."""
    number, letters = digest(*parts), []
    for _ in range(length):
        number, rest = divmod(number, 62)
        letters.append(BASE62[rest])
    return "".join(letters)


def uuid(*parts: object) -> str:
    """An identifier made from the parts, written as a UUID of version 4."""
    return str(UUID(int=digest(*parts) >> 128, version=4))
