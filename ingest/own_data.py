"""What the site holds of a person's listening, to hand over."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.own_data import Part, Row
from ingest.models import (
    Artist,
    ArtistSound,
    AudioFeatures,
    ImportRun,
    Listen,
    ListeningMonth,
    MutedArtist,
    SourceLink,
    TopArtist,
    TopTrack,
)
from ingest.sound import SOUND_KEYS
from ingest.sources.export import CorruptMonth, unpack_month

_CHUNK = 2000


def parts_of(person: User) -> Iterator[Part]:
    """Return sources, imports, lists, listens, months, sounds and muted artists."""
    pk = person.pk
    yield Part("sources.json", "The sources you connected.", _sources(pk))
    yield Part("imports.json", "Each import, and how it went.", _imports(pk))
    yield Part(
        "top_artists.json",
        "Your ranked artists, by source and time range.",
        _top_artists(pk),
    )
    yield Part(
        "top_tracks.json",
        "Your ranked tracks, by source and time range.",
        _top_tracks(pk),
    )
    yield Part(
        "listens.json",
        "Each listen that is kept. “is_echo”: another source told of the same one.",
        _listens(pk),
    )
    yield Part(
        "months.json",
        "Your history by month: how often and for how many milliseconds you heard"
        " each artist.",
        _months(pk),
    )
    yield Part(
        "sounds.json",
        "How your top tracks and artists sound, and who measured it.",
        _sounds(pk),
    )
    yield Part(
        "muted_artists.json",
        "Artists you do not want counted, or shown.",
        _muted(pk),
    )


def _sources(person_id: int) -> Iterator[Row]:
    return _rows(
        SourceLink.objects.filter(person=person_id).order_by("source"),
        source="source",
        state="state",
        reason="reason",
        user_name="user_name",
        is_used="is_used",
        connected_at="connected_at",
        latest_import_at="latest_import_at",
        latest_recent_at="latest_recent_at",
        next_import_at="next_import_at",
    )


def _imports(person_id: int) -> Iterator[Row]:
    return _rows(
        ImportRun.objects.filter(person=person_id).order_by("queued_at", "pk"),
        id="pk",
        source="source",
        kind="kind",
        state="state",
        reason="reason",
        notes="notes",
        artists="artists_count",
        tracks="tracks_count",
        genres="genres_count",
        listens="listens_count",
        queued_at="queued_at",
        started_at="started_at",
        finished_at="finished_at",
    )


def _top_artists(person_id: int) -> Iterator[Row]:
    rows = TopArtist.objects.filter(person=person_id)
    return _rows(
        rows.order_by("source", "time_range", "rank"),
        source="source",
        time_range="time_range",
        rank="rank",
        artist="artist__name",
        spotify_id="artist__spotify_id",
        mbid="artist__mbid",
    )


def _top_tracks(person_id: int) -> Iterator[Row]:
    rows = TopTrack.objects.filter(person=person_id)
    return _rows(
        rows.order_by("source", "time_range", "rank"),
        source="source",
        time_range="time_range",
        rank="rank",
        track="track__name",
        artist="track__artist__name",
        spotify_id="track__spotify_id",
    )


def _listens(person_id: int) -> Iterator[Row]:
    return _rows(
        Listen.objects.filter(person=person_id).order_by("-listened_at"),
        listened_at="listened_at",
        track="track__name",
        artist="track__artist__name",
        ms_played="ms_played",
        source="source",
        is_echo="is_echo",
    )


def _months(person_id: int) -> Iterator[Row]:
    rows = ListeningMonth.objects.filter(person=person_id).order_by("month", "source")
    for row in rows.iterator(_CHUNK):
        yield {
            "month": f"{row.month:%Y-%m}",
            "source": row.source,
            "is_exact": row.is_exact,
            "first_at": row.first_at,
            "last_at": row.last_at,
            "plays": row.plays,
            "artists": _artists_of(row),
        }


def _artists_of(row: ListeningMonth) -> list[Row] | None:
    """Return a month's artists, the most played first; None for unreadable bytes."""
    try:
        heard = unpack_month(row.artists).artists
    except CorruptMonth:
        return None
    names = Artist.objects.names(heard)
    most_first = sorted(heard.items(), key=lambda of: (-of[1].plays, names[of[0]]))
    return [
        {"artist": names[artist], "plays": plays, "ms_played": ms}
        for artist, (plays, ms) in most_first
    ]


def _sounds(person_id: int) -> Iterator[Row]:
    sounds = {key: key for key in SOUND_KEYS}
    tracks = TopTrack.objects.filter(person=person_id).values("track")
    yield from _rows(
        AudioFeatures.objects.filter(track__in=tracks).order_by("pk"),
        track="track__name",
        artist="track__artist__name",
        measured_by="source",
        **sounds,
    )
    artists = TopArtist.objects.filter(person=person_id).values("artist")
    yield from _rows(
        ArtistSound.objects.filter(artist__in=artists).order_by("pk"),
        artist="artist__name",
        measured_by="source",
        **sounds,
    )


def _muted(person_id: int) -> Iterator[Row]:
    return _rows(
        MutedArtist.objects.filter(person=person_id).order_by("created_at", "pk"),
        artist="artist__name",
        is_counted="is_counted",
        is_shown="is_shown",
        created_at="created_at",
    )


def _rows(found: QuerySet[Any], **columns: str) -> Iterator[Row]:
    """Read columns under other names, some thousand rows at a time."""
    names = list(columns)
    for values in found.values_list(*columns.values()).iterator(_CHUNK):
        yield dict(zip(names, values, strict=True))
