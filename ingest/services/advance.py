"""Carrying an import on: one worker's turn at one run, call after call."""

import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F

from accounts import gate
from accounts.fields import CannotDecrypt
from accounts.spotify import services as grants
from accounts.spotify import tokens
from ingest.models import (
    ArtistGenre,
    AudioFeatures,
    ImportRun,
    Source,
    SourceLink,
    TopArtist,
)
from ingest.services import steps, words
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
# Longer than one call may take; a killed worker's run waits this long.
LEASE = timedelta(seconds=30)
REFRESH_EVERY = timedelta(hours=24)
# Turns in a row that may end without one answer.
MOST_ATTEMPTS = 5
_FIRST_RETRY = timedelta(seconds=15)
_SOON = timedelta(seconds=2)
# A wait shorter than this is kept by the queue, a longer one by beat.
_SHORT_WAIT = timedelta(seconds=60)
# A message that came a moment too early would find the run still waiting.
_MARGIN_SECONDS = 0.02
_AUDIO_REFUSED = "spotify:audio-refused"
_AUDIO_REFUSED_SECONDS = 86_400
_KEPT_FIELDS = (
    "state stage_label reason done_steps total_steps artists_count tracks_count"
    " genres_count listens_count staged attempts started_at finished_at resume_at"
).split()


class RunLost(Exception):
    """The run was deleted, or another worker holds it now."""


def run_advance(*, run_id: uuid.UUID, clock: Clock) -> float | None:
    """Carry a run on as far as it goes now.

    Returns the seconds after which to come again, or None when it ended, waits
    longer than a minute, or is in other hands. Never sleeps.
    """
    run = _claim(run_id, clock())
    if run is None:
        return None
    try:
        with requests.Session() as session:
            return _Turn(run, clock, session).take()
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
    return ImportRun.objects.filter(pk=run_id).first() if taken else None


