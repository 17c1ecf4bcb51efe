"""Reading people, their ranked artists and who is tied to whom from CSV files."""

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matching.engine import AUDIO_DIMENSIONS
from matching.engine.arrays import Doubles, Whole

FORMAT = """\
DIR holds these files, UTF-8 with a header line; other columns and files are ignored:

  user_artists.csv  user, artist, and rank (1 = the most listened to) or plays;
                    with neither, all artists of a person weigh the same
  friends*.csv      user_a, user_b: a tie between two people, given once or both ways
  *users.csv        optional: user. Only these people are asked for and are candidates
  artists.csv       optional: artist, and genres (a|b|c), tempo (BPM), energy, valence,
                    danceability, acousticness (0 to 1), loudness (dB)

user and artist are any text; the same text is the same person or artist.
"""


class DatasetError(Exception):
    """A file is missing or cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Everyone's artists: person p has the entries pointers[p]:pointers[p + 1].

    pointers  int64[n + 1]
    artists   int64[m], numbers of artists, each at most once a person, best first
    ranks     int64[m], 1 = the best; all 1 where a person's artists have no order
    """

    pointers: Whole
    artists: Whole
    ranks: Whole

    def of(self, person: int) -> slice:
        return slice(int(self.pointers[person]), int(self.pointers[person + 1]))

    def lengths(self) -> Whole:
        return np.diff(self.pointers)


@dataclass(frozen=True, slots=True)
class Dataset:
    """People and artists by number, in the order in which the files name them.

    genres        numbers of genres by artist
    audio         float64[artists, 6] in the order of AUDIO_DIMENSIONS, NaN if unknown
    candidates    int64[c], ascending: the people who are asked for and ranked
    ties          each candidate's friends among the candidates, ascending, by person
    unknown_ties  ties that name someone who is no candidate, left out
    """

    lists: Lists
    artist_count: int
    genres: dict[int, tuple[int, ...]]
    audio: Doubles
    candidates: Whole
    ties: dict[int, Whole]
    unknown_ties: int

    def __len__(self) -> int:
        return len(self.lists.pointers) - 1

    @property
    def asked(self) -> Whole:
        """The candidates with a friend among the others: int64, ascending."""
        return np.array(sorted(self.ties), np.int64)

    @property
    def is_restricted(self) -> bool:
        return len(self.candidates) < len(self)


def read_dataset(folder: Path) -> Dataset:
    """Read a folder as described in FORMAT; raise DatasetError."""
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.")
    people: dict[str, int] = {}
    artists: dict[str, int] = {}
    listening = _read_listening(folder / "user_artists.csv", people, artists)
    candidates = _read_candidates(folder, people)
    genres, audio = _read_artists(folder / "artists.csv", artists)
    ties, unknown = _read_ties(folder, people, candidates)
    return Dataset(
        lists=_ordered(*listening, people=len(people)),
        artist_count=len(artists),
        genres=genres,
        audio=audio,
        candidates=candidates,
        ties=ties,
        unknown_ties=unknown,
    )


# --- Files ----------------------------------------------------------------


