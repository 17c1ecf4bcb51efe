"""Import runs: ended ones are ended in every way, and the others move."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from ingest.models import ImportRun, Source, SourceLink, UploadPart
from ingest.models.runs import FARTHEST_LEASE
from ingest.services.uploads import upload_is_whole

# Beat gives a run that nobody carries on to a worker every ten seconds.
_LONGEST_STILL = timedelta(minutes=10)
_LONGEST_KEPT = timedelta(hours=2)
_State = ImportRun.State


def differences(now: datetime) -> Iterator[str]:
    yield from _rows(now)
    yield from _without_source()
    yield from _files(now)


def _rows(now: datetime) -> Iterator[str]:
    ended = ~Q(state__in=ImportRun.ACTIVE)
    still = now - _LONGEST_STILL
    wrong = (
        ("its state is none", ~Q(state__in=_State.values)),
        ("ended, without a time at which it did", ended & Q(finished_at=None)),
        ("ended, and a worker holds it", ended & Q(lease_until__isnull=False)),
        ("ended, and waits", ended & Q(resume_at__isnull=False)),
        ("ended, and what was fetched is still staged", ended & ~Q(staged={})),
        ("failed without saying why", Q(state=_State.FAILED, reason="")),
        ("has not ended, with a time at which it did", ~ended & ~Q(finished_at=None)),
        (
            "is held far longer than a turn",
            ~ended & Q(lease_until__gt=now + FARTHEST_LEASE),
        ),
        (
            "nobody has carried it on",
            ~ended
            & (Q(lease_until__isnull=True) | Q(lease_until__lt=still))
            & (Q(resume_at__isnull=True) | Q(resume_at__lt=still))
            & Q(queued_at__lt=still),
        ),
    )
    for what, condition in wrong:
        runs = ImportRun.objects.filter(condition).order_by("queued_at", "pk")
        for pk, source in runs.values_list("pk", "source"):
            yield f"{source} import {pk}: {what}"


def _without_source() -> Iterator[str]:
    link = SourceLink.objects.filter(
        person=OuterRef("person"), source=OuterRef("source")
    )
    done = ImportRun.objects.filter(state=_State.DONE)
    for pk, source in done.filter(~Exists(link)).values_list("pk", "source"):
        yield f"{source} import {pk}: done for somebody without that source"


def _files(now: datetime) -> Iterator[str]:
    active = ImportRun.objects.active().filter(source=Source.EXPORT)
    for run in active.order_by("queued_at", "pk"):
        if not upload_is_whole(run):
            yield f"export import {run.pk}: its files are gone"
    # What a killed worker left is swept an hour later.
    needed = list(active.values_list("pk", flat=True))
    strays = UploadPart.objects.strays(needed, now - _LONGEST_KEPT).order_by("run_id")
    for pk in strays.values_list("run_id", flat=True).distinct():
        yield f"export import {pk}: ended, and its files are still here"