class _Turn:
    """One worker's turn at one run, from taking the lease to giving it back."""

    def __init__(self, run: ImportRun, clock: Clock, session: requests.Session) -> None:
        self.run = run
        self.clock = clock
        self.session = session
        self.token = ""
        self.is_dirty = False
        self.run.started_at = run.started_at or clock()
        self.link = SourceLink.objects.filter(
            person_id=run.person_id, source=run.source
        ).first()

    def take(self) -> float | None:
        """Make the calls; what stops them becomes a state and a sentence."""
        if self.link is None:
            self._fail(words.DISCONNECTED)
            return None
        if self.run.attempts > MOST_ATTEMPTS:
            self._refused(SourceLink.State.FAILED, words.BROKE_OFF)
            return None
        try:
            self._make_calls(self.link)
            self._write(self.link)
        except gate.GateClosed as closed:
            return self._wait_for_gate(closed)
        except (RateLimited, tokens.TokenRateLimited) as error:
            return self._wait_for_service(error)
        except grants.RefreshBusy:
            return self._wait(self.clock() + _SOON, counts=False)
        except (SourceUnavailable, tokens.TokenServiceUnavailable):
            return self._try_again(words.NO_ANSWER, words.GAVE_UP)
        except (IntegrityError, OperationalError):
            # Two imports met while writing; what was fetched is kept.
            logger.warning(
                "Import %s could not be written.", self.run.pk, exc_info=True
            )
            return self._try_again(words.NOT_WRITTEN, words.BROKE_OFF)
        except (
            AuthorizationRevoked,
            tokens.GrantRevoked,
            grants.GrantMissing,
            CannotDecrypt,
        ):
            self._refused(SourceLink.State.NEEDS_RECONNECT, words.RECONNECT)
        except NotAllowed as error:
            self._not_allowed(error)
        except tokens.AppRefused:
            self._refused(SourceLink.State.FAILED, words.APP_REFUSED)
        return None

    # --- Calls ------------------------------------------------------------

    def _make_calls(self, link: SourceLink) -> None:
        for step in steps.plan(self.run.kind):
            self._make_call(step, cursor=link.cursor)
        if self.run.kind == ImportRun.Kind.FULL:
            self._make_audio_calls()
        self.run.stage_label = "Putting it in its place"
        self._save_progress()

    def _make_audio_calls(self) -> None:
        """Ask how tracks sound, where this site's app may; else go without."""
        staged = self.run.staged
        if not steps.has_genres(staged) or cache.get(_AUDIO_REFUSED):
            return
        # Kept, so that what is fetched meanwhile does not renumber the pages.
        known = set(staged.setdefault("known_audio", _known_audio(staged)))
        ids = steps.audio_ids(staged, known)
        try:
            for step in steps.audio_steps(staged, known):
                self._make_call(step, ids=ids)
        except NotAllowed:
            cache.set(_AUDIO_REFUSED, True, _AUDIO_REFUSED_SECONDS)
        except SourceUnavailable:
            logger.info("Import %s goes without sound this time.", self.run.pk)

    def _make_call(
        self, step: steps.Step, *, cursor: str = "", ids: Sequence[str] = ()
    ) -> None:
        if step.key in self.run.staged:
            return
        self.run.stage_label = step.label
        gate.enter(grants.SERVICE, now=self.clock(), gap_ms=settings.SPOTIFY_MIN_GAP_MS)
        # The answer of the call before is safe before the next one is made.
        self._save_progress()
        try:
            answer = steps.fetch(
                step, self._source(), cursor=cursor, ids=ids, now=self.clock()
            )
        except AuthorizationRevoked:
            self._refresh_once()
            self._make_call(step, cursor=cursor, ids=ids)
        else:
            self._stage(step, answer)

    def _source(self) -> SpotifySource:
        if not self.token:
            self.token = grants.grant_access_token(
                person_id=self.run.person_id, now=self.clock()
            )
        return SpotifySource(
            self.session, api_url=settings.SPOTIFY_API_URL, token=self.token
        )

    def _refresh_once(self) -> None:
        """The token may have been ended early: refresh once a run, then believe it."""
        if self.run.staged.get("refreshed"):
            raise AuthorizationRevoked("a fresh token is not accepted either")
        self.token = grants.grant_access_token(
            person_id=self.run.person_id, now=self.clock(), must_refresh=True
        )
        self.run.staged["refreshed"] = True
        self.is_dirty = True

    def _stage(self, step: steps.Step, answer: object) -> None:
        self.run.staged[step.key] = answer
        self.run.done_steps += 1
        self.run.total_steps = max(self.run.total_steps, self.run.done_steps)
        self.run.attempts = 1
        for name, count in steps.counts(self.run.staged).items():
            setattr(self.run, name, count)
        self.is_dirty = True

    # --- The end ----------------------------------------------------------

    @transaction.atomic
    def _write(self, link: SourceLink) -> None:
        """Write everything at once: the cursor is seen when its listens are."""
        now, run = self.clock(), self.run
        # First, as a disconnect does: it has won here, or waits for this row until
        # all is written, and deletes it.
        if not SourceLink.objects.filter(pk=link.pk).update(**self._news(link, now)):
            raise RunLost
        listening_replace(
            person_id=run.person_id,
            source=Source(run.source),
            listening=steps.listening_of(run.staged, run.kind),
            now=now,
        )
        is_full = run.kind == ImportRun.Kind.FULL
        self._update(
            state=ImportRun.State.DONE,
            stage_label="Done",
            reason=words.NOTHING_YET if is_full and not run.artists_count else "",
            finished_at=now,
            genres_count=run.genres_count or self._genres_known(is_full),
            staged={},
            lease_until=None,
        )

    def _genres_known(self, is_full: bool) -> int:
        """Count what is known here of the artists, where the service tells nothing."""
        if not is_full:
            return 0
        mine = TopArtist.objects.filter(
            person_id=self.run.person_id, source=self.run.source
        )
        links = ArtistGenre.objects.filter(artist__in=mine.values("artist"))
        return links.values("genre").distinct().count()

    def _news(self, link: SourceLink, now: datetime) -> dict[str, object]:
        """What a finished run changes on the source."""
        news: dict[str, object] = {
            "cursor": steps.cursor_of(self.run.staged) or link.cursor,
            "state": SourceLink.State.CONNECTED,
            "reason": "",
            "latest_recent_at": now,
        }
        if self.run.kind == ImportRun.Kind.FULL:
            news["latest_import_at"] = now
            news["next_import_at"] = now + REFRESH_EVERY
        return news

    def _wait_for_gate(self, closed: gate.GateClosed) -> float | None:
        if closed.reason is None:
            return self._wait(closed.retry_at, counts=False)
        return self._rest(closed.retry_at, is_quota=closed.reason == "quota")

    def _wait_for_service(
        self, error: RateLimited | tokens.TokenRateLimited
    ) -> float | None:
        until = gate.close(
            grants.SERVICE,
            now=self.clock(),
            retry_after=error.retry_after,
            is_quota=error.is_quota,
        )
        return self._rest(until, is_quota=error.is_quota)

    def _rest(self, until: datetime, *, is_quota: bool) -> float | None:
        why = words.QUOTA if is_quota else words.RATE
        return self._wait(until, why, counts=False)

    def _try_again(self, why: str, in_the_end: str) -> float | None:
        if self.run.attempts >= MOST_ATTEMPTS:
            self._refused(SourceLink.State.FAILED, in_the_end)
            return None
        wait = _FIRST_RETRY * 2 ** (self.run.attempts - 1)
        return self._wait(self.clock() + wait, why, counts=True)

    def _wait(self, until: datetime, why: str = "", *, counts: bool) -> float | None:
        """Give the lease back until then; ``counts`` as one of the attempts or not."""
        self.run.state = ImportRun.State.WAITING if why else ImportRun.State.RUNNING
        self.run.reason = why
        self.run.resume_at = until
        if not counts:
            self.run.attempts -= 1
        self._save(lease_until=None)
        wait = until - self.clock()
        if wait > _SHORT_WAIT:
            return None
        return max(0.0, wait.total_seconds()) + _MARGIN_SECONDS

    def _not_allowed(self, error: NotAllowed) -> None:
        """Tell the 403s apart by what they say and by what was given before."""
        said = str(error).lower()
        if "scope" in said:
            self._refused(SourceLink.State.NEEDS_RECONNECT, words.SCOPE)
        elif self.run.done_steps and "not registered" not in said:
            self._refused(SourceLink.State.FAILED, words.PART_REFUSED)
        else:
            self._refused(SourceLink.State.NOT_ALLOWED, words.NOT_ALLOWED)

    @transaction.atomic
    def _refused(self, state: SourceLink.State, reason: str) -> None:
        changes: dict[str, object] = {"state": state, "reason": reason}
        if self.run.kind == ImportRun.Kind.FULL:
            changes["next_import_at"] = self.clock() + REFRESH_EVERY
        SourceLink.objects.filter(
            person_id=self.run.person_id, source=self.run.source
        ).update(**changes)
        self._fail(reason)

    def _fail(self, reason: str) -> None:
        self.run.state = ImportRun.State.FAILED
        self.run.stage_label = "Stopped"
        self.run.reason = reason
        self.run.finished_at = self.clock()
        self.run.staged = {}
        self._save(lease_until=None)

    # --- Keeping the lease ------------------------------------------------

    def _save_progress(self) -> None:
        if self.is_dirty:
            self._save(lease_until=self.clock() + LEASE)

    def _save(self, *, lease_until: datetime | None) -> None:
        changes = {name: getattr(self.run, name) for name in _KEPT_FIELDS}
        self._update(lease_until=lease_until, **changes)
        self.run.lease_until = lease_until
        self.is_dirty = False

    def _update(self, **changes: object) -> None:
        """Change the run while the lease is still ours; raises :class:`RunLost`."""
        mine = ImportRun.objects.filter(
            pk=self.run.pk, lease_until=self.run.lease_until
        )
        if not mine.update(**changes):
            raise RunLost


def _known_audio(staged: steps.Staged) -> list[str]:
    ids = steps.audio_ids(staged, set())
    rows = AudioFeatures.objects.filter(track__spotify_id__in=ids)
    return sorted(str(i) for i in rows.values_list("track__spotify_id", flat=True))
