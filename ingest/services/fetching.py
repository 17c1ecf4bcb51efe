"""An import from a service: call after call, then all of it written at once."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import requests
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, transaction

from accounts import gate
from accounts.fields import CannotDecrypt
from accounts.spotify import services as grants
from accounts.spotify import tokens
from ingest.models import (
    AudioFeatures,
    ImportRun,
    Source,
    SourceLink,
)
from ingest.services import doors, steps, words
from ingest.services.listening import listening_replace
from ingest.services.turns import REFRESH_EVERY, Clock, RunLost, Turn
from ingest.sources.base import (
    AppRefused,
    AuthorizationRevoked,
    NotAllowed,
    RateLimited,
    Service,
    SourceUnavailable,
    Way,
)

logger = logging.getLogger(__name__)

_SOON = timedelta(seconds=2)
_AUDIO_REFUSED_SECONDS = 86_400


class FetchTurn(Turn):
    """One worker's turn at an import from a service."""

    def __init__(self, run: ImportRun, clock: Clock, session: requests.Session) -> None:
        super().__init__(run, clock)
        self.session = session
        self.token = ""
        self.staged = steps.unpacked(run.staged)

    def work(self, link: SourceLink) -> float | None:
        try:
            self._make_calls(link)
            self._write(link)
        except gate.GateClosed as closed:
            return self._wait_for_gate(closed)
        except (RateLimited, tokens.TokenRateLimited) as error:
            return self._wait_for_service(error)
        except grants.RefreshBusy:
            return self.wait(self.clock() + _SOON, counts=False)
        except (SourceUnavailable, tokens.TokenServiceUnavailable):
            return self.try_again(words.NO_ANSWER, words.GAVE_UP)
        except (IntegrityError, OperationalError):
            # Two imports met while writing; what was fetched is kept.
            logger.warning(
                "Import %s could not be written.", self.run.pk, exc_info=True
            )
            return self.try_again(words.NOT_WRITTEN, words.BROKE_OFF)
        except AuthorizationRevoked as error:
            self._reconnect(error.advice)
        except (tokens.GrantRevoked, grants.GrantMissing, CannotDecrypt):
            self._reconnect()
        except (AppRefused, tokens.AppRefused):
            logger.error("%s refuses this site’s own key.", self.source.label)
            self.refused(SourceLink.State.FAILED, words.APP_REFUSED)
        except NotAllowed as error:
            self._not_allowed(error)
        return None

    # --- Calls ------------------------------------------------------------

    def _make_calls(self, link: SourceLink) -> None:
        for step in steps.plan(self.source, self.run.kind):
            self._make_call(step, link)
        while step_back := steps.next_page(self.staged):
            self._make_call(step_back, link)
        if self.run.kind == ImportRun.Kind.FULL:
            self._make_audio_calls(link)
        self.run.stage_label = "Putting it in its place"
        self.save_progress()

    def _make_audio_calls(self, link: SourceLink) -> None:
        """Ask how tracks sound, where this site's app may; else go without."""
        staged, refused = self.staged, f"{self.source}:audio-refused"
        if not steps.has_genres(staged) or cache.get(refused):
            return
        if "known_audio" not in staged:
            # Kept, so that what is fetched meanwhile does not renumber the pages.
            self._keep("known_audio", _known_audio(staged))
        known = set(staged["known_audio"])
        ids = steps.audio_ids(staged, known)
        try:
            for step in steps.audio_steps(staged, known):
                self._make_call(step, link, ids=ids)
        except NotAllowed:
            cache.set(refused, True, _AUDIO_REFUSED_SECONDS)
        except SourceUnavailable:
            logger.info("Import %s goes without sound this time.", self.run.pk)

    def _make_call(
        self, step: steps.Step, link: SourceLink, *, ids: Sequence[str] = ()
    ) -> None:
        if step.key in self.staged:
            return
        self.run.stage_label = step.label
        gate.enter(self.source, now=self.clock(), gap_ms=doors.gap_ms(self.source))
        # The answer of the call before is safe before the next one is made.
        self.save_progress()
        service = self._service(link)
        try:
            answer = steps.fetch(
                step,
                service,
                staged=self.staged,
                cursor=link.cursor,
                ids=ids,
                now=self.clock(),
            )
        except AuthorizationRevoked:
            if not self._may_refresh:
                raise
            self._refresh()
            self._make_call(step, link, ids=ids)
        else:
            self._stage(step, answer)
            self._mind_pause(service)

    def _service(self, link: SourceLink) -> Service:
        is_granted = self.source.door.way is Way.SIGN_IN
        if is_granted and not self.token:
            self.token = grants.grant_access_token(
                person_id=self.run.person_id, now=self.clock()
            )
        access = doors.access_of(
            self.source, user_name=link.user_name, token=self.token
        )
        return doors.opened(self.session, self.source, access)

    @property
    def _may_refresh(self) -> bool:
        """A token may have been ended early: refresh once a run, then believe it."""
        is_granted = self.source.door.way is Way.SIGN_IN
        return is_granted and not self.staged.get("refreshed")

    def _refresh(self) -> None:
        self.token = grants.grant_access_token(
            person_id=self.run.person_id, now=self.clock(), must_refresh=True
        )
        self._keep("refreshed", True)

    def _keep(self, key: str, value: object) -> None:
        self.staged[key] = value
        self.run.staged[key] = steps.packed(value)
        self.is_dirty = True

    def _stage(self, step: steps.Step, answer: object) -> None:
        self._keep(step.key, answer)
        self.run.done_steps += 1
        self.run.total_steps = max(self.run.total_steps, self.run.done_steps)
        self.run.attempts = 1
        for name, count in steps.counts(self.staged).items():
            setattr(self.run, name, count)

    def _mind_pause(self, service: Service) -> None:
        """Leave the service alone for as long as it asked in a good answer."""
        if service.pause:
            gate.close(
                self.source,
                now=self.clock(),
                retry_after=service.pause,
                is_quota=False,
            )

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
            source=self.source,
            listening=steps.listening_of(self.staged, self.source, run.kind),
            now=now,
        )
        is_full = run.kind == ImportRun.Kind.FULL
        nothing = self.source.door.words.nothing_yet or words.NOTHING_YET
        self.update(
            state=ImportRun.State.DONE,
            stage_label="Done",
            reason=self.said(nothing) if is_full and not run.artists_count else "",
            finished_at=now,
            genres_count=run.genres_count or (self.genres_known() if is_full else 0),
            staged={},
            lease_until=None,
        )

    def _news(self, link: SourceLink, now: datetime) -> dict[str, object]:
        """What a finished run changes on the source."""
        news: dict[str, object] = {
            "cursor": steps.cursor_of(self.staged) or link.cursor,
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
            return self.wait(closed.retry_at, counts=False)
        return self._rest(closed.retry_at, is_quota=closed.reason == "quota")

    def _wait_for_service(
        self, error: RateLimited | tokens.TokenRateLimited
    ) -> float | None:
        until = gate.close(
            self.source,
            now=self.clock(),
            retry_after=error.retry_after,
            is_quota=error.is_quota,
        )
        return self._rest(until, is_quota=error.is_quota)

    def _rest(self, until: datetime, *, is_quota: bool) -> float | None:
        why = words.QUOTA if is_quota else words.RATE
        return self.wait(until, why, counts=False)

    def _reconnect(self, advice: str = "") -> None:
        self.refused(SourceLink.State.NEEDS_RECONNECT, advice or words.RECONNECT)

    def _not_allowed(self, error: NotAllowed) -> None:
        """Tell the refusals apart by what they say and by what was given before."""
        said = str(error).lower()
        if error.advice:
            self.refused(SourceLink.State.FAILED, error.advice)
        elif "scope" in said:
            self.refused(SourceLink.State.NEEDS_RECONNECT, words.SCOPE)
        elif self.run.done_steps and "not registered" not in said:
            self.refused(SourceLink.State.FAILED, words.PART_REFUSED)
        else:
            self.refused(SourceLink.State.NOT_ALLOWED, words.NOT_ALLOWED)


def _known_audio(staged: steps.Staged) -> list[str]:
    ids = steps.audio_ids(staged, set())
    # What others measured never keeps the service's own values out.
    rows = AudioFeatures.objects.filter(
        track__spotify_id__in=ids, source=Source.SPOTIFY
    )
    return sorted(str(i) for i in rows.values_list("track__spotify_id", flat=True))
