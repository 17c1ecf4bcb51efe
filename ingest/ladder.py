"""Which row an artist or a track is, from the surest sign down to the name.

Artists: Spotify id, a recording both are credited with, MusicBrainz id, name. Tracks:
Spotify id, recording, name, always of the same artist row. Nothing is read or written
here: a ladder is given the rows there are, says where each item belongs, and keeps what
has to be written for that.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

# More rows of one name than this say that it is a common one, and nothing else.
_FEW = 2
_SAME_NAME = (
    "Both have one name, and a third artist has it, too: the name does not say which"
    " of them are the same."
)


@dataclass(slots=True, eq=False)
class ArtistRow:
    """A row as it is, or as it is to be; ``pk`` is None until it is written.

    ``stands_as`` is the row that stands for it. ``had`` are the ids it came with.
    """

    name: str
    name_key: str
    spotify_id: str | None = None
    mbid: str | None = None
    pk: int | None = None
    stands_as: int | None = None
    had: tuple[str | None, str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.had = self.ids

    @property
    def ids(self) -> tuple[str | None, str | None]:
        return self.spotify_id, self.mbid

    @property
    def age(self) -> float:
        return self.pk or inf

    def may_be(self, other: "ArtistRow") -> bool:
        """Whether nothing forbids that both are one artist, and nobody joined them."""
        if self is other or (self.mbid and other.mbid):
            return False
        return None in (self.pk, other.pk) or self.stands_as != other.stands_as


@dataclass(slots=True)
class SoughtArtist:
    """An item, and the recordings the same source credits it with."""

    name: str
    name_key: str
    spotify_id: str | None
    mbid: str | None
    isrcs: set[str] = field(default_factory=set)

    @property
    def identity(self) -> tuple[str, str]:
        return artist_identity(self.name_key, self.spotify_id, self.mbid)

    @property
    def order(self) -> tuple[bool, str, bool, str, str]:
        """Ids first: a name alone may mean one of those."""
        spotify_id, mbid = self.spotify_id, self.mbid
        absent = spotify_id is None, mbid is None
        return absent[0], spotify_id or "", absent[1], mbid or "", self.name_key


def artist_identity(
    name_key: str, spotify_id: str | None, mbid: str | None
) -> tuple[str, str]:
    """Return what tells items apart: the name beside an MBID, which may be wrong."""
    if spotify_id is not None:
        return "spotify", spotify_id
    return ("mbid", f"{mbid} {name_key}") if mbid else ("name", name_key)


class Doubt(NamedTuple):
    """Two rows that something says are one artist, and what says so."""

    row: ArtistRow
    other: ArtistRow
    reason: str


class ArtistLadder:
    """Places artists among the rows of their names and ids, one after the other.

    ``credited`` names the artist rows credited with each recording.
    """

    def __init__(
        self,
        rows: Iterable[ArtistRow],
        credited: Mapping[str, Iterable[ArtistRow]],
    ) -> None:
        self.new: list[ArtistRow] = []
        self.doubts: list[Doubt] = []
        self._rows: dict[int, ArtistRow] = {}
        self._by_spotify_id: dict[str, ArtistRow] = {}
        self._by_mbid: dict[str, ArtistRow] = {}
        self._by_name: dict[str, list[ArtistRow]] = defaultdict(list)
        for row in rows:
            self._know(row)
        self._credited = {
            isrc: [self._know(row) for row in rows] for isrc, rows in credited.items()
        }

    def _know(self, row: ArtistRow) -> ArtistRow:
        if row.pk is not None:
            if row.pk in self._rows:
                return self._rows[row.pk]
            self._rows[row.pk] = row
        self._by_name[row.name_key].append(row)
        self._know_ids(row)
        return row

    def _know_ids(self, row: ArtistRow) -> None:
        if row.spotify_id is not None:
            self._by_spotify_id[row.spotify_id] = row
        if row.mbid is not None:
            self._by_mbid[row.mbid] = row

    @property
    def claimed(self) -> list[ArtistRow]:
        """Rows of ours that were given an id they had not."""
        rows = (row for row in self._rows.values() if row.ids != row.had)
        return sorted(rows, key=lambda row: row.age)

    def find(self, row: ArtistRow) -> ArtistRow | None:
        """Return the row that one of an earlier ladder has become."""
        if row.pk is not None:
            return self._rows.get(row.pk, row)
        if row.spotify_id is not None:
            found = self._by_spotify_id.get(row.spotify_id)
        elif row.mbid is not None:
            found = self._by_mbid.get(row.mbid)
        else:
            found = self._without_ids(row.name_key)
        return found if found and found.name_key == row.name_key else None

    def place(self, sought: SoughtArtist) -> ArtistRow:
        """Return the artist's row, claimed or new if need be."""
        row = self._by_spotify_id.get(sought.spotify_id or "")
        is_certain = row is not None
        row = row or self._by_recording(sought) or self._by_its_mbid(sought)
        row = row or self._by_its_name(sought)
        self._give_ids(row, sought)
        self._doubt(row, sought, is_certain=is_certain)
        return row

    def _by_recording(self, sought: SoughtArtist) -> ArtistRow | None:
        """The one row of this name that is credited with a recording of the item's."""
        found = {
            id(row): row
            for isrc in sought.isrcs
            for row in self._credited.get(isrc, ())
            if row.name_key == sought.name_key
            and (sought.spotify_id is None or row.spotify_id is None)
            and (sought.mbid is None or row.mbid in (None, sought.mbid))
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def _by_its_mbid(self, sought: SoughtArtist) -> ArtistRow | None:
        row = self._by_mbid.get(sought.mbid or "")
        if row is None or row.name_key != sought.name_key:
            return None
        return row if sought.spotify_id is None or row.spotify_id is None else None

    def _by_its_name(self, sought: SoughtArtist) -> ArtistRow:
        """Without an id to give: the row that has none either, else the oldest one.

        With one: the row that lacks it, if there is only one, else a new row.
        """
        mbid = None if sought.mbid in self._by_mbid else sought.mbid
        rows = [
            row
            for row in self._by_name[sought.name_key]
            if (sought.spotify_id is None or row.spotify_id is None)
            and (sought.mbid is None or row.mbid is None)
        ]
        if sought.spotify_id is None and mbid is None and rows:
            return self._without_ids(sought.name_key) or min(rows, key=_age)
        if len(rows) == 1:
            return rows[0]
        new = ArtistRow(sought.name, sought.name_key, sought.spotify_id, mbid)
        if len(rows) <= _FEW:
            self.doubts += [Doubt(new, row, _SAME_NAME) for row in rows]
        self.new.append(new)
        return self._know(new)

    def _without_ids(self, name_key: str) -> ArtistRow | None:
        rows = (row for row in self._by_name[name_key] if row.ids == (None, None))
        return next(rows, None)

    def _give_ids(self, row: ArtistRow, sought: SoughtArtist) -> None:
        """Give a row the ids it lacks and nobody has; Spotify's spelling wins."""
        is_named = row.name_key == sought.name_key
        if row.mbid is None and sought.mbid and sought.mbid not in self._by_mbid:
            row.mbid = sought.mbid
            if is_named and row.spotify_id is None:
                row.name = sought.name
        if row.spotify_id is None and sought.spotify_id is not None:
            row.spotify_id = sought.spotify_id
            row.name = sought.name
        self._know_ids(row)

    def _doubt(self, row: ArtistRow, sought: SoughtArtist, *, is_certain: bool) -> None:
        """Note what points at another row than the one it came to."""
        other = self._by_mbid.get(sought.mbid or "")
        if other is not None and other.may_be(row):
            reason = f"Both came with the MusicBrainz id {sought.mbid}."
            self.doubts.append(Doubt(row, other, reason))
        if is_certain:
            return
        for isrc in sorted(sought.isrcs):
            reason = f"Both are credited with the recording {isrc}."
            self.doubts += [
                Doubt(row, other, reason)
                for other in self._credited.get(isrc, ())
                if other.may_be(row) and not _are_rivals(row, other)
            ]


def _age(row: "ArtistRow | TrackRow") -> float:
    return row.age


def _are_rivals(row: ArtistRow, other: ArtistRow) -> bool:
    """Whether Spotify itself has them as two, under two names."""
    has_two = row.spotify_id is not None and other.spotify_id is not None
    return has_two and row.name_key != other.name_key


# --- Tracks ---------------------------------------------------------------


@dataclass(slots=True, eq=False)
class TrackRow:
    """A row as it is, or as it is to be; ``pk`` is None until it is written."""

    artist_id: int
    name_key: str
    spotify_id: str | None = None
    isrc: str = ""
    pk: int | None = None
    had: tuple[str | None, str] = field(init=False)

    def __post_init__(self) -> None:
        self.had = self.ids

    @property
    def ids(self) -> tuple[str | None, str]:
        return self.spotify_id, self.isrc

    @property
    def age(self) -> float:
        return self.pk or inf


class TrackLadder:
    """Places tracks among the rows of their ids, recordings and names."""

    def __init__(self, rows: Iterable[TrackRow]) -> None:
        self.new: list[TrackRow] = []
        self._old = sorted(rows, key=_age)
        self._by_spotify_id: dict[str, TrackRow] = {}
        self._by_isrc: dict[tuple[int, str], list[TrackRow]] = defaultdict(list)
        self._by_name: dict[tuple[int, str], list[TrackRow]] = defaultdict(list)
        for row in self._old:
            self._know(row)

    def _know(self, row: TrackRow) -> None:
        if row.spotify_id is not None:
            self._by_spotify_id[row.spotify_id] = row
        if row.isrc:
            self._by_isrc[row.artist_id, row.isrc].append(row)
        self._by_name[row.artist_id, row.name_key].append(row)

    @property
    def claimed(self) -> list[TrackRow]:
        """Rows of ours that were given an id or an ISRC they had not."""
        return [row for row in self._old if row.ids != row.had]

    def place(self, sought: TrackRow) -> TrackRow:
        """Return the track's row, claimed or new if need be."""
        row = (
            self._by_spotify_id.get(sought.spotify_id or "")
            or self._by_recording(sought)
            or self._by_its_name(sought)
        )
        if row is None:
            self.new.append(sought)
            self._know(sought)
            return sought
        if sought.isrc and not row.isrc and row.spotify_id in (None, sought.spotify_id):
            row.isrc = sought.isrc
            self._by_isrc[row.artist_id, row.isrc].append(row)
        if row.spotify_id is None and sought.spotify_id is not None:
            row.spotify_id = sought.spotify_id
            self._by_spotify_id[sought.spotify_id] = row
        return row

    def _by_recording(self, sought: TrackRow) -> TrackRow | None:
        rows = self._by_isrc.get((sought.artist_id, sought.isrc), [])
        return min(
            (r for r in rows if None in (r.spotify_id, sought.spotify_id)),
            key=_age,
            default=None,
        )

    def _by_its_name(self, sought: TrackRow) -> TrackRow | None:
        """An id takes the row without one only where there is no other to confuse."""
        rows = self._by_name.get((sought.artist_id, sought.name_key), [])
        plain = [row for row in rows if row.spotify_id is None]
        if sought.spotify_id is None:
            return min(plain or rows, key=_age, default=None)
        return plain[0] if len(rows) == 1 and plain else None
