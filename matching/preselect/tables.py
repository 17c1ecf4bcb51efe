"""The tables of the preselection, and every statement that reads or writes them.

They are no models: a database without pgvector has to do without them.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from matching.preselect.rows import WIDTH, Kept

ARTIST = "matching_preselect_artist"
VECTOR = "matching_preselect_vector"
FILL = "matching_preselect_fill"
_TABLES = (ARTIST, VECTOR, FILL)
# Of what the tables hold: tables filled by another version are not asked.
_VERSION = 1
# Any number no other advisory lock of the project uses.
LOCK = 7_016_005
# What COPY in binary begins with: a signature, no flags, nothing further.
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {ARTIST}{{next}} (
        person_id bigint NOT NULL, artist_id integer NOT NULL, weight real NOT NULL
    );
    CREATE TABLE IF NOT EXISTS {VECTOR}{{next}} (
        person_id bigint NOT NULL, nearness halfvec({WIDTH}) NOT NULL
    )
"""
_INDEXES = {
    f"{ARTIST}_listeners": f"INDEX {{name}} ON {ARTIST}{{next}}"
    " (artist_id, weight DESC) INCLUDE (person_id)",
    f"{ARTIST}_person": f"INDEX {{name}} ON {ARTIST}{{next}} (person_id)",
    f"{VECTOR}_person": f"UNIQUE INDEX {{name}} ON {VECTOR}{{next}} (person_id)",
    f"{VECTOR}_nearest": f"INDEX {{name}} ON {VECTOR}{{next}}"
    " USING hnsw (nearness halfvec_ip_ops)",
}
_CREATE_FILL = f"""
    CREATE TABLE IF NOT EXISTS {FILL} (
        only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
        version integer NOT NULL,
        built_at timestamptz NOT NULL,
        watermark bigint NOT NULL
    )
"""


# A graph that does not fit into the memory allowed is made many times slower: room for
# a million people, unless the host allows more.
_ROOM = """
    SELECT set_config('maintenance_work_mem', greatest(
        pg_size_bytes(current_setting('maintenance_work_mem')) / 1024, 1048576
    ) || 'kB', true)
"""


class NotPostgres(Exception):
    """Only PostgreSQL has pgvector."""


class FillRunning(Exception):
    """Another process writes the tables right now."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What the tables hold: people of this index, and changes up to a watermark."""

    built_at: datetime
    watermark: int


def missing() -> str:
    """Say what this database lacks; "" when the tables are there."""
    if connection.vendor != "postgresql":
        return "The database is not PostgreSQL."
    if not _one("SELECT count(*) FROM pg_extension WHERE extname = 'vector'"):
        return "The extension vector (pgvector) is not in this database."
    there = [_one("SELECT to_regclass(%s) IS NOT NULL", name) for name in _TABLES]
    return "" if all(there) else "The tables of the preselection are not there."


def create() -> None:
    """Make the extension, the tables and their indexes where they are not there.

    Raises :class:`NotPostgres`, and a database error without pgvector on the server.
    """
    if connection.vendor != "postgresql":
        raise NotPostgres
    with transaction.atomic(using=connection.alias):
        _run("CREATE EXTENSION IF NOT EXISTS vector")
        _run(_CREATE.format(next=""))
        _run(_CREATE_FILL)
        for name, index in _INDEXES.items():
            made = index.replace("INDEX", "INDEX IF NOT EXISTS", 1)
            _run(f"CREATE {made}".format(name=name, next=""))


def filled() -> Fill | None:
    """Read what the tables hold; None when they are not there or not filled."""
    if connection.vendor != "postgresql":
        return None
    if not _one("SELECT to_regclass(%s) IS NOT NULL", FILL):
        return None
    rows = _rows(
        f"SELECT built_at, watermark FROM {FILL} WHERE version = %s",  # noqa: S608
        _VERSION,
    )
    return Fill(*rows[0]) if rows else None


def forget() -> None:
    """Say that the tables hold nothing: they were filled for another community."""
    if connection.vendor != "postgresql":
        return
    if _one("SELECT to_regclass(%s) IS NOT NULL", FILL):
        _run(f"DELETE FROM {FILL}")  # noqa: S608


@contextmanager
def locked() -> Iterator[None]:
    """Write in one transaction, alone; raises FillRunning beside another writer."""
    with transaction.atomic(using=connection.alias):
        if not _one("SELECT pg_try_advisory_xact_lock(%s)", LOCK):
            raise FillRunning
        yield


