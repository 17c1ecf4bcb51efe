"""Make the demonstration community."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from ingest.models import Source
from ingest.services import Listening
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem
from matching.services import index_rebuild
from musicmatch.community import (
    NewMember,
    add_members,
    shared_password,
    with_progress,
)
from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.demo.people import DemoPerson, demo_people

PASSWORD = "listen-along"  # noqa: S105
_SOUND = (
    "tempo",
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "loudness",
)


class Command(BaseCommand):
    help = (
        "Make fictional people who listen to a catalogue of real artists. The same"
        " number always makes the same people. manage.py purge_demo removes them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=300)

    def handle(self, *, people: int, **_: Any) -> None:
        if people < 1:
            raise CommandError("Give a number of people from 1 up.")
        if User.objects.filter(origin=User.Origin.DEMO).exists():
            raise CommandError(
                "There are demonstration people already: manage.py purge_demo first."
            )
        now = timezone.now()
        music = _Music()
        members = (music.member(person, now) for person in demo_people(people))
        made = add_members(
            members,
            origin=User.Origin.DEMO,
            password_hash=shared_password(PASSWORD if settings.DEBUG else None),
            now=now,
        )
        shown = with_progress(
            made, total=people, what="Demonstration people", out=self.stdout
        )
        first = [person.username for person in shown][0]
        index_rebuild(now=timezone.now())
        self.stdout.write(f"{people} demonstration people are here.")
        if settings.DEBUG:
            self.stdout.write(
                f"Sign in as any of them, for example {first}, with the password"
                f" {PASSWORD}."
            )


class _Music:
    """The catalogue as items of a source."""

    def __init__(self) -> None:
        self._artists = {artist.name: artist for artist in load_catalogue()}
        self._items = {
            name: ArtistItem(name, genres=artist.genres)
            for name, artist in self._artists.items()
        }

    def member(self, person: DemoPerson, now: datetime) -> NewMember:
        # Everyone was here at another moment of the last six weeks.
        away = timedelta(hours=sum(map(ord, person.handle)) * 37 % 1008)
        return NewMember(
            username=person.handle,
            handle=person.handle,
            display_name=person.display_name,
            country=person.country,
            bio=person.bio,
            time_zone=person.time_zone,
            last_active_at=now - away,
            listening=tuple(self._sources(person, now)),
        )

    def _sources(
        self, person: DemoPerson, now: datetime
    ) -> list[tuple[Source, Listening]]:
        found = []
        if person.top_artists:
            found.append((Source.DEMO, self._listening(person, now)))
        if person.picked:
            picked = tuple(self._items[name] for name in person.picked)
            listening = Listening(artists={"long_term": picked}, tracks={})
            found.append((Source.MANUAL, listening))
        return found

    def _listening(self, person: DemoPerson, now: datetime) -> Listening:
        artists = {
            time_range: tuple(self._items[name] for name in names)
            for time_range, names in person.top_artists.items()
        }
        tracks = {
            time_range: tuple(self._track(a, t) for a, t in pairs)
            for time_range, pairs in person.top_tracks.items()
        }
        listens = tuple(
            ListenItem(
                self._track(listen.artist, listen.track),
                now - timedelta(minutes=listen.minutes_ago),
            )
            for listen in person.listens
        )
        named = {item for items in artists.values() for item in items}
        sound = {item: _sound(self._artists[item.name]) for item in named}
        return Listening(artists, tracks, listens, artist_sound=sound)

    def _track(self, artist: str, track: str) -> TrackItem:
        return TrackItem(name=track, artist=self._items[artist])


def _sound(artist: CatalogueArtist) -> AudioItem:
    return AudioItem(
        spotify_id=artist.spotify_id,
        **{key: float(getattr(artist, key)) for key in _SOUND},
    )
