"""Remove the demonstration community."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import User
from ingest.models import Artist, Genre, Track
from matching.services import index_rebuild


class Command(BaseCommand):
    help = (
        "Remove every demonstration person with all that was theirs, and the artists,"
        " tracks and genres nobody else has."
    )

    def handle(self, **_: Any) -> None:
        people, rows = User.objects.filter(origin=User.Origin.DEMO).delete()
        tracks = Track.objects.filter(
            top_track_rows__isnull=True, listens__isnull=True
        ).delete()[0]
        artists = Artist.objects.filter(
            top_artist_rows__isnull=True, tracks__isnull=True
        ).delete()[0]
        genres = Genre.objects.filter(artist_links__isnull=True).delete()[0]
        index_rebuild(now=timezone.now())
        self.stdout.write(
            f"Removed {rows.get('accounts.User', 0)} demonstration people with"
            f" {people} rows, and {tracks + artists + genres} rows of music that only"
            " they had."
        )
