"""What two people share in music, as whoever compares tastes tells it.

Comparing is above this app: it says at start-up who answers, and until then, or where
there is nothing to compare, the answers are empty.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from accounts.models import User
from social.models import CardKind, Connection
from social.showing import are_connected


@dataclass(frozen=True, slots=True)
class Card:
    """An artist, or a track and who made it, to begin a talk with.

    ``is_shared`` is False for what only one of the two has and could give the other.
    """

    kind: str
    name: str
    artist: str = ""
    is_shared: bool = True

    @property
    def is_track(self) -> bool:
        return self.kind == CardKind.TRACK

    def is_same(self, kind: str, name: str, artist: str) -> bool:
        return (self.kind, self.name, self.artist) == (kind, name, artist)


@dataclass(frozen=True, slots=True)
class Why:
    """Why two people are close: a sentence, a score and up to three artists."""

    score_text: str
    sentence: str
    artists: tuple[str, ...]
    url: str


class Provider(Protocol):
    def cards_between(
        self, viewer: User, person: User, connected: bool
    ) -> list[Card]: ...

    def why_of_people(
        self, viewer: User, people: Mapping[User, bool]
    ) -> dict[int, Why]: ...


_provider: Provider | None = None


def provide(provider: Provider) -> None:
    """Let ``provider`` answer from now on."""
    global _provider
    _provider = provider


def cards_between(
    viewer: User, person: User, *, connected: bool | None = None
) -> list[Card]:
    """Artists and tracks both may see, the shared ones first, each once.

    Whether the two are connected is asked, where the caller does not know it.
    """
    if _provider is None:
        return []
    if connected is None:
        connected = are_connected(viewer, person)
    return _provider.cards_between(viewer, person, connected)


def why_of(viewer: User, people_ids: Collection[int]) -> dict[int, Why]:
    """Why the viewer is close to each of these people; who is missing is not.

    In the same number of queries for one and for many.
    """
    if not people_ids:
        return {}
    pairs = Connection.objects.with_any_of(viewer.pk, people_ids)
    connected = pairs.partners_of(viewer.pk)
    people = User.objects.filter(pk__in=people_ids)
    return why_of_people(viewer, {one: one.pk in connected for one in people})


def why_of_people(viewer: User, people: Mapping[User, bool]) -> dict[int, Why]:
    """Say the same of people already read, and of each whether they are connected."""
    if _provider is None or not people:
        return {}
    return _provider.why_of_people(viewer, people)
