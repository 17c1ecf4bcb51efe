"""Remove the demonstration community."""

from collections import defaultdict
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from ingest.models import (
    Artist,
    ArtistGenre,
    ArtistSound,
    AudioFeatures,
    Genre,
    MutedArtist,
    Source,
    TopArtist,
    Track,
)
from ingest.names import name_key
from matching.fairness import report_make
from matching.services import index_rebuild, tastes_refresh
from musicmatch.demo.catalogue import load_catalogue
from social.models import Thread
from social.services import person_leave


class Command(BaseCommand):
    help = (
        "Remove every demonstration person with all that was theirs, and the artists,"
        " tracks, genres and sounds that only they brought."
    )

    def handle(self, **_: Any) -> None:
        now = timezone.now()
        with transaction.atomic():
            people = User.objects.filter(origin=User.Origin.DEMO)
            count = people.count()
            _end_sessions(people)
            _end_talks(people)
            people.delete()
            Thread.objects.filter(low__isnull=True, high__isnull=True).delete()
            music, touched = _remove_music()
        # Apart: the deletion holds the sequence of changes, which comes after people.
        tastes_refresh(person_ids=touched, now=now)
        index_rebuild(now=now, waits=True)
        report_make(now=now)
        self.stdout.write(
            f"Removed {count} demonstration people, and {music} rows of music that"
            " only they had."
        )


def _end_sessions(people: QuerySet[User]) -> None:
    ids = {str(pk) for pk in people.values_list("pk", flat=True)}
    ended = [
        session.pk
        for session in Session.objects.iterator()
        if session.get_decoded().get("_auth_user_id") in ids
    ]
    Session.objects.filter(pk__in=ended).delete()


def _end_talks(people: QuerySet[User]) -> None:
    """Leave whoever wrote with them what they wrote themselves."""
    for person in people.filter(thread_sides__isnull=False).distinct().order_by("pk"):
        person_leave(person_id=person.pk)


def _remove_music() -> tuple[int, set[int]]:
    """Delete what nobody else brought; return how many rows, and whom it touched."""
    removed = Track.objects.filter(
        top_track_rows__isnull=True, listens__isnull=True
    ).delete()[0]
    # One that stands for others holds them together, and what people decided about
    # an artist waits for its next import.
    unheard = Artist.objects.filter(
        top_artist_rows__isnull=True, tracks__isnull=True, others__isnull=True
    )
    removed += unheard.exclude(pk__in=MutedArtist.objects.values("artist")).delete()[0]
    genres = ArtistGenre.objects.filter(pk__in=_catalogue_links())
    sounds = ArtistSound.objects.filter(source=Source.DEMO)
    touched = _listeners_of({*_artists(genres), *_artists(sounds)})
    for rows in (genres, sounds, AudioFeatures.objects.filter(source=Source.DEMO)):
        removed += rows.delete()[0]
    removed += Genre.objects.filter(artist_links__isnull=True).delete()[0]
    return removed, touched


def _catalogue_links() -> set[int]:
    """Ids of the genre links that the catalogue brought.

    seed_demo names the genres only of artists that had none, and then all of them.
    What a loaded community says of its artists would not come back, so it stays.
    """
    catalogue = {name_key(a.name): set(a.genres) for a in load_catalogue()}
    loaded = TopArtist.objects.filter(source=Source.COMMUNITY).values("artist")
    links: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    rows = ArtistGenre.objects.filter(artist__name_key__in=catalogue)
    for pk, artist, key, genre in rows.exclude(artist__in=loaded).values_list(
        "pk", "artist_id", "artist__name_key", "genre__name"
    ):
        links[artist, key][genre] = pk
    return {
        pk
        for (_, key), by_genre in links.items()
        if catalogue[key] <= by_genre.keys()
        for genre, pk in by_genre.items()
        if genre in catalogue[key]
    }


def _artists(rows: QuerySet[Any]) -> set[int]:
    return set(rows.values_list("artist_id", flat=True))


def _listeners_of(artists: set[int]) -> set[int]:
    rows = TopArtist.objects.filter(artist__in=Artist.objects.rows_of(artists))
    return set(rows.values_list("person_id", flat=True))
