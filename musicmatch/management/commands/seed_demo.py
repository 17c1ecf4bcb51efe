"""Make the demonstration community."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from ingest.models import Artist, Source
from ingest.names import name_key
from ingest.services import Listening
from ingest.sound import SOUND_KEYS
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem
from matching.fairness import report_make
from matching.services import index_rebuild
from musicmatch.community import (
    NameTaken,
    NewMember,
    add_members,
    say_how_to_sign_in,
    with_progress,
)
from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue
from musicmatch.demo.people import DemoPerson, demo_people
from musicmatch.demo.talks import begin_talks
from social.events import untold

PASSWORD = "listen-along"  # noqa: S105


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
        missing = people - User.objects.filter(origin=User.Origin.DEMO).count()
        if missing <= 0:
            raise CommandError(
                "There are demonstration people already: manage.py purge_demo first."
            )
        now = timezone.now()
        music = _Music()
        made = add_members(
            (music.member(person, now) for person in demo_people(people)),
            origin=User.Origin.DEMO,
            password=PASSWORD,
            now=now,
        )
        try:
            names = list(
                with_progress(
                    made, total=missing, what="Demonstration people", out=self.stdout
                )
            )
        except NameTaken as error:
            raise CommandError(str(error)) from error
        index_rebuild(now=timezone.now(), waits=True)
        report_make(now=timezone.now())
        with untold():
            begin_talks(User.objects.get(handle=names[0]), now=now)
        self.stdout.write(f"{people} demonstration people are here.")
        say_how_to_sign_in(names[0], PASSWORD, out=self.stdout)


class _Music:
    """The catalogue as items of a source, each made once."""

    def __init__(self) -> None:
        catalogue = load_catalogue()
        self._items = _items(catalogue)
        self._sound = {self._items[a.name]: _sound(a) for a in catalogue}
        self._tracks: dict[tuple[str, str], TrackItem] = {}

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
            shows_artists=person.shows_artists,
        )

    def _sources(
        self, person: DemoPerson, now: datetime
    ) -> Iterator[tuple[Source, Listening]]:
        if person.top_artists:
            yield Source.DEMO, self._listening(person, now)
        if person.picked:
            picked = tuple(self._items[name] for name in person.picked)
            yield Source.MANUAL, Listening(artists={"long_term": picked}, tracks={})

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
        sound = {item: self._sound[item] for item in named}
        return Listening(artists, tracks, listens, artist_sound=sound)

    def _track(self, artist: str, name: str) -> TrackItem:
        found = self._tracks.get((artist, name))
        if found is None:
            found = TrackItem(name=name, artist=self._items[artist])
            self._tracks[artist, name] = found
        return found


def _items(catalogue: Iterable[CatalogueArtist]) -> dict[str, ArtistItem]:
    """Artists by name. Of those whose genres are known here none are named.

    So purge_demo can tell the demonstration's genres from those of real sources.
    """
    named = Artist.objects.filter(genre_links__isnull=False)
    known = set(named.values_list("name_key", flat=True))
    return {
        a.name: ArtistItem(a.name, genres=() if name_key(a.name) in known else a.genres)
        for a in catalogue
    }


def _sound(artist: CatalogueArtist) -> AudioItem:
    return AudioItem(
        spotify_id=artist.spotify_id,
        **{key: float(getattr(artist, key)) for key in SOUND_KEYS},
    )
