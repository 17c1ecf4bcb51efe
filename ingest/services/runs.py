"""Queueing an import and carrying it on, one call after the other."""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from accounts import gate
from accounts.spotify import services as grants
from accounts.spotify import tokens
from ingest.models import AudioFeatures, ImportRun, Source, SourceLink
from ingest.services import steps
from ingest.services.listening import listening_replace
from ingest.sources.base import (
    AuthorizationRevoked,
    NotAllowed,
    RateLimited,
    SourceUnavailable,
)
from ingest.sources.spotify import SpotifySource

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
LEASE = timedelta(seconds=60)
REFRESH_EVERY = timedelta(hours=24)
RECENT_EVERY = timedelta(hours=1)
ACTIVE_WITHIN = timedelta(days=7)
# Queued this long, a run's message was lost on the way to a worker.
_LOST_AFTER = timedelta(seconds=20)
_MOST_ATTEMPTS = 5
_FIRST_RETRY = timedelta(seconds=15)
# A wait shorter than this is kept by the queue, a longer one by beat.
_SHORT_WAIT = timedelta(seconds=60)
_DUE_AT_ONCE = 200
_AUDIO_REFUSED = "spotify:audio-refused"
_AUDIO_REFUSED_SECONDS = 86_400


class RunLost(Exception):
    """The run was deleted, or another worker holds it now."""


def _enqueue(run_id: uuid.UUID) -> None:
    """Hand a run to a worker after commit. Beat finds it again if that fails."""

    def send() -> None:
        from ingest.tasks import advance_run_task

        advance_run_task.apply_async(kwargs={"run_id": str(run_id)})

    transaction.on_commit(send, robust=True)


def run_queue(
    *,
    person_id: int,
    source: Source,
    now: datetime,
    kind: ImportRun.Kind = ImportRun.Kind.FULL,
) -> ImportRun:
    """Queue an import, or return the one that is already on its way."""
    active = ImportRun.objects.active().filter(person_id=person_id, source=source)
    if run := active.first():
        return run
    try:
        with transaction.atomic():
            run = ImportRun.objects.create(
                person_id=person_id,
                source=source,
                kind=kind,
                queued_at=now,
                total_steps=len(steps.plan(kind)),
                stage_label="Waiting for a free hand",
            )
    except IntegrityError:
        return active.get()
    _enqueue(run.pk)
    return run


def runs_requeue_stalled(*, now: datetime) -> int:
    """Give runs that no worker holds to a worker again; returns how many."""
    lost = Q(state=ImportRun.State.QUEUED, queued_at__gt=now - _LOST_AFTER)
    ids = list(
        ImportRun.objects.stalled(now).exclude(lost).values_list("pk", flat=True)
    )
    for run_id in ids:
        _enqueue(run_id)
    return len(ids)


def imports_queue_due(*, now: datetime) -> int:
    """Queue daily refreshes, and hourly recent listens of active people."""
    if gate.closure(grants.SERVICE, now) is not None:
        return 0
    links = SourceLink.objects.filter(
        source=Source.SPOTIFY,
        state__in=[SourceLink.State.CONNECTED, SourceLink.State.FAILED],
    )
    due = links.filter(next_import_at__lte=now).order_by("next_import_at", "pk")
    recent = links.filter(
        next_import_at__gt=now,
        latest_recent_at__lte=now - RECENT_EVERY,
        person__last_active_at__gte=now - ACTIVE_WITHIN,
    ).order_by("latest_recent_at", "pk")
    queued = 0
    for kind, rows in ((ImportRun.Kind.FULL, due), (ImportRun.Kind.RECENT, recent)):
        for person_id in rows.values_list("person_id", flat=True)[:_DUE_AT_ONCE]:
            run_queue(person_id=person_id, source=Source.SPOTIFY, kind=kind, now=now)
            queued += 1
    return queued


def run_advance(*, run_id: uuid.UUID, clock: Clock) -> float | None:
    """Carry a run on as far as it goes now.

    Returns the seconds after which to come again, or None when it ended, waits
    longer than a minute, or is in other hands. Never sleeps.
    """
    run = _claim(run_id, clock())
    if run is None:
        return None
    try:
        return _Advance(run, clock).go()
    except RunLost:
        logger.info("Import %s is in other hands.", run_id)
        return None


def _claim(run_id: uuid.UUID, now: datetime) -> ImportRun | None:
    """Take the lease of a run; None when there is nothing to take."""
    mine = ImportRun.objects.stalled(now).filter(pk=run_id)
    taken = mine.update(
        state=ImportRun.State.RUNNING,
        lease_until=now + LEASE,
        resume_at=None,
        reason="",
        attempts=F("attempts") + 1,
    )
    return ImportRun.objects.get(pk=run_id) if taken else None


