"""A made-up crowd of people who write to each other, and what their pages cost."""

import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from musicmatch.page_bench import HOST, signed_in
from social.badges import badges_of
from social.models import Block, Connection, Message, Thread, ThreadSide
from social.visibility import people_visible_to

VIEWERS = 10
_MOST_PARTNERS = 40
_MOST_LINES = 40
_BATCH = 5_000
_FILLING_PAGES = 100_000
# One message in so many was not seen yet.
_UNSEEN = 100
_WORDS = "have you heard the second side of that record it never ends".split()

_Row = TypeVar("_Row", bound=Any)


@dataclass(frozen=True, slots=True)
class Sizes:
    people: int
    connections: int
    messages: int

    @property
    def tenth(self) -> "Sizes":
        return Sizes(self.people // 10, self.connections // 10, self.messages // 10)

    @property
    def partners(self) -> int:
        """With how many people each of those we look through is connected."""
        half = self.tenth.connections // (2 * VIEWERS)
        return min(_MOST_PARTNERS, half, self.tenth.people // 2)

    @property
    def lines(self) -> int:
        """How long their conversations are at least."""
        return min(_MOST_LINES, self.tenth.messages // (2 * VIEWERS * self.partners))


# --- The crowd ------------------------------------------------------------


class Crowd:
    """People, connections and messages that grow; the viewers keep what they have.

    So whatever gets slower does so because of what others have. ``people`` are ids of
    those who are here already, in order.
    """

    def __init__(
        self,
        sizes: Sizes,
        *,
        now: datetime,
        seed: int = 7,
        people: Iterable[int] = (),
    ) -> None:
        self.sizes = sizes
        self._now = now
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._people = list(people)
        self._pairs: set[tuple[int, int]] = set()
        self._threads: list[tuple[int, int, int]] = []
        self._sent = 0

    @property
    def viewers(self) -> list[User]:
        return list(User.objects.filter(pk__in=self._people[:VIEWERS]).order_by("pk"))

    def grow(self, to: Sizes) -> None:
        """Add what is missing to these sizes."""
        with _filling():
            self._grow(to)

    def _grow(self, to: Sizes) -> None:
        is_first = not self._pairs
        self._add_people(to.people)
        pairs = list(self._first_pairs()) if is_first else []
        others = self._people[VIEWERS:]
        while len(self._pairs) < to.connections:
            pairs += self._pair(*self._random.sample(others, 2))
        new = self._connect(pairs)
        talks = [thread for thread in new for _ in range(self.sizes.lines)]
        talks = talks[: VIEWERS * self.sizes.partners * self.sizes.lines]
        talks = talks if is_first else []
        more = to.messages - self._sent - len(talks)
        talks += self._random.choices(self._threads, k=max(0, more))
        # As people write: not one conversation after the other.
        self._random.shuffle(talks)
        _insert(Message, self._messages(talks))
        _bring_up_to_date()

    def _add_people(self, upto: int) -> None:
        numbers = range(len(self._people), upto)
        joined = self._now - timedelta(days=90)
        _insert(
            User,
            (
                User(
                    username=f"login-{number}",
                    handle=f"person_{number}",
                    display_name=f"Person {number}",
                    password="!",  # noqa: S106 - nobody signs in with it
                    joined_at=joined,
                    last_active_at=self._now,
                    is_hidden=number % 50 == 49,
                )
                for number in numbers
            ),
        )
        ids = User.objects.order_by("pk").values_list("pk", flat=True)
        self._people = list(ids)
        _insert(Block, self._blocks(self._people[numbers.start :]))

    def _blocks(self, people: Iterable[int]) -> Iterator[Block]:
        """Everyone new blocks one person, and one in a hundred a viewer."""
        for number, person in enumerate(people):
            among = self._people[:VIEWERS] if number % 100 == 99 else self._people
            blocked = self._random.choice(among)
            if blocked != person:
                yield Block(blocker_id=person, blocked_id=blocked, created_at=self._now)

    def _first_pairs(self) -> Iterator[tuple[int, int]]:
        for viewer in self._people[:VIEWERS]:
            others = self._random.sample(self._people[VIEWERS:], self.sizes.partners)
            for other in others:
                yield from self._pair(viewer, other)

    def _pair(self, a: int, b: int) -> Iterator[tuple[int, int]]:
        pair = (min(a, b), max(a, b))
        if pair not in self._pairs:
            self._pairs.add(pair)
            yield pair

    def _connect(self, pairs: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
        """Connect pairs; return their threads as (thread, low, high), in that order."""
        then = self._now - timedelta(days=60)
        times = {"requested_at": then, "changed_at": then, "accepted_at": then}
        accepted = Connection.State.ACCEPTED
        _insert(
            Connection,
            (
                Connection(requester_id=a, addressee_id=b, state=accepted, **times)
                for a, b in pairs
            ),
        )
        _insert(
            Thread, (Thread(low_id=a, high_id=b, created_at=then) for a, b in pairs)
        )
        ids = {
            (low, high): pk
            for pk, low, high in Thread.objects.values_list("pk", "low", "high")
        }
        new = [(ids[pair], *pair) for pair in pairs]
        _insert(
            ThreadSide,
            (
                ThreadSide(thread_id=pk, person_id=a, other_id=b, last_message_at=then)
                for pk, low, high in new
                for a, b in ((low, high), (high, low))
            ),
        )
        self._threads += new
        return new

    def _messages(self, talks: list[tuple[int, int, int]]) -> Iterator[Message]:
        start = self._now - timedelta(days=60)
        step = timedelta(days=59) / self.sizes.messages
        for thread, low, high in talks:
            sent_at = start + self._sent * step
            self._sent += 1
            words = self._random.choices(_WORDS, k=self._random.randint(3, 25))
            yield Message(
                thread_id=thread,
                sender_id=self._random.choice((low, high)),
                body=" ".join(words),
                sent_at=sent_at,
                once_key=uuid.uuid4(),
                seen_at=None if self._sent % _UNSEEN == 0 else sent_at,
            )


@contextmanager
def _filling() -> Iterator[None]:
    """Keep more of SQLite's indexes in memory than the site does."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        [kept] = cursor.execute("PRAGMA cache_size").fetchone()
        cursor.execute(f"PRAGMA cache_size = {_FILLING_PAGES}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA cache_size = {kept}")


def _insert(model: type[_Row], rows: Iterable[_Row]) -> None:
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        model.objects.bulk_create(batch, ignore_conflicts=model is Block)


def _bring_up_to_date() -> None:
    """Let every side know its newest message and what it has not seen."""
    said = Message.objects.filter(thread=OuterRef("thread"))
    unseen = said.filter(seen_at__isnull=True).exclude(sender=OuterRef("person"))
    ThreadSide.objects.update(
        last_message=_one(said, Max("pk")),
        last_message_at=Coalesce(_one(said, Max("sent_at")), "last_message_at"),
        unread=Coalesce(_one(unseen, Count("pk")), 0),
    )
    if connection.vendor == "postgresql":
        # As its own housekeeping does within a minute.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _one(messages: QuerySet[Message], value: Max | Count) -> Subquery:
    by_thread = messages.order_by().values("thread").annotate(value=value)
    return Subquery(by_thread.values("value"))


# --- The pages ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """Queries at most, and medians of milliseconds: its own, and a bare page's beside.

    A machine that does other things as well slows both.
    """

    queries: int
    milliseconds: float
    bare: float

    @property
    def in_bare_pages(self) -> float:
        return self.milliseconds / self.bare


_Look = Callable[[], object]


def costs(viewers: Iterable[User], *, tries: int) -> dict[str, Cost]:
    """Measure every page through every viewer: its queries, and the best time."""
    bare = _get(Client(HTTP_HOST=HOST), reverse("about"))
    found: dict[str, list[Cost]] = {}
    for viewer in viewers:
        for name, look in _looks(viewer).items():
            queries = _queries(look)
            turns = [(_timed(look), _timed(bare)) for _ in range(tries)]
            best = [min(times) for times in zip(*turns, strict=True)]
            found.setdefault(name, []).append(Cost(queries, *best))
    return {
        name: Cost(
            max(cost.queries for cost in each),
            median(cost.milliseconds for cost in each),
            median(cost.bare for cost in each),
        )
        for name, each in found.items()
    }


def _looks(viewer: User) -> dict[str, _Look]:
    client = signed_in(viewer)
    sides = ThreadSide.objects.of(viewer.pk).exclude(last_message=None)
    there = sides.filter(other__in=people_visible_to(viewer)).newest_first()
    newest = there.select_related("other", "last_message")[0]
    if newest.other is None or newest.last_message is None:
        raise RuntimeError("The newest conversation is empty.")
    thread = reverse("social:thread", args=[newest.other.handle])
    news = reverse("social:thread_news", args=[newest.other.handle])
    after = f"{news}?after={newest.last_message.public_id}"
    return {
        "connections": _get(client, reverse("social:connections")),
        "conversations": _get(client, reverse("social:conversations")),
        "newest page of a thread": _get(client, thread),
        "counts in the navigation": lambda: badges_of(viewer),
        "asking for news, none there": _get(client, after, expected=204),
    }


def _get(client: Client, url: str, *, expected: int = 200) -> _Look:
    def look() -> None:
        status = client.get(url).status_code
        if status != expected:
            raise RuntimeError(f"{url} answered {status}.")

    return look


def _queries(look: _Look) -> int:
    # The first look may write: what was unread is read then.
    look()
    with CaptureQueriesContext(connection) as caught:
        look()
    return len(caught)


def _timed(look: _Look) -> float:
    start = perf_counter()
    look()
    return 1000 * (perf_counter() - start)
