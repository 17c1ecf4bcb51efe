"""Reading a community from CSV files; the format is load_community's help."""

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Self

from django_countries import countries

from accounts import handles
from accounts.models import User
from accounts.text import clean_line
from ingest.models import Source
from ingest.services import Listening
from ingest.sound import SOUND_KEYS
from ingest.sources.base import ArtistItem, AudioItem
from musicmatch.community import NewMember

_MOST_ARTISTS = 150
_LONGEST_NAME = 200
_LONGEST_PERSON_NAME = User._meta.get_field("display_name").max_length
_PREFIX = "listener_"
_Row = dict[str, str]


class CommunityError(Exception):
    """A file is missing or cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a file, which knows where it stands."""

    path: Path
    number: int
    row: _Row

    def error(self, what: str) -> CommunityError:
        return CommunityError(f"{self.path}, line {self.number}: {what}.")

    def get(self, column: str) -> str:
        # Null bytes and other controls: Postgres takes some of them for an error.
        return clean_line(self.row.get(column) or "")

    def need(self, column: str) -> str:
        value = self.get(column)
        if not value:
            raise self.error(f"{column} is empty")
        return value

    def number_of(self, column: str) -> float | None:
        """Return a number, None where nothing stands."""
        text = self.get(column)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"{column} is not a number: {text!r}")
        return value


@dataclass(frozen=True, slots=True)
class _About:
    name: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class _Person:
    handle: str
    about: _About
    artists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Community:
    """People and artists of one folder, checked before anything is written."""

    people: tuple[_Person, ...]
    items: dict[str, ArtistItem]
    sound: dict[str, AudioItem]

    def __len__(self) -> int:
        return len(self.people)

    @property
    def handles(self) -> list[str]:
        return [person.handle for person in self.people]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a folder; raises :class:`CommunityError`."""
        items: dict[str, ArtistItem] = {}
        sound: dict[str, AudioItem] = {}
        for line in _lines(folder / "artists.csv", ("artist", "name")):
            key = line.need("artist")
            if not line.get("name"):
                continue
            genres = tuple(g.strip() for g in line.get("genres").split("|"))
            items[key] = ArtistItem(
                line.get("name")[:_LONGEST_NAME], genres=tuple(filter(None, genres))
            )
            if (heard := _sound(line)) is not None:
                sound[key] = heard
        ranked = _ranked(folder / "user_artists.csv", items)
        if not ranked:
            raise CommunityError(f"{folder / 'user_artists.csv'} names nobody.")
        return cls(tuple(_people(ranked, _about(folder / "people.csv"))), items, sound)

    def members(self, now: datetime) -> Iterator[NewMember]:
        for number, person in enumerate(self.people):
            yield NewMember(
                username=person.handle,
                handle=person.handle,
                display_name=person.about.name,
                country=person.about.country,
                bio="",
                time_zone="UTC",
                # Everyone was here at another hour of the last thirty days.
                last_active_at=now - timedelta(hours=number % 720),
                listening=((Source.COMMUNITY, self._listening(person)),),
            )

    def _listening(self, person: _Person) -> Listening:
        heard = {
            self.items[key]: self.sound[key]
            for key in person.artists
            if key in self.sound
        }
        artists = tuple(self.items[key] for key in person.artists)
        return Listening({"long_term": artists}, {}, artist_sound=heard)


def _lines(path: Path, needed: tuple[str, ...]) -> Iterator[_Line]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            for name in needed:
                if name not in (reader.fieldnames or ()):
                    raise CommunityError(f"{path}, line 1: no column is called {name}.")
            for row in reader:
                yield _Line(path, reader.line_num, row)
    except FileNotFoundError as error:
        raise CommunityError(f"{path} is not there.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommunityError(f"{path} cannot be read: {error}.") from error
    except csv.Error as error:
        raise CommunityError(
            f"{path}, line {reader.reader.line_num}: this is not CSV: {error}."
        ) from error


def _sound(line: _Line) -> AudioItem | None:
    values = {key: line.number_of(key) for key in SOUND_KEYS}
    if all(value is None for value in values.values()):
        return None
    return AudioItem(spotify_id=line.need("artist"), **values)


def _ranked(path: Path, items: dict[str, ArtistItem]) -> dict[str, tuple[str, ...]]:
    """Return each person's artists, the closest first."""
    weighed: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
    for line in _lines(path, ("user", "artist")):
        artist = line.need("artist")
        if artist not in items:
            raise line.error(f"artist {artist!r} has no name in artists.csv")
        row = (_order(line), line.number, artist)
        weighed[line.need("user")].append(row)
    return {
        user: tuple(dict.fromkeys(key for _, _, key in sorted(found)))[:_MOST_ARTISTS]
        for user, found in weighed.items()
    }


def _order(line: _Line) -> float:
    """A number that is smaller for an artist that is closer."""
    rank, plays = line.number_of("rank"), line.number_of("plays")
    if rank is not None:
        return rank
    if plays is not None:
        return -plays
    raise line.error("neither rank nor plays is given")


def _about(path: Path) -> dict[str, _About]:
    if not path.exists():
        return {}
    about = {}
    for line in _lines(path, ("user",)):
        country = line.get("country").upper()
        if country and country not in countries:
            raise line.error(f"{country!r} is not the two letters of a country")
        name = line.get("name")[:_LONGEST_PERSON_NAME]
        about[line.need("user")] = _About(name, country)
    return about


def _people(
    ranked: dict[str, tuple[str, ...]], about: dict[str, _About]
) -> Iterator[_Person]:
    taken: set[str] = set()
    for number, (user, artists) in enumerate(ranked.items()):
        handle = _handle(user)
        others = (f"{_PREFIX}_{n}" for n in count(number))
        while handle in taken:
            handle = next(others)
        taken.add(handle)
        yield _Person(handle, about.get(user, _About()), artists)


def _handle(user: str) -> str:
    letters = re.sub(r"[^a-z0-9_]", "_", user.lower())
    return _PREFIX + letters[: handles.MAX_LENGTH - len(_PREFIX)]