class _Advance:
    """One worker's turn at one run, from taking the lease to giving it back."""

    def __init__(self, run: ImportRun, clock: Clock) -> None:
        self.run = run
        self.clock = clock
        self.token = ""
        self.session = requests.Session()
        self.link = SourceLink.objects.filter(
            person_id=run.person_id, source=run.source
        ).first()
        self.run.started_at = run.started_at or clock()

    def go(self) -> float | None:
        if self.link is None:
            self._fail("You disconnected this source.")
        elif self.run.attempts > _MOST_ATTEMPTS:
            self._give_up()
        else:
            return self._try(self.link)
        return None

    def _try(self, link: SourceLink) -> float | None:
        """Make the calls; what stops them becomes a state and a sentence."""
        try:
            self._make_calls(link)
        except gate.GateClosed as closed:
            return self._wait_for_gate(closed)
        except (RateLimited, tokens.TokenRateLimited) as error:
            return self._wait_for_service(error)
        except grants.RefreshBusy:
            return self._wait(self.clock() + timedelta(seconds=2), "", counts=False)
        except (SourceUnavailable, tokens.TokenServiceUnavailable):
            return self._try_again()
        except (AuthorizationRevoked, tokens.GrantRevoked, grants.GrantMissing):
            self._refused(
                SourceLink.State.NEEDS_RECONNECT,
                "Spotify no longer lets us read your listening. Connect it again;"
                " what you have here stays.",
            )
        except NotAllowed as error:
            self._not_allowed(error)
        except tokens.AppRefused:
            self._refused(
                SourceLink.State.FAILED,
                "Spotify does not accept this site's own key. Only your host can"
                " mend that.",
            )
        finally:
            self.session.close()
        return None

    # --- Calls ------------------------------------------------------------

    def _make_calls(self, link: SourceLink) -> None:
        for step in steps.plan(self.run.kind):
            self._make_call(step, link, [])
        if self.run.kind == ImportRun.Kind.FULL:
            self._make_audio_calls(link)
        self._write(link)

    def _make_audio_calls(self, link: SourceLink) -> None:
        staged = self.run.staged
        if not steps.has_genres(staged) or cache.get(_AUDIO_REFUSED):
            return
        wanted = steps.audio_ids(staged, set())
        # What this run fetched already must not change the numbers of its pages.
        known = staged.setdefault("known_audio", _known_audio(wanted))
        ids = steps.audio_ids(staged, set(known))
        for step in steps.audio_steps(staged, set(known)):
            try:
                self._make_call(step, link, ids)
            except NotAllowed:
                cache.set(_AUDIO_REFUSED, True, _AUDIO_REFUSED_SECONDS)
                return

    def _make_call(self, step: steps.Step, link: SourceLink, ids: list[str]) -> None:
        if step.key in self.run.staged:
            return
        now = self.clock()
        gate.enter(grants.SERVICE, now=now, gap_ms=settings.SPOTIFY_MIN_GAP_MS)
        self.run.stage_label = step.label
        try:
            answer = self._fetch(step, link, ids)
        except AuthorizationRevoked:
            if self.run.staged.get("refreshed"):
                raise
            # The token may have been ended early: refresh once, then believe it.
            self.run.staged["refreshed"] = True
            self.token = grants.grant_access_token(
                person_id=self.run.person_id, now=now, must_refresh=True
            )
            answer = self._fetch(step, link, ids)
        self.run.staged[step.key] = answer
        self.run.staged.pop("refreshed", None)
        self.run.done_steps += 1
        self.run.total_steps = max(self.run.total_steps, self.run.done_steps)
        self.run.attempts = 0
        for name, count in steps.counts(self.run.staged).items():
            setattr(self.run, name, count)
        self._save(lease_until=self.clock() + LEASE)

    def _fetch(self, step: steps.Step, link: SourceLink, ids: list[str]) -> object:
        if not self.token:
            self.token = grants.grant_access_token(
                person_id=self.run.person_id, now=self.clock()
            )
        source = SpotifySource(
            self.session, api_url=settings.SPOTIFY_API_URL, token=self.token
        )
        return steps.fetch(step, source, cursor=link.cursor, ids=ids)

    # --- The end ----------------------------------------------------------

    @transaction.atomic
    def _write(self, link: SourceLink) -> None:
        """Write everything at once; the cursor last."""
        now = self.clock()
        staged, run = self.run.staged, self.run
        run.state = ImportRun.State.DONE
        run.stage_label = "Done"
        run.finished_at = now
        if run.kind == ImportRun.Kind.FULL and not run.artists_count:
            run.reason = "Spotify knows no top artists of yours yet."
        run.staged = {}
        self._save(lease_until=None)
        listening_replace(
            person_id=run.person_id,
            source=Source(run.source),
            listening=steps.listening_of(staged, run.kind),
            now=now,
        )
        link.cursor = steps.cursor_of(staged) or link.cursor
        link.state, link.reason = SourceLink.State.CONNECTED, ""
        link.latest_recent_at = now
        if run.kind == ImportRun.Kind.FULL:
            link.latest_import_at = now
            link.next_import_at = now + REFRESH_EVERY
        link.save()

    def _wait_for_gate(self, closed: gate.GateClosed) -> float | None:
        if closed.reason is None:
            return self._wait(closed.retry_at, "", counts=False)
        return self._rest(closed.retry_at, closed.reason == "quota")

    def _wait_for_service(
        self, error: RateLimited | tokens.TokenRateLimited
    ) -> float | None:
        until = gate.close(
            grants.SERVICE,
            now=self.clock(),
            retry_after=error.retry_after,
            is_quota=error.is_quota,
        )
        return self._rest(until, error.is_quota)

    def _rest(self, until: datetime, is_quota: bool) -> float | None:
        why = (
            "Spotify's allowance for this site is used up for now."
            if is_quota
            else "Spotify asked this site to slow down."
        )
        return self._wait(until, why, counts=False)

    def _try_again(self) -> float | None:
        if self.run.attempts >= _MOST_ATTEMPTS:
            self._give_up()
            return None
        wait = _FIRST_RETRY * 2 ** (self.run.attempts - 1)
        return self._wait(
            self.clock() + wait,
            "Spotify did not answer in a way we understand. We try again.",
            counts=True,
        )

    def _wait(self, until: datetime, why: str, *, counts: bool) -> float | None:
        now = self.clock()
        self.run.state = ImportRun.State.WAITING if why else ImportRun.State.RUNNING
        self.run.reason = why
        self.run.resume_at = until
        if not counts:
            self.run.attempts = max(0, self.run.attempts - 1)
        self._save(lease_until=None)
        wait = until - now
        if wait > _SHORT_WAIT:
            return None
        return max(0.0, wait.total_seconds())

    def _give_up(self) -> None:
        self._refused(
            SourceLink.State.FAILED,
            "Spotify did not answer, several times in a row. Nothing was changed;"
            " we try again tomorrow, or you can start it by hand.",
        )

    def _not_allowed(self, error: NotAllowed) -> None:
        if "scope" in str(error).lower():
            self._refused(
                SourceLink.State.NEEDS_RECONNECT,
                "Your permission does not cover all we read. Connect Spotify again.",
            )
        else:
            self._refused(
                SourceLink.State.NOT_ALLOWED,
                "You are not on the list of people this site's Spotify app may serve.",
            )

    @transaction.atomic
    def _refused(self, state: SourceLink.State, reason: str) -> None:
        if self.link is not None:
            now = self.clock()
            self.link.state, self.link.reason = state, reason
            self.link.next_import_at = now + REFRESH_EVERY
            self.link.save()
        self._fail(reason)

    def _fail(self, reason: str) -> None:
        self.run.state = ImportRun.State.FAILED
        self.run.stage_label = "Stopped"
        self.run.reason = reason
        self.run.finished_at = self.clock()
        self.run.staged = {}
        self._save(lease_until=None)

    def _save(self, *, lease_until: datetime | None) -> None:
        """Write the run while the lease is still ours; raises :class:`RunLost`."""
        fields = (
            "state stage_label reason done_steps total_steps artists_count"
            " tracks_count genres_count listens_count staged attempts started_at"
            " finished_at resume_at"
        ).split()
        changes = {name: getattr(self.run, name) for name in fields}
        mine = ImportRun.objects.filter(
            pk=self.run.pk, lease_until=self.run.lease_until
        )
        if not mine.update(lease_until=lease_until, **changes):
            raise RunLost
        self.run.lease_until = lease_until


def _known_audio(spotify_ids: list[str]) -> list[str]:
    rows = AudioFeatures.objects.filter(track__spotify_id__in=spotify_ids)
    return sorted(str(i) for i in rows.values_list("track__spotify_id", flat=True))
