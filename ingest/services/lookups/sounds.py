"""Asking a service how tracks sound that nobody measured."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from ingest.models import ArtistLookup, AudioFeatures, Listen, TopTrack, Track
from ingest.services import doors
from ingest.services.lookups import memory, switches
from ingest.services.lookups.telling import tell
from ingest.services.lookups.turn import AnyAsk, Ask, Sleep, Turn, alone
from ingest.services.turns import Clock
from ingest.sound import SILENT, SOUND_KEYS
from ingest.sources.base import AudioItem
from ingest.sources.reccobeats import PAGE, ReccoBeats

_ASKING = timedelta(seconds=15)
_TELLING = timedelta(seconds=20)
_RECENTLY = timedelta(days=28)
SERVICE = switches.RECCOBEATS


@dataclass(frozen=True, slots=True)
class DueTrack:
    """A track to be asked about by its id at Spotify, else by its ISRC."""

    pk: int
    artist_id: int
    spotify_id: str | None
    isrc: str
    has_failed: bool

    @property
    def asked_as(self) -> str:
        return self.spotify_id or self.isrc


def sounds_look_up(*, clock: Clock, sleep: Sleep = time.sleep) -> None:
    """Ask how tracks sound for about a quarter of a minute, then compute the tastes.

    Without a service to ask it does nothing at all. One worker at a time; what one
    leaves behind half-way is finished by the next before it asks anything.
    """
    if not switches.asks_for_sound():
        return
    with alone("sounds") as is_alone:
        began = clock()
        if is_alone and _tell(clock, began + _TELLING):
            with doors.session() as session:
                asks: list[AnyAsk] = [SoundAsk(session)]
                Turn(asks, clock=clock, sleep=sleep, until=began + _ASKING).take()
            _tell(clock, began + _TELLING)


def _tell(clock: Clock, until: datetime) -> bool:
    return tell(
        [SERVICE],
        _listeners,
        clock=clock,
        until=until,
        found_lasts=memory.NOTHING_LASTS,
    )


def _listeners(artists: Collection[int]) -> QuerySet[TopTrack, int]:
    """Listens are not part of a taste, so only who has them ranked is told."""
    rows = TopTrack.objects.filter(track__artist__in=artists)
    return rows.values_list("person_id", flat=True)


class SoundAsk(Ask[DueTrack, Sequence[AudioItem]]):
    """How tracks sound. What is not known there is kept as a silent row.

    ``ArtistLookup`` says of each artist when its silent tracks are asked about again,
    and after a failure all of them.
    """

    key = SERVICE
    service = SERVICE
    page = PAGE

    def __init__(self, session: requests.Session) -> None:
        super().__init__()
        self._source = ReccoBeats(session, switches.access_of(SERVICE))

    def pick(
        self, *, ahead: Sequence[Ask[Any, Any]], now: datetime, limit: int
    ) -> list[DueTrack]:
        """Return ranked tracks, those most people have first, then recent listens."""
        ranked = TopTrack.objects.filter(track=OuterRef("pk"))
        people = ranked.order_by().values("track")
        people = people.annotate(n=Count("person", distinct=True))
        listens = Listen.objects.filter(
            track=OuterRef("pk"), listened_at__gt=now - _RECENTLY
        )
        latest = listens.order_by("-listened_at").values("listened_at")[:1]
        due = _due_tracks(now)
        top = due.filter(Exists(ranked)).annotate(people=Subquery(people.values("n")))
        found = _read(top.order_by("-people", "pk"), limit)
        if len(found) < limit:
            recent = due.filter(~Exists(ranked), Exists(listens))
            recent = recent.annotate(latest=Subquery(latest))
            found += _read(recent.order_by("-latest", "pk"), limit - len(found))
        return found

    def take(self) -> list[DueTrack]:
        """At most one ISRC a call: the answer names tracks by their Spotify ids."""
        items = super().take()
        isrcs = [item for item in items if not item.spotify_id]
        self.queue.extendleft(reversed(isrcs[1:]))
        return [item for item in items if item not in isrcs[1:]]

    def fetch(self, items: Sequence[DueTrack]) -> Sequence[AudioItem]:
        return self._source.audio_features([item.asked_as for item in items])

    @transaction.atomic
    def keep(
        self, items: Sequence[DueTrack], answer: Sequence[AudioItem], *, now: datetime
    ) -> None:
        heard = _by_item(items, answer)
        tracks = [item.pk for item in items]
        AudioFeatures.objects.filter(SILENT, track__in=tracks, source=SERVICE).delete()
        # What an import wrote in the meantime is worth more, and stays.
        AudioFeatures.objects.bulk_create(
            [_row(i, heard.get(i.pk)) for i in sorted(items, key=lambda i: i.pk)],
            ignore_conflicts=True,
        )
        found = dict.fromkeys((item.artist_id for item in items), 0)
        for item in items:
            found[item.artist_id] += item.pk in heard
        changed = {artist for artist, tracks_found in found.items() if tracks_found}
        memory.answers_keep(
            SERVICE,
            found,
            now=now,
            changed=changed,
            found_lasts=memory.NOTHING_LASTS,
        )

    def keep_failure(self, items: Sequence[DueTrack], *, now: datetime) -> None:
        memory.failures_keep(SERVICE, {item.artist_id for item in items}, now=now)


def _due_tracks(now: datetime) -> QuerySet[Track]:
    rows = AudioFeatures.objects.filter(track=OuterRef("pk"))
    asked = ArtistLookup.objects.filter(artist=OuterRef("artist"), service=SERVICE)
    failed = asked.filter(memory.FAILED)
    unheard = ~Exists(rows) & ~Exists(failed.filter(ask_again_at__gt=now))
    silent = Exists(rows.filter(SILENT, source=SERVICE))
    grown_old = silent & ~Exists(asked.filter(memory.resting(now)))
    has_id = Q(spotify_id__isnull=False) | ~Q(isrc="")
    due = Track.objects.filter(has_id, unheard | grown_old)
    return due.annotate(has_failed=Exists(failed))


def _read(tracks: QuerySet[Any], limit: int) -> list[DueTrack]:
    rows = tracks.values_list("pk", "artist_id", "spotify_id", "isrc", "has_failed")
    return [DueTrack(*row) for row in rows[:limit]]


def _by_item(
    items: Sequence[DueTrack], answer: Sequence[AudioItem]
) -> dict[int, AudioItem]:
    """Return sounds by track; what has the id of none is that of the ISRC."""
    heard = {sound.spotify_id: sound for sound in answer}
    found = {i.pk: heard.pop(i.spotify_id) for i in items if i.spotify_id in heard}
    by_isrc = [item.pk for item in items if not item.spotify_id]
    return found | dict(zip(by_isrc, heard.values(), strict=False))


def _row(item: DueTrack, sound: AudioItem | None) -> AudioFeatures:
    values = {key: getattr(sound, key, None) for key in SOUND_KEYS}
    return AudioFeatures(track_id=item.pk, source=SERVICE, **values)
