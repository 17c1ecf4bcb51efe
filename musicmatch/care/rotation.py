"""Putting everything that is encrypted under the newest key, while the site runs.

Nothing is decrypted into the database or a log. A value is written only if it is still
the one that was read, so what the site writes meanwhile is never lost; a run that is
stopped goes on where it was, for what is under the newest key already is passed over.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

from accounts.fields import EncryptedTextField

_BATCH = 500
# How often a value that the site changes under our hands is tried again.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One encrypted column of one table."""

    model: type[models.Model]
    name: str

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"


@dataclass(slots=True)
class Tally:
    """What was found of one column.

    ``by_key`` counts values by the place of the key that opens them, the newest 0.
    ``unopened`` names rows that no key opens, ``busy`` those the site kept changing.
    """

    column: Column
    by_key: Counter[int] = field(default_factory=Counter)
    rewritten: int = 0
    unopened: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)

    @property
    def values(self) -> int:
        return self.by_key.total() + len(self.unopened)


def encrypted_columns() -> list[Column]:
    """Every encrypted column of every model, so that none can be forgotten."""
    return [
        Column(model, column.attname)
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.local_concrete_fields
        if isinstance(column, EncryptedTextField)
    ]


def keys_count(*, most: int | None = None) -> list[Tally]:
    """Say which keys are still needed; changes nothing.

    Looks at no more than ``most`` values of each column, the first ones.
    """
    ring = _Ring()
    tallies = []
    for column in encrypted_columns():
        tally = Tally(column)
        for pk, token in islice(_tokens(column), most):
            _count(tally, pk, ring.place_of(token))
        tallies.append(tally)
    return tallies


def keys_rotate() -> list[Tally]:
    """Encrypt with the newest key what is encrypted with an older one."""
    ring = _Ring()
    tallies = []
    for column in encrypted_columns():
        tally = Tally(column)
        for pk, token in _tokens(column):
            _renew(tally, pk, token, ring)
        tallies.append(tally)
    return tallies


def unneeded_keys(tallies: list[Tally]) -> list[int]:
    """Places of older keys that open nothing any more; none while a row is busy."""
    if any(tally.busy for tally in tallies):
        return []
    needed = Counter[int]()
    for tally in tallies:
        needed.update(tally.by_key)
    return [
        at for at in range(1, len(settings.FIELD_ENCRYPTION_KEYS)) if not needed[at]
    ]


class _Ring:
    """The keys one by one, for a ring does not say which of them fits."""

    def __init__(self) -> None:
        self._keys = [Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS]

    def place_of(self, token: str) -> int | None:
        for place, key in enumerate(self._keys):
            try:
                key.decrypt(token.encode())
            except InvalidToken:
                continue
            return place
        return None

    def renewed(self, token: str) -> str:
        """The same text under the newest key, with the time it was first written."""
        return MultiFernet(self._keys).rotate(token.encode()).decode("ascii")


def _renew(tally: Tally, pk: object, token: str, ring: _Ring) -> None:
    name = f"{tally.column} of row {pk}"
    for _ in range(_TRIES):
        place = ring.place_of(token)
        if not place:
            _count(tally, pk, place)
            return
        if _replace(tally.column, pk, token, ring.renewed(token)):
            tally.rewritten += 1
            tally.by_key[0] += 1
            return
        # The site wrote meanwhile, or the row is gone: what is there now?
        current = _raw(tally.column).filter(pk=pk).values_list("raw", flat=True).first()
        if not current:
            return
        token = current
    tally.busy.append(name)


def _count(tally: Tally, pk: object, place: int | None) -> None:
    if place is None:
        tally.unopened.append(f"{tally.column} of row {pk}")
    else:
        tally.by_key[place] += 1


# --- Reading and writing what stands in the database ----------------------


def _raw(column: Column) -> models.QuerySet[models.Model]:
    """Rows with the token itself as ``raw``: the field would open it."""
    # Never of a replica, which may be behind.
    current = column.model._base_manager.using(DEFAULT_DB_ALIAS)
    rows: models.QuerySet[models.Model] = current.annotate(raw=_token(column))
    kept: models.QuerySet[models.Model] = rows.exclude(raw="").exclude(raw=None)
    return kept


def _token(column: Column) -> Cast:
    return Cast(column.name, models.TextField())


def _tokens(column: Column) -> Iterator[tuple[object, str]]:
    """Yield the key and the token of each row that has one, in batches by key."""
    rows = _raw(column).order_by("pk").values_list("pk", "raw")
    batch = list(rows[:_BATCH])
    while batch:
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:_BATCH])


def _replace(column: Column, pk: object, token: str, renewed: str) -> bool:
    """Write a token in place of the one that was read; False when that is gone."""
    rows = column.model._base_manager.filter(Exact(_token(column), token), pk=pk)
    # As an expression: the field itself would encrypt the token once more.
    value = models.Value(renewed, output_field=models.TextField())
    return bool(rows.update(**{column.name: value}))