def replace(people: Iterable[Kept], fill: Fill) -> None:
    """Fill new tables and put them in the place of the old ones.

    Whoever asks meanwhile asks the old ones. Call inside :func:`locked`: a process
    that is killed leaves nothing.
    """
    _run(_ROOM)
    _run(_CREATE.format(next="_next"))
    for kept in people:
        # Rows of a table as new as this transaction need no later look at who sees
        # them, so that artists can be read from their index alone.
        _copy(kept, next_="_next", how="FORMAT binary, FREEZE")
    for name, index in _INDEXES.items():
        _run(f"CREATE {index}".format(name=f"{name}_next", next="_next"))
    for table in (ARTIST, VECTOR):
        _run(f"ANALYZE {table}_next")
        _run(f"DROP TABLE {table}")
        _run(f"ALTER TABLE {table}_next RENAME TO {table}")
    for name in _INDEXES:
        _run(f"ALTER INDEX {name}_next RENAME TO {name}")
    _note(fill)


def update(person_ids: Collection[int], people: Iterable[Kept], fill: Fill) -> None:
    """Take these people out and put in those who are still to be found.

    Call inside :func:`locked`.
    """
    for table in (ARTIST, VECTOR):
        _run(
            f"DELETE FROM {table} WHERE person_id = ANY(%s)",  # noqa: S608
            list(person_ids),
        )
    for kept in people:
        _copy(kept, next_="", how="FORMAT binary")
    _note(fill)


def _note(fill: Fill) -> None:
    _run(
        f"INSERT INTO {FILL} (version, built_at, watermark) VALUES (%s, %s, %s)"  # noqa: S608
        " ON CONFLICT (only_one) DO UPDATE SET version = excluded.version,"
        " built_at = excluded.built_at, watermark = excluded.watermark",
        _VERSION,
        fill.built_at,
        fill.watermark,
    )


def _copy(kept: Kept, *, next_: str, how: str) -> None:
    columns = {
        ARTIST: ("person_id, artist_id, weight", kept.artists),
        VECTOR: ("person_id, nearness", kept.vectors),
    }
    for table, (names, rows) in columns.items():
        statement = f"COPY {table}{next_} ({names}) FROM STDIN ({how})"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(_COPY_HEAD)
            copy.write(rows)
            copy.write(_COPY_END)


def _run(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


def _rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())


def _one(statement: str, *parameters: Any) -> Any:
    [[value]] = _rows(statement, *parameters)
    return value


# --- Asking ---------------------------------------------------------------

# Those who love each artist most, and of them those nearest by all that is kept; and
# those nearest by direction, who may share no artist.
_LIKELIEST = f"""
    WITH asked AS MATERIALIZED (
        SELECT * FROM unnest(%s::integer[], %s::real[], %s::integer[])
            AS asked(artist_id, worth, most)
    ), sharing AS MATERIALIZED (
        SELECT listener.person_id, sum(asked.worth * listener.weight) AS part
        FROM asked CROSS JOIN LATERAL (
            SELECT person_id, weight FROM {ARTIST}
            WHERE artist_id = asked.artist_id ORDER BY weight DESC LIMIT asked.most
        ) AS listener
        GROUP BY listener.person_id ORDER BY part DESC LIMIT %s
    ), likeliest AS MATERIALIZED (
        SELECT person_id FROM sharing JOIN {VECTOR} USING (person_id)
        ORDER BY part - (nearness <#> %s::halfvec) DESC LIMIT %s
    ), nearest AS MATERIALIZED (
        SELECT person_id FROM {VECTOR} ORDER BY nearness <#> %s::halfvec LIMIT %s
    )
    SELECT person_id FROM likeliest UNION SELECT person_id FROM nearest
"""  # noqa: S608 - names of our own tables
# So many nearest by direction can be asked for.
MOST_NEAREST = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for, and how many: lists of one length, and 113 numbers.

    sharing    of so many who share artists, `likeliest` are kept
    nearest    so many are looked for by direction alone, up to 1,000
    """

    artist_ids: list[int]
    worth: list[float]
    most: list[int]
    nearness: list[float]
    sharing: int
    likeliest: int
    nearest: int


def likeliest(question: Question) -> list[int]:
    """Find the ids of those likeliest to be close, each once, in no order."""
    direction = "[" + ",".join(f"{value:.6g}" for value in question.nearness) + "]"
    with transaction.atomic(using=connection.alias):
        _run("SELECT set_config('hnsw.ef_search', %s, true)", str(_effort(question)))
        # Compiling the statement takes longer than answering it.
        _run("SET LOCAL jit = off")
        found = _rows(
            _LIKELIEST,
            question.artist_ids,
            question.worth,
            question.most,
            question.sharing,
            direction,
            question.likeliest,
            direction,
            question.nearest,
        )
    return [person_id for (person_id,) in found]


def _effort(question: Question) -> int:
    """How many the search through the graph keeps in sight: more find more."""
    return min(max(2 * question.nearest, 40), MOST_NEAREST)


def nearness_of(person_id: int) -> list[float] | None:
    """Read the direction a person was kept with, None for nobody."""
    rows = _rows(
        f"SELECT nearness::real[] FROM {VECTOR} WHERE person_id = %s",  # noqa: S608
        person_id,
    )
    return list(rows[0][0]) if rows else None
