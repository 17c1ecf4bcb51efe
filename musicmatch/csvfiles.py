"""Reading a community from CSV files; the format is load_community's help."""

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from accounts import handles
from ingest.models import Source
from ingest.services import Listening
from ingest.sources.base import ArtistItem, AudioItem
from musicmatch.community import NewMember

_MOST_ARTISTS = 150
_SOUND = ("tempo", "energy", "valence", "danceability", "acousticness", "loudness")
_Row = dict[str, str]


class CommunityError(Exception):
    """A file is missing or cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class _Person:
    key: str
    name: str
    country: str
    artists: tuple[str, ...]


class Community:
    """People and artists of one folder, checked before anything is written."""

    def __init__(
        self,
        people: list[_Person],
        items: dict[str, ArtistItem],
        sound: dict[str, AudioItem],
    ) -> None:
        self._people = people
        self._items = items
        self._sound = sound

    def __len__(self) -> int:
        return len(self._people)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a folder; raises :class:`CommunityError`."""
        items: dict[str, ArtistItem] = {}
        sound: dict[str, AudioItem] = {}
        for line, row in _rows(folder / "artists.csv", ("artist", "name")):
            if row["name"].strip():
                genres = tuple(g for g in row.get("genres", "").split("|") if g)
                item = ArtistItem(row["name"].strip()[:200], genres=genres)
                items[row["artist"]] = item
                if heard := _sound(row, folder, line):
                    sound[row["artist"]] = heard
        ranked = _ranked(folder / "user_artists.csv", items)
        about = _about(folder / "people.csv")
        people = [
            _Person(key, *about.get(key, ("", "")), artists)
            for key, artists in ranked.items()
        ]
        if not people:
            raise CommunityError(f"{folder / 'user_artists.csv'} names nobody.")
        return cls(people, items, sound)

    def members(self, now: datetime) -> Iterator[NewMember]:
        seen: set[str] = set()
        for number, person in enumerate(self._people):
            handle = _handle(person.key, number, seen)
            artists = tuple(self._items[key] for key in person.artists)
            heard = {
                self._items[key]: self._sound[key]
                for key in person.artists
                if key in self._sound
            }
            listening = Listening(
                artists={"long_term": artists}, tracks={}, artist_sound=heard
            )
            yield NewMember(
                username=handle,
                handle=handle,
                display_name=person.name,
                country=person.country,
                bio="",
                time_zone="UTC",
                last_active_at=now - timedelta(hours=number % 720),
                listening=((Source.COMMUNITY, listening),),
            )


def _handle(key: str, number: int, seen: set[str]) -> str:
    clean = re.sub(r"[^a-z0-9_]", "_", key.lower())[: handles.MAX_LENGTH - 9]
    handle = f"listener_{clean}"
    if handle in seen:
        handle = f"listener__{number}"
    seen.add(handle)
    return handle


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, _Row]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            lacking = [n for n in needed if n not in (reader.fieldnames or ())]
            if lacking:
                raise CommunityError(f"{path} has no column {lacking[0]!r}.")
            yield from enumerate(reader, start=2)
    except FileNotFoundError as error:
        raise CommunityError(f"{path} is not there.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommunityError(f"{path} cannot be read: {error}.") from error


def _ranked(path: Path, items: dict[str, ArtistItem]) -> dict[str, tuple[str, ...]]:
    """Return each person's artists, the closest first."""
    weighed: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
    for line, row in _rows(path, ("user", "artist")):
        if row["artist"] not in items:
            raise CommunityError(
                f"{path}, line {line}: artist {row['artist']!r} has no name."
            )
        weighed[row["user"]].append((_order(row, path, line), line, row["artist"]))
    return {
        user: tuple(dict.fromkeys(key for _, _, key in sorted(found)))[:_MOST_ARTISTS]
        for user, found in weighed.items()
    }


def _order(row: _Row, path: Path, line: int) -> float:
    """A number that is smaller for an artist that is closer."""
    for column, sign in (("rank", 1.0), ("plays", -1.0)):
        if row.get(column):
            value = _number(row[column])
            if value is None:
                raise CommunityError(f"{path}, line {line}: {column} is not a number.")
            return sign * value
    raise CommunityError(f"{path}, line {line}: neither rank nor plays is given.")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _sound(row: _Row, folder: Path, line: int) -> AudioItem | None:
    values = {key: row.get(key, "") for key in _SOUND}
    if not any(values.values()):
        return None
    numbers = {key: _number(text) if text else None for key, text in values.items()}
    for key, text in values.items():
        if text and numbers[key] is None:
            path = folder / "artists.csv"
            raise CommunityError(f"{path}, line {line}: {key} is not a number.")
    return AudioItem(spotify_id=row["artist"], **numbers)


def _about(path: Path) -> dict[str, tuple[str, str]]:
    if not path.exists():
        return {}
    return {
        row["user"]: (row.get("name", "")[:50], row.get("country", "").upper()[:2])
        for _, row in _rows(path, ("user",))
    }
