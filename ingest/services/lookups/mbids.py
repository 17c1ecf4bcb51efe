"""Finding the MusicBrainz ids of artists, which most services are asked by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import requests
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from ingest.models import Artist, Track
from ingest.names import name_key
from ingest.services.lookups import memory, switches
from ingest.services.lookups.artists import ArtistAsk
from ingest.services.lookups.picking import DueArtist
from ingest.services.lookups.turn import Ask
from ingest.sources.base import ArtistItem
from ingest.sources.musicbrainz import URLS_PAGE, MusicBrainz

# Only one recording in seven is known at MusicBrainz by its ISRC.
_MOST_ISRCS = 3


def mbids_claim(claims: Mapping[int, str]) -> set[int]:
    """Give artists their MBIDs, where nobody has them; returns whom it gave one.

    An id never moves, and one that two artists claim goes to the older row.
    """
    rows = Artist.objects.filter(mbid__in=set(claims.values()))
    taken = set(rows.values_list("mbid", flat=True))
    free: dict[str, int] = {}
    for artist in sorted(claims):
        if claims[artist] not in taken:
            free.setdefault(claims[artist], artist)
    without = Artist.objects.select_for_update().filter(pk__in=free.values(), mbid=None)
    given = list(without.order_by("pk").values_list("pk", flat=True))
    Artist.objects.bulk_update([Artist(pk=a, mbid=claims[a]) for a in given], ["mbid"])
    return set(given)


class SpotifyUrlAsk(ArtistAsk[dict[str, str]]):
    """Which MBIDs MusicBrainz has for artists' pages at Spotify."""

    key = "mbid-url"
    service = switches.MUSICBRAINZ
    page = URLS_PAGE
    can = Q(mbid=None, spotify_id__isnull=False)

    def __init__(self, session: requests.Session) -> None:
        super().__init__()
        self._source = MusicBrainz(session, switches.access_of(self.service))

    def fetch(self, items: Sequence[DueArtist]) -> dict[str, str]:
        return self._source.mbids_of_spotify(
            [i.spotify_id for i in items if i.spotify_id]
        )

    @transaction.atomic
    def keep(
        self, items: Sequence[DueArtist], answer: dict[str, str], *, now: datetime
    ) -> None:
        claims = {i.pk: answer[i.spotify_id] for i in items if i.spotify_id in answer}
        given = mbids_claim(claims)
        memory.answers_keep(
            self.key, {i.pk: int(i.pk in given) for i in items}, now=now
        )


class IsrcAsk(ArtistAsk[tuple[ArtistItem, ...]]):
    """Who recorded a track of the artist: theirs is the MBID that has their name."""

    key = "mbid-isrc"
    service = switches.MUSICBRAINZ
    can = Q(
        Exists(Track.objects.filter(artist=OuterRef("pk")).exclude(isrc="")), mbid=None
    )

    def __init__(self, session: requests.Session) -> None:
        super().__init__()
        self._source = MusicBrainz(session, switches.access_of(self.service))

    def pick(
        self, *, ahead: Sequence[Ask[Any, Any]], now: datetime, limit: int
    ) -> list[DueArtist]:
        due = super().pick(ahead=ahead, now=now, limit=limit)
        isrcs: dict[int, list[str]] = {item.pk: [] for item in due}
        rows = Track.objects.filter(artist__in=isrcs).exclude(isrc="").order_by("pk")
        for artist, isrc in rows.values_list("artist_id", "isrc"):
            if isrc not in isrcs[artist] and len(isrcs[artist]) < _MOST_ISRCS:
                isrcs[artist].append(isrc)
        return [
            replace(item, key=replace(item.key, isrcs=tuple(isrcs[item.pk])))
            for item in due
        ]

    def fetch(self, items: Sequence[DueArtist]) -> tuple[ArtistItem, ...]:
        [item] = items
        return self._source.artists_of_isrc(item.key.isrcs[0])

    @transaction.atomic
    def keep(
        self,
        items: Sequence[DueArtist],
        answer: tuple[ArtistItem, ...],
        *,
        now: datetime,
    ) -> None:
        [item] = items
        name = name_key(item.key.name)
        mbids = {a.mbid for a in answer if a.mbid and name_key(a.name) == name}
        given: set[int] = set()
        if len(mbids) == 1:
            given = mbids_claim({item.pk: mbids.pop()})
        elif others := item.key.isrcs[1:]:
            # Asked next: the answer is remembered once there is one.
            self.queue.appendleft(replace(item, key=replace(item.key, isrcs=others)))
            return
        memory.answers_keep(self.key, {item.pk: len(given)}, now=now)
