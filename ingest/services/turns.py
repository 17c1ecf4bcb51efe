"""One worker's turn at one run: taking its lease, keeping it, giving it back."""

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F

from ingest.models import ArtistGenre, ImportRun, Source, SourceLink, TopArtist
from ingest.services import words
from ingest.signals import run_finished

Clock = Callable[[], datetime]
# Longer than one call may take; a killed worker's run waits this long.
LEASE = timedelta(seconds=30)
REFRESH_EVERY = timedelta(hours=24)
# Turns in a row that may end without one answer.
MOST_ATTEMPTS = 5
_FIRST_RETRY = timedelta(seconds=15)
# A wait shorter than this is kept by the queue, a longer one by beat.
_SHORT_WAIT = timedelta(seconds=60)
# A message that came a moment too early would find the run still waiting.
_MARGIN_SECONDS = 0.02
_KEPT_FIELDS = (
    "state stage_label reason done_steps total_steps artists_count tracks_count"
    " genres_count listens_count attempts started_at finished_at resume_at"
).split()
_ENDS = (ImportRun.State.DONE, ImportRun.State.FAILED)
# Changed in place: nothing tells what is new in them.
_GROWING_FIELDS = ("staged", "notes")


class RunLost(Exception):
    """The run was deleted, or another worker holds it now."""


def claim(run_id: uuid.UUID, now: datetime) -> ImportRun | None:
    """Take the lease of a run; None when there is nothing to take."""
    mine = ImportRun.objects.stalled(now).filter(pk=run_id)
    taken = mine.update(
        state=ImportRun.State.RUNNING,
        lease_until=now + LEASE,
        resume_at=None,
        reason="",
        attempts=F("attempts") + 1,
    )
    return ImportRun.objects.filter(pk=run_id).first() if taken else None


class Turn:
    """What every source's turn needs: the lease, and the ways to end."""

    def __init__(self, run: ImportRun, clock: Clock) -> None:
        self.run = run
        self.clock = clock
        self.source = Source(run.source)
        self.is_dirty = False
        self._kept = self._now(_KEPT_FIELDS)
        self.run.started_at = run.started_at or clock()
        self.link = SourceLink.objects.filter(
            person_id=run.person_id, source=run.source
        ).first()

    def take(self) -> float | None:
        """Go as far as it goes now; what stops it becomes a state and a sentence.

        Returns the seconds after which to come again, or None.
        """
        if self.link is None:
            self.fail(words.DISCONNECTED)
            return None
        if self.run.attempts > MOST_ATTEMPTS:
            self.refused(SourceLink.State.FAILED, words.BROKE_OFF)
            return None
        return self.work(self.link)

    def work(self, link: SourceLink) -> float | None:
        raise NotImplementedError

    # --- Ends -------------------------------------------------------------

    def try_again(self, why: str, in_the_end: str) -> float | None:
        if self.run.attempts >= MOST_ATTEMPTS:
            self.refused(SourceLink.State.FAILED, in_the_end)
            return None
        wait = _FIRST_RETRY * 2 ** (self.run.attempts - 1)
        return self.wait(self.clock() + wait, why, counts=True)

    def wait(self, until: datetime, why: str = "", *, counts: bool) -> float | None:
        """Give the lease back until then; ``counts`` as one of the attempts or not."""
        self.run.state = ImportRun.State.WAITING if why else ImportRun.State.RUNNING
        self.run.reason = self.said(why)
        self.run.resume_at = until
        if not counts:
            self.run.attempts -= 1
        self.save(lease_until=None)
        wait = until - self.clock()
        if wait > _SHORT_WAIT:
            return None
        return max(0.0, wait.total_seconds()) + _MARGIN_SECONDS

    @transaction.atomic
    def refused(self, state: SourceLink.State, reason: str) -> None:
        changes: dict[str, object] = {"state": state, "reason": self.said(reason)}
        if self.run.kind == ImportRun.Kind.FULL and self.source.door.open is not None:
            changes["next_import_at"] = self.clock() + REFRESH_EVERY
        SourceLink.objects.filter(
            person_id=self.run.person_id, source=self.run.source
        ).update(**changes)
        self.fail(reason)

    def fail(self, reason: str) -> None:
        self.run.state = ImportRun.State.FAILED
        self.run.stage_label = "Stopped"
        self.run.reason = self.said(reason)
        self.run.finished_at = self.clock()
        self.run.staged = {}
        self.save(lease_until=None)

    def said(self, words_: str) -> str:
        """Put the name of the source where a sentence leaves room for it."""
        return words_.replace("{service}", self.source.label)[:300]

    def genres_known(self) -> int:
        """Count what is known here of the artists, where the source tells nothing."""
        mine = TopArtist.objects.filter(
            person_id=self.run.person_id, source=self.run.source
        )
        links = ArtistGenre.objects.filter(artist__in=mine.values("artist"))
        return links.values("genre").distinct().count()

    # --- Keeping the lease ------------------------------------------------

    def save_progress(self) -> None:
        if self.is_dirty:
            self.save(lease_until=self.clock() + LEASE)

    def save(self, *, lease_until: datetime | None) -> None:
        kept = self._now(_KEPT_FIELDS)
        changes = {k: value for k, value in kept.items() if value != self._kept[k]}
        growing = self._now(_GROWING_FIELDS)
        self.update(lease_until=lease_until, **changes, **growing)
        self.run.lease_until = lease_until
        self._kept = kept
        self.is_dirty = False

    def _now(self, names: Iterable[str]) -> dict[str, object]:
        return {name: getattr(self.run, name) for name in names}

    def update(self, **changes: object) -> None:
        """Change the run while the lease is still ours; raises :class:`RunLost`."""
        mine = ImportRun.objects.filter(
            pk=self.run.pk, lease_until=self.run.lease_until
        )
        if not mine.update(**changes):
            raise RunLost
        if changes.get("state") in _ENDS:
            transaction.on_commit(partial(self._tell_finished, changes["state"]))

    def _tell_finished(self, state: object) -> None:
        run_finished.send(
            sender=ImportRun,
            source=self.run.source,
            kind=self.run.kind,
            state=str(state),
        )
