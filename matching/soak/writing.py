"""Someone who changes the community all the time, by the services a page calls."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from random import Random
from time import sleep, time
from typing import Final

from django.db import transaction
from django.db.utils import IntegrityError, OperationalError
from django.utils import timezone

from accounts.models import User
from accounts.services import matching_pause, matching_resume, person_join
from ingest.models import Source, TimeRange
from ingest.music import Library
from ingest.services import (
    Listening,
    SourceUnknown,
    listening_replace,
    source_disconnect,
    source_link,
)
from ingest.sources.base import ArtistItem, AudioItem
from matching.services import refreshes_gathered
from social.models import Block

_ARTISTS = 3_000
_GENRES = 40
_MOST_LISTED = 60
_AT_ONCE = 50
_PAUSE_SECONDS = 0.02
_COUNTRIES = ("", "DE", "FR", "GB", "NL", "PL")
_OFTEN: Final = {
    "imports": 45,
    "joins": 11,
    "pauses": 12,
    "returns": 10,
    "blocks": 9,
    "unblocks": 3,
    "deletions": 10,
    "disconnects": 3,
}


class Writer:
    """Draws what happens next; the same seed draws the same."""

    def __init__(self, name: str, *, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self._name = name
        # Nothing here is a secret: the point is that it can be repeated.
        self._random = Random(f"{seed}:{name}")  # noqa: S311
        self._number = 0
        self._verbs: dict[str, Callable[[datetime], None]] = {
            "imports": self._import,
            "joins": self._join,
            "pauses": self._pause,
            "returns": self._return,
            "blocks": self._block,
            "unblocks": self._unblock,
            "deletions": self._delete,
            "disconnects": self._disconnect,
        }

    def settle(self, people: int) -> None:
        """Make so many people who have joined, with their listening."""
        library = Library()
        for start in range(0, people, _AT_ONCE):
            now = timezone.now()
            with transaction.atomic(), refreshes_gathered(now=now):
                for _ in range(min(_AT_ONCE, people - start)):
                    self._newcomer(now, library)

    def run(self, until: float) -> None:
        """Change something, again and again, until this moment."""
        while time() < until:
            self.step()
            sleep(_PAUSE_SECONDS * self._random.random())

    def step(self) -> None:
        """Change one thing, and count it."""
        [verb] = self._random.choices(list(_OFTEN), list(_OFTEN.values()))
        try:
            self._verbs[verb](timezone.now())
        except (User.DoesNotExist, SourceUnknown):
            # Someone else took the person away first.
            self.done["came too late"] += 1
        except (IntegrityError, OperationalError) as error:
            self.done[f"refused: {str(error).splitlines()[0][:60]}"] += 1
        else:
            self.done[verb] += 1

    def _someone(self) -> User:
        last = User.objects.order_by("pk").last()
        start = self._random.randint(0, last.pk if last else 0)
        person: User = User.objects.filter(pk__gte=start).order_by("pk")[:1].get()
        return person

    def _import(self, now: datetime) -> None:
        with transaction.atomic():
            self._listen(self._someone(), now, Library())

    def _join(self, now: datetime) -> None:
        with transaction.atomic():
            self._newcomer(now, Library())

    def _newcomer(self, now: datetime, library: Library) -> None:
        self._number += 1
        handle = f"{self._name}_{self._number}"
        person = User.objects.create(username=handle, last_active_at=now)
        country = self._random.choice(_COUNTRIES)
        person_join(
            person=person, handle=handle, display_name="", country=country, now=now
        )
        self._listen(person, now, library)

    def _listen(self, person: User, now: datetime, library: Library) -> None:
        source = self._random.choice((Source.DEMO, Source.DEMO, Source.SPOTIFY))
        artists = self._artists()
        sound = {item: _sound_of(item) for item in artists if _is_measured(item)}
        source_link(person_id=person.pk, source=source, now=now)
        listening_replace(
            person_id=person.pk,
            source=source,
            listening=Listening(
                artists={TimeRange.LONG: artists, TimeRange.SHORT: artists[:9][::-1]},
                tracks={},
                artist_sound=sound,
            ),
            now=now,
            library=library,
        )

    def _artists(self) -> tuple[ArtistItem, ...]:
        """From none to sixty artists, few of them had by many."""
        size = int(_MOST_LISTED * self._random.random() ** 1.5)
        drawn = (int(_ARTISTS * self._random.random() ** 4) for _ in range(size))
        return tuple(_artist(number) for number in dict.fromkeys(drawn))

    def _pause(self, now: datetime) -> None:
        matching_pause(person=self._someone(), now=now)

    def _return(self, now: datetime) -> None:
        paused = User.objects.filter(paused_at__isnull=False).order_by("?").first()
        if paused is not None:
            matching_resume(person=paused, now=now)

    def _block(self, now: datetime) -> None:
        mine, theirs = self._someone(), self._someone()
        if mine.pk != theirs.pk:
            Block.objects.get_or_create(
                blocker=mine, blocked=theirs, defaults={"created_at": now}
            )

    def _unblock(self, _: datetime) -> None:
        block = Block.objects.order_by("?").first()
        if block is not None:
            block.delete()

    def _delete(self, _: datetime) -> None:
        self._someone().delete()

    def _disconnect(self, now: datetime) -> None:
        person = self._someone()
        source_disconnect(person_id=person.pk, source=Source.DEMO, now=now)


def _artist(number: int) -> ArtistItem:
    genres = (f"genre {number % _GENRES}", f"genre {number % 7}")
    return ArtistItem(f"Artist {number}", genres=genres)


def _is_measured(item: ArtistItem) -> bool:
    return item.name.endswith(("0", "2", "4"))


def _sound_of(item: ArtistItem) -> AudioItem:
    draw = Random(item.name)  # noqa: S311
    return AudioItem(
        "",
        tempo=draw.uniform(70, 180),
        energy=draw.random(),
        valence=draw.random(),
        danceability=draw.random(),
        acousticness=draw.random(),
        loudness=draw.uniform(-20, -3),
    )
