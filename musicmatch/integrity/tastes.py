"""Tastes: each is what its person's rows say, and has its place in the sequence."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.db.models import Exists, OuterRef

from accounts.models import User
from ingest.models import TopArtist
from matching.models import Taste, TasteChange
from matching.services import tastes_stale

_AT_ONCE = 100


def differences(now: datetime, *, sample: int | None = None) -> Iterator[str]:
    """``sample``: of so many people only, others each time; None for everyone."""
    yield from _places()
    yield from _stale(now, sample)


def _places() -> Iterator[str]:
    """Every change since the oldest that is kept can be read by who has an index."""
    oldest = TasteChange.objects.order_by("seq").values_list("seq", flat=True).first()
    if oldest is None:
        if Taste.objects.exists():
            yield "there are tastes, and no change of any is noted"
        return
    noted = TasteChange.objects.filter(seq=OuterRef("seq"), taste=OuterRef("pk"))
    newer = Taste.objects.filter(seq__gt=oldest)
    for pk, seq in newer.filter(~Exists(noted)).values_list("pk", "seq"):
        yield f"person {pk}: the change {seq} of their taste is not noted"


def _stale(now: datetime, sample: int | None) -> Iterator[str]:
    """Computed by the code that keeps them, a hundred people at a time."""
    heard = TopArtist.objects.filter(person=OuterRef("pk"))
    kept = Taste.objects.filter(person=OuterRef("pk"))
    people = User.objects.filter(Exists(heard) | Exists(kept)).order_by("pk")
    drawn = people if sample is None else people.order_by("?")[:sample]
    ids = iter(sorted(drawn.values_list("pk", flat=True)))
    while batch := list(islice(ids, _AT_ONCE)):
        for person in tastes_stale(person_ids=batch, now=now):
            yield f"person {person}: their taste is not what their rows say"
