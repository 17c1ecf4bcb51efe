"""Filling an empty database with a synthetic community, as fast as it takes rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction

from accounts.models import User
from ingest.models import Artist, ArtistGenre, ArtistSound, Genre, Source, TopArtist
from ingest.sound import SOUND_KEYS
from matching import engine
from matching.bench.synthetic import GENRES, Block, Synthetic
from matching.models import Taste, TasteChange

_Row = tuple[Any, ...]
_AT_ONCE = 10_000


@dataclass(frozen=True)
class _Table:
    """Rows like one model instance, which differ in some columns."""

    like: models.Model
    columns: tuple[str, ...]

    def insert(self, rows: Iterable[_Row]) -> None:
        """Write rows, each the values of the columns as the database takes them."""
        own = {str(f.column): self._value(f) for f in self.like._meta.concrete_fields}
        names = [*self.columns, *(c for c in own if c not in self.columns)]
        rest = tuple(own[name] for name in names[len(self.columns) :])
        _insert(self.like._meta.db_table, names, (row + rest for row in rows))

    def _value(self, field: Any) -> Any:
        return field.get_db_prep_save(getattr(self.like, field.attname), connection)


def _insert(table: str, names: list[str], rows: Iterator[_Row]) -> None:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(name) for name in names)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(table)} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(names))
        statement = f"INSERT INTO {quote(table)} ({columns}) VALUES ({marks})"  # noqa: S608
        cursor.executemany(statement, list(rows))


def fill_people(community: Synthetic, *, now: datetime) -> None:
    """Make people with ids from 1 who all have joined."""
    like = User(joined_at=now, date_joined=now, last_active_at=now)
    table = _Table(like, ("id", "username", "handle", "country", "public_id"))
    public_id = User._meta.get_field("public_id")
    for start in range(1, community.people + 1, _AT_ONCE):
        table.insert(
            (
                number,
                f"person_{number}",
                f"person_{number}",
                community.country_of(number),
                public_id.get_db_prep_save(UUID(int=number), connection),
            )
            for number in range(start, min(start + _AT_ONCE, community.people + 1))
        )


def fill_tastes(community: Synthetic, *, now: datetime) -> list[Block]:
    """Give everyone their taste; return the community as it was written."""
    like = Taste(person_id=0, seq=0, blob=b"", is_visible=True, computed_at=now)
    table = _Table(like, ("person_id", "seq", "blob", "country"))
    blocks = []
    for block in community.blocks():
        table.insert(
            (person, person, engine.pack(taste), community.country_of(person))
            for person, taste in block.tastes()
        )
        blocks.append(block)
    # The next change is numbered after these.
    _Table(TasteChange(), ("seq", "taste_id")).insert(
        [(community.people, community.people)]
    )
    _reset_sequences()
    return blocks


def fill_lists(community: Synthetic, blocks: Iterable[Block], *, people: int) -> None:
    """Give people 1..people the lists their tastes were made of, as an import does."""
    rows = list(_ranks(blocks, people))
    artists = sorted({artist for _, artist, _ in rows})
    _Table(Genre(), ("id", "name")).insert(
        (number, f"genre {number}") for number in range(1, GENRES + 1)
    )
    _Table(Artist(), ("id", "name", "name_key")).insert(
        (artist, f"Artist {artist}", f"artist {artist}") for artist in artists
    )
    _Table(ArtistGenre(), ("id", "artist_id", "genre_id")).insert(
        (number, *pair)
        for number, pair in enumerate(_genre_pairs(community, artists), start=1)
    )
    sound = ArtistSound(source=Source.COMMUNITY)
    _Table(sound, ("artist_id", *SOUND_KEYS)).insert(
        # Every second artist is measured, as half of the people are.
        (artist, *community.sound_of(artist))
        for artist in artists[::2]
    )
    line = TopArtist(source=Source.COMMUNITY, time_range="long_term")
    _Table(line, ("id", "person_id", "artist_id", "rank")).insert(
        (number, *row) for number, row in enumerate(rows, start=1)
    )
    _reset_sequences()


def _genre_pairs(community: Synthetic, artists: list[int]) -> Iterator[tuple[int, int]]:
    for artist in artists:
        for genre in community.genres_of(artist):
            yield artist, genre


def _ranks(blocks: Iterable[Block], people: int) -> Iterator[tuple[int, int, int]]:
    """Person, artist and rank of each line of people 1..people."""
    for block in blocks:
        for row, person_id in enumerate(block.person_ids.tolist()):
            if person_id > people:
                return
            artists = block.artist_ids[block.pointers[row] : block.pointers[row + 1]]
            for rank, artist in enumerate(artists.tolist(), start=1):
                yield person_id, artist, rank


def _reset_sequences() -> None:
    """Count on from the ids that were written by hand."""
    tables = [TasteChange, Artist, ArtistGenre, Genre, TopArtist, User]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


def bytes_of_matching() -> int:
    """How much of the database matching takes; all of it on SQLite.

    There the file grows by what is written: ask before and after.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kept = apps.get_app_config("matching").get_models()
            tables = [model._meta.db_table for model in kept]
            cursor.execute("VACUUM ANALYZE")
            cursor.execute(
                "SELECT sum(pg_total_relation_size(name::regclass))"
                " FROM unnest(%s::text[]) AS name",
                [tables],
            )
            return int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        )
        return int(cursor.fetchone()[0])
