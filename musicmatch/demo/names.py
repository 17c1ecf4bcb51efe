"""Invented names, places and handles for demo people."""

import csv
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """A country with a time zone and some names that are common there."""

    country: str
    time_zone: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    family_first: bool = False


def invent_handle(rng: Random) -> str:
    """Return a handle of 3 to 30 characters such as ``slow_tide_41``."""
    first, second = rng.choice(_ADJECTIVES), rng.choice(_NOUNS)
    number = rng.randrange(2, 100)
    shape = rng.random()
    if shape < 0.6:
        return f"{first}_{second}_{number}"
    if shape < 0.8:
        return f"{first}{second}{number}"
    return f"{second}_and_{rng.choice(_NOUNS)}_{number}"


def invent_name(rng: Random, place: Place) -> str:
    """Return a display name: full, shortened, given only, or a nickname."""
    given, family = rng.choice(place.given), rng.choice(place.family)
    shape = rng.random()
    if shape < 0.15:
        return f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}"
    if shape < 0.35:
        return given
    if place.family_first:
        joint = "" if family[0] > "\u3000" else " "
        return f"{family}{joint}{given}"
    return f"{given} {family[0]}." if shape < 0.5 else f"{given} {family}"


def choose_place(rng: Random) -> Place:
    """Return where somebody lives; every place is equally likely."""
    return rng.choice(PLACES)


_ADJECTIVES: Final = [
    "slow",
    "quiet",
    "amber",
    "blue",
    "late",
    "early",
    "silver",
    "paper",
    "velvet",
    "hollow",
    "distant",
    "gentle",
    "rusty",
    "golden",
    "northern",
    "winter",
    "summer",
    "midnight",
    "copper",
    "misty",
    "tiny",
    "wandering",
    "lucky",
    "plain",
    "crooked",
    "humming",
    "sleepy",
    "salted",
    "faded",
    "bright",
    "lunar",
    "mossy",
    "windy",
    "dusty",
    "pale",
    "second",
    "open",
    "borrowed",
    "electric",
    "patient",
    "narrow",
    "foggy",
    "green",
    "loud",
    "soft",
    "wooden",
    "restless",
    "sunday",
    "careful",
    "spare",
]
_NOUNS: Final = [
    "tide",
    "river",
    "lamp",
    "harbour",
    "pebble",
    "tram",
    "orchard",
    "signal",
    "meadow",
    "heron",
    "kettle",
    "lantern",
    "window",
    "station",
    "radio",
    "comet",
    "cedar",
    "otter",
    "stairs",
    "echo",
    "engine",
    "garden",
    "ladder",
    "thistle",
    "marble",
    "bridge",
    "tunnel",
    "rooftop",
    "pigeon",
    "ferry",
    "walnut",
    "canyon",
    "button",
    "needle",
    "groove",
    "chorus",
    "treble",
    "cassette",
    "teapot",
    "biscuit",
    "cloud",
    "island",
    "forest",
    "attic",
    "fox",
    "moth",
    "plum",
    "sparrow",
    "compass",
    "anchor",
    "raincoat",
]


def _places() -> tuple[Place, ...]:
    path = Path(__file__).with_name("places.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_place(row) for row in csv.DictReader(file, strict=True))


def _place(row: dict[str, str]) -> Place:
    return Place(
        country=row["country"],
        time_zone=row["time_zone"],
        given=tuple(row["given"].split("|")),
        family=tuple(row["family"].split("|")),
        family_first=row["family_first"] == "1",
    )


PLACES: Final = _places()
