"""Which version of the score this is, and what each version changed."""

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class Change:
    version: int
    since: date
    what: str


# The newest first.
CHANGES: Final = (
    Change(
        2,
        date(2026, 11, 22),
        "How close one’s closest twentieth are is now measured on artists alone,"
        " shared or close to each other: fewer people stand on very many lists."
        " Scores of close pairs are three or four points higher for it.",
    ),
    Change(
        1,
        date(2026, 11, 22),
        "The first version: shared artists by rank and rarity, artists close to each"
        " other, genres and sound, measured against how close one’s closest"
        " twentieth usually are.",
    ),
)