def _lines(
    path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Each line's number and its cells under these columns, empty where none stands."""
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            if missing := [name for name in needed if name not in header]:
                raise _error(path, 1, f"no column is called {missing[0]}")
            places = [
                header.index(name) if name in header else len(header)
                for name in needed + optional
            ]
            for cells in reader:
                number = reader.line_num
                if any(cells):
                    known = len(cells)
                    yield (
                        number,
                        [cells[p].strip() if p < known else "" for p in places],
                    )
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is not there.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    except csv.Error as error:
        raise _error(path, number + 1, f"this is not CSV: {error}") from error


def _error(path: Path, number: int, what: str) -> DatasetError:
    return DatasetError(f"{path}, line {number}: {what}.")


def _number(text: str, column: str, path: Path, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _error(path, number, f"{column} is not a number: {text!r}")
    return value


def _read_listening(
    path: Path, people: dict[str, int], artists: dict[str, int]
) -> tuple[Whole, Whole, Doubles, Doubles]:
    """Person, artist, rank (infinite if unknown) and plays (0 if unknown), by line."""
    persons, heard, ranks, plays = array("q"), array("q"), array("d"), array("d")
    for number, (user, artist, rank, count) in _lines(
        path, ("user", "artist"), ("rank", "plays")
    ):
        if not user:
            raise _error(path, number, "user is empty")
        person = people.setdefault(user, len(people))
        if not artist:
            continue
        persons.append(person)
        heard.append(artists.setdefault(artist, len(artists)))
        ranks.append(_number(rank, "rank", path, number) if rank else math.inf)
        plays.append(_number(count, "plays", path, number) if count else 0.0)
    if not persons:
        raise DatasetError(f"{path} names nobody with an artist.")
    return (
        np.array(persons, np.int64),
        np.array(heard, np.int64),
        np.array(ranks, np.float64),
        np.array(plays, np.float64),
    )


def _read_candidates(folder: Path, people: dict[str, int]) -> Whole:
    """Everyone in the list of people, who may have no artists, else everyone."""
    found = sorted(folder.glob("*users.csv"))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise DatasetError(f"{folder} holds several lists of people: {names}.")
    if not found:
        return np.arange(len(people))
    listed = {
        people.setdefault(user, len(people))
        for _, (user,) in _lines(found[0], ("user",))
        if user
    }
    return np.array(sorted(listed), np.int64)


def _read_ties(
    folder: Path, people: dict[str, int], candidates: Whole
) -> tuple[dict[int, Whole], int]:
    found = sorted(folder.glob("friends*.csv"))
    if not found:
        raise DatasetError(f"{folder} holds no file of ties, friends*.csv.")
    allowed = set(candidates.tolist())
    friends: dict[int, set[int]] = {}
    unknown = 0
    for path in found:
        for number, (one, other) in _lines(path, ("user_a", "user_b")):
            if not one or not other:
                raise _error(path, number, "a tie needs two people")
            a, b = people.get(one, -1), people.get(other, -1)
            if a not in allowed or b not in allowed:
                unknown += 1
            elif a != b:
                friends.setdefault(a, set()).add(b)
                friends.setdefault(b, set()).add(a)
    if not friends:
        raise DatasetError(f"{found[0]} ties no two of the candidates.")
    ties = {p: np.array(sorted(others), np.int64) for p, others in friends.items()}
    return ties, unknown


def _read_artists(
    path: Path, artists: dict[str, int]
) -> tuple[dict[int, tuple[int, ...]], Doubles]:
    """Genres and audio of the artists somebody has; none where there is no file."""
    genres: dict[int, tuple[int, ...]] = {}
    audio = np.full((len(artists), len(AUDIO_DIMENSIONS)), np.nan)
    if not path.exists():
        return genres, audio
    numbers: dict[str, int] = {}
    for number, (name, tags, *sound) in _lines(
        path, ("artist",), ("genres", *AUDIO_DIMENSIONS)
    ):
        artist = artists.get(name)
        if artist is None:
            continue
        found = dict.fromkeys(tag.strip() for tag in tags.split("|"))
        codes = [numbers.setdefault(tag, len(numbers)) for tag in found if tag]
        if codes:
            genres[artist] = tuple(codes)
        for place, text in enumerate(sound):
            if text:
                column = AUDIO_DIMENSIONS[place]
                audio[artist, place] = _number(text, column, path, number)
    return genres, audio


# --- Order ----------------------------------------------------------------


def _ordered(
    persons: Whole, artists: Whole, ranks: Doubles, plays: Doubles, *, people: int
) -> Lists:
    """Put each person's artists in order: by rank, then plays, then line.

    An artist who comes twice counts where it stands best.
    """
    order = np.lexsort((-plays, ranks, persons))
    keys = persons[order] * (int(artists.max()) + 1) + artists[order]
    order = order[np.sort(np.unique(keys, return_index=True)[1])]
    persons, ranks, plays = persons[order], ranks[order], plays[order]
    pointers = np.searchsorted(persons, np.arange(people + 1))
    places = np.arange(len(order)) - pointers[persons] + 1
    ordered = _changes(ranks, pointers) | _changes(plays, pointers)
    return Lists(pointers, artists[order], np.where(ordered[persons], places, 1))


def _changes(values: Doubles, pointers: Whole) -> np.ndarray:
    """Whether a person's values differ from each other: bool, one per person."""
    first = values[np.minimum(pointers[:-1], len(values) - 1)]
    differs = values != np.repeat(first, np.diff(pointers))
    people = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
    return np.bincount(people, differs, len(pointers) - 1) > 0
