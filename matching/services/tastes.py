"""Keeping each person's taste as their listening is, in one sequence of changes."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import connection, transaction

from accounts.models import Audience, User
from ingest.models import Artist, TopArtist
from matching import engine
from matching.loaders import LoadedTaste, load_tastes
from matching.models import Taste, TasteChange

# Their artists have to fit into one query.
_AT_ONCE = 100
# Any number no other advisory lock of the project uses.
_SEQ_LOCK = 7_016_001
_gathered: ContextVar[set[int] | None] = ContextVar("gathered", default=None)


def taste_refresh(*, person_id: int, now: datetime) -> None:
    """Compute a person's taste again; the next board anyone opens has it.

    An unchanged taste keeps its place in the sequence.
    """
    tastes_refresh(person_ids=[person_id], now=now)


@transaction.atomic
def tastes_refresh(*, person_ids: Collection[int], now: datetime) -> None:
    """Compute the tastes of several people again, a hundred in one go.

    Everyone locks people first, in the order of their ids, and the sequence last.
    """
    ids = sorted(person_ids)
    changed = []
    for start in range(0, len(ids), _AT_ONCE):
        changed += _changed(ids[start : start + _AT_ONCE], now)
    if changed:
        _write(changed)


def listeners_refresh(
    *, artist_ids: Iterable[int], now: datetime, after: int = 0
) -> int | None:
    """Compute the tastes of the next hundred people who have one of these artists.

    Those count whom they stand for, too. People come in the order of their ids, the
    first of them after ``after``; returns whom to go on after, None at the end.
    """
    people: set[int] = set()
    for artist in Artist.objects.rows_of(artist_ids).values_list("pk", flat=True):
        # One artist at a time: each is read in order, from the index alone.
        rows = TopArtist.objects.filter(artist=artist, person__gt=after)
        ids = rows.order_by("person_id").values_list("person_id", flat=True)
        people.update(ids.distinct()[:_AT_ONCE])
    next_ones = sorted(people)[:_AT_ONCE]
    tastes_refresh(person_ids=next_ones, now=now)
    return next_ones[-1] if len(next_ones) == _AT_ONCE else None


@transaction.atomic
def tastes_stale(*, person_ids: Collection[int], now: datetime) -> list[int]:
    """Return whose kept taste is not what their listening says; nothing is written."""
    return [taste.person_id for taste in _changed(sorted(person_ids), now)]


def _changed(person_ids: list[int], now: datetime) -> list[Taste]:
    """Compute tastes and return those that are not what they were."""
    # Locked before reading: of two changes at once the later sees both. Without
    # the key, because both hold rows that point at the person.
    people = User.objects.select_for_update(no_key=True).order_by("pk")
    present = people.in_bulk(person_ids)
    loaded = load_tastes(present)
    earlier = Taste.objects.in_bulk(present)
    changed = []
    for pk, person in present.items():
        taste = _taste(person, loaded[pk], now)
        if not _is_same(taste, earlier.get(pk)):
            changed.append(taste)
    return changed


def _taste(person: User, loaded: LoadedTaste, now: datetime) -> Taste:
    return Taste(
        person_id=person.pk,
        blob=engine.pack(loaded.taste),
        is_visible=person.is_discoverable and len(loaded.taste) > 0,
        has_spotify=loaded.has_spotify,
        country=_country(person),
        computed_at=now,
    )


def _country(person: User) -> str:
    """Where people find this person: nowhere while it is not shown to everyone."""
    is_shown = person.country_audience == Audience.EVERYONE
    return person.country.code or "" if is_shown else ""


def _is_same(taste: Taste, earlier: Taste | None) -> bool:
    if earlier is None:
        # Nobody has seen anything of them, and there is nothing to see.
        return bytes(taste.blob) == engine.pack(engine.Taste.empty)
    return (
        bytes(earlier.blob) == taste.blob
        and earlier.is_visible == taste.is_visible
        and earlier.has_spotify == taste.has_spotify
        and earlier.country == taste.country
    )


def _write(tastes: list[Taste]) -> None:
    lock_sequence()
    seqs = TasteChange.objects.note([taste.person_id for taste in tastes])
    for taste, seq in zip(tastes, seqs, strict=True):
        taste.seq = seq
    Taste.objects.bulk_create(
        tastes,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["person"],
        update_fields=[
            "seq",
            "blob",
            "is_visible",
            "has_spotify",
            "country",
            "computed_at",
        ],
    )


def lock_sequence() -> None:
    """Take the sequence of changes for the rest of this transaction.

    Readers ask for what came after a seq they know, so seqs must become visible
    in order: on Postgres writers wait for each other here until they commit. On
    SQLite an immediate transaction does the same.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEQ_LOCK])


@transaction.atomic
def taste_departed(*, person_id: int) -> None:
    """Note that a taste was deleted: the next board anyone opens is without it."""
    lock_sequence()
    TasteChange.objects.note([person_id])


def taste_changed(*, person_id: int, now: datetime) -> None:
    """Refresh a taste now, or at the end of :func:`refreshes_gathered`."""
    waiting = _gathered.get()
    if waiting is None:
        taste_refresh(person_id=person_id, now=now)
    else:
        waiting.add(person_id)


@contextmanager
def refreshes_gathered(*, now: datetime) -> Iterator[None]:
    """Compute each taste that changes inside once, at the end. For bulk loads."""
    waiting: set[int] = set()
    token = _gathered.set(waiting)
    try:
        yield
    finally:
        _gathered.reset(token)
    tastes_refresh(person_ids=waiting, now=now)
