"""What was asked about which artist, and when it may be asked again.

An answer that changed an artist is written with ``ask_again_at`` at ``asked_at``: the
tastes it changes wait to be computed. Whoever computes them moves it on, so a worker
that dies between the two loses nothing and asks nothing twice.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db.models import F, Q

from ingest.models import ArtistLookup

FOUND_LASTS = timedelta(days=180)
NOTHING_LASTS = timedelta(days=30)
_FIRST_BACK_OFF = timedelta(hours=1)
# Shorter than any answer lasts: how long a row waits tells a failure from an answer.
_LONGEST_BACK_OFF = timedelta(days=7)

UNTOLD = Q(ask_again_at=F("asked_at"))
FAILED = Q(ask_again_at__lte=F("asked_at") + _LONGEST_BACK_OFF) & ~UNTOLD


def resting(now: datetime) -> Q:
    """Rows that say: do not ask now."""
    return Q(ask_again_at__gt=now) | UNTOLD


def answers_keep(
    service: str,
    found: Mapping[int, int],
    *,
    now: datetime,
    changed: Collection[int] = (),
    found_lasts: timedelta = FOUND_LASTS,
) -> None:
    """Remember how much a service knew of each artist, and whom it changed."""

    def lasts(artist: int) -> timedelta:
        if artist in changed:
            return timedelta(0)
        return found_lasts if found[artist] else NOTHING_LASTS

    _keep(service, {a: lasts(a) for a in found}, now=now, found=found)


def failures_keep(service: str, artists: Collection[int], *, now: datetime) -> None:
    """Ask again in an hour, and twice as long after each failure that follows."""
    rows = ArtistLookup.objects.filter(FAILED, service=service, artist__in=artists)
    waited = {
        artist: again - asked
        for artist, asked, again in rows.values_list(
            "artist_id", "asked_at", "ask_again_at"
        )
    }
    waits = {
        a: min(2 * waited[a], _LONGEST_BACK_OFF) if a in waited else _FIRST_BACK_OFF
        for a in artists
    }
    _keep(service, waits, now=now, found={})


def _keep(
    service: str,
    waits: Mapping[int, timedelta],
    *,
    now: datetime,
    found: Mapping[int, int],
) -> None:
    untold = ArtistLookup.objects.filter(UNTOLD, service=service, artist__in=waits)
    untold_ids = set(untold.values_list("artist_id", flat=True))
    ArtistLookup.objects.bulk_create(
        [
            ArtistLookup(
                artist_id=artist,
                service=service,
                asked_at=now,
                ask_again_at=now + waits[artist],
                genres_found=found.get(artist, 0),
            )
            for artist in sorted(waits.keys() - untold_ids)
        ],
        update_conflicts=True,
        unique_fields=["artist", "service"],
        update_fields=["asked_at", "ask_again_at", "genres_found"],
    )
