"""Deleting what was kept long enough, in batches, and noting how much it was.

Done twice, or by two workers at once, it is done once: every batch asks again whether
its rows are due. A run whose time is up goes on the next time it is asked.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import keeping
from accounts.models import Invitation
from accounts.spotify.consent import consents_over
from accounts.spotify.services import grant_end
from ingest.models import ImportRun, Listen, TopTrack, Track
from ingest.services.links import link_empty, links_unrefreshed
from matching.models import FairnessReport, PreselectRecall
from musicmatch.models import CareRun
from social.models import Mail

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=24)
_BATCH = 500
Rows = QuerySet[Any]
# Takes the keys of rows that are due, and returns how many of them it dealt with.
Forget = Callable[[list[Any], datetime], int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is due, and how it is forgotten; ``words`` name it, in the plural."""

    name: str
    words: str
    due: Callable[[datetime], Rows]
    forget: Forget | None = None

    def delete(self, keys: list[Any], now: datetime) -> int:
        if self.forget is not None:
            return self.forget(keys, now)
        # Asked again: a row may have been used since its key was read.
        rows = self.due(now).filter(pk__in=keys)
        deleted: int = rows.delete()[1].get(rows.model._meta.label, 0)
        return deleted


# --- What is due ------------------------------------------------------------


def _old_listens(now: datetime) -> Rows:
    return Listen.objects.filter(listened_at__lt=now - keeping.LISTENS)


def _unheard_tracks(now: datetime) -> Rows:
    """Tracks that nobody here has any more: a catalogue is not what we keep."""
    mine = {"track": OuterRef("pk")}
    return Track.objects.filter(
        ~Exists(Listen.objects.filter(**mine)), ~Exists(TopTrack.objects.filter(**mine))
    )


def _old_runs(now: datetime) -> Rows:
    ended = ImportRun.objects.exclude(state__in=ImportRun.ACTIVE)
    return ended.filter(finished_at__lt=now - keeping.IMPORT_RUNS)


def _old_mails(now: datetime) -> Rows:
    """By when they were sent; one that never was is no news either by then."""
    before = now - keeping.MAILS
    return Mail.objects.filter(
        Q(sent_at__lt=before) | Q(sent_at__isnull=True, created_at__lt=before)
    )


def _over_sessions(now: datetime) -> Rows:
    return Session.objects.filter(expire_date__lt=now)


def _old_entries(now: datetime) -> Rows:
    return LogEntry.objects.filter(action_time__lt=now - keeping.ADMIN_LOG)


def _over_invitations(now: datetime) -> Rows:
    return Invitation.objects.filter(expires_at__lt=now - keeping.INVITATIONS)


def _old_reports(now: datetime) -> Rows:
    return FairnessReport.objects.filter(made_at__lt=now - keeping.FIGURES)


def _old_recalls(now: datetime) -> Rows:
    return PreselectRecall.objects.filter(measured_at__lt=now - keeping.FIGURES)


def _old_care(now: datetime) -> Rows:
    return CareRun.objects.filter(started_at__lt=now - keeping.FIGURES)


# --- How it is forgotten ----------------------------------------------------


def _empty_links(keys: list[Any], now: datetime) -> int:
    return sum(link_empty(link_id=key, now=now) for key in keys)


def _end_grants(keys: list[Any], now: datetime) -> int:
    return sum(grant_end(grant_id=key, now=now) for key in keys)


@transaction.atomic
def _delete_tracks(keys: list[Any], now: datetime) -> int:
    """Delete tracks that are still nobody's.

    Locked first: an import that means to point at one of them waits, finds it gone and
    is tried again, where otherwise its row would be deleted with the track.
    """
    locked = Track.objects.select_for_update(skip_locked=True).filter(pk__in=keys)
    held = list(locked.order_by("pk").values_list("pk", flat=True))
    rows = _unheard_tracks(now).filter(pk__in=held)
    deleted: int = rows.delete()[1].get(Track._meta.label, 0)
    return deleted


RULES = (
    Rule(
        "spotify_unrefreshed",
        "people whose listening at Spotify could not be read anew",
        links_unrefreshed,
        _empty_links,
    ),
    Rule(
        "consents",
        "tokens of consents at Spotify that are over",
        consents_over,
        _end_grants,
    ),
    Rule("listens", "old listens", _old_listens),
    Rule("tracks", "tracks that nobody has", _unheard_tracks, _delete_tracks),
    Rule("import_runs", "imports that ended long ago", _old_runs),
    Rule("mails", "notes about mails that were sent", _old_mails),
    Rule("sessions", "sessions that are over", _over_sessions),
    Rule("admin_log", "old entries of the admin site", _old_entries),
    Rule("invitations", "invitations that are over", _over_invitations),
    Rule("fairness_reports", "old reports about the score", _old_reports),
    Rule("preselect_recalls", "old measurements of the preselection", _old_recalls),
    Rule("care_runs", "old entries of the care of the site", _old_care),
)


# --- Doing it ---------------------------------------------------------------


def retention_is_due(*, now: datetime) -> bool:
    """Whether a day has passed since the last time it came to its end."""
    last = CareRun.objects.newest_whole(CareRun.Kind.RETENTION)
    return last is None or now - last.started_at >= EVERY


def retention_count(*, now: datetime) -> dict[str, int]:
    """Say how much is due, by rule; changes nothing."""
    return {rule.name: rule.due(now).count() for rule in RULES}


def retention_run(*, clock: Callable[[], datetime], seconds: float) -> CareRun:
    """Delete what is due for at most about so many seconds, and note what was."""
    now, until = clock(), monotonic() + seconds
    counts, is_whole = {rule.name: 0 for rule in RULES}, True
    for rule in RULES:
        for keys in _batches(rule, now):
            if monotonic() >= until:
                is_whole = False
                break
            counts[rule.name] += rule.delete(keys, now)
    done = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    logger.info("Kept long enough: %s.", done or "nothing was due")
    return CareRun.objects.create(
        kind=CareRun.Kind.RETENTION,
        started_at=now,
        finished_at=max(clock(), now),
        is_whole=is_whole,
        facts=counts,
    )


def _batches(rule: Rule, now: datetime) -> Iterator[list[Any]]:
    """Yield the keys of what is due, in their order, so that none comes twice."""
    rows = rule.due(now).order_by("pk").values_list("pk", flat=True)
    batch = list(rows[:_BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1])[:_BATCH])
