"""Every source there is: one line each."""

from enum import StrEnum
from typing import Self

from ingest.sources import lastfm, listenbrainz, own, spotify
from ingest.sources.base import Door


class Source(StrEnum):
    """A source by its key, in the order in which people are shown them."""

    SPOTIFY = spotify.DOOR
    EXPORT = own.EXPORT
    LISTENBRAINZ = listenbrainz.DOOR
    LASTFM = lastfm.DOOR
    MANUAL = own.MANUAL
    DEMO = own.DEMO
    COMMUNITY = own.COMMUNITY

    door: Door

    def __new__(cls, door: Door | str) -> Self:
        # ``Source("spotify")`` finds a member and never comes here.
        if isinstance(door, str):
            raise TypeError("A source is made of its door.")
        member = str.__new__(cls, door.key)
        member._value_ = door.key
        member.door = door
        return member

    @property
    def label(self) -> str:
        return self.door.label


def source_choices() -> list[tuple[str, str]]:
    return [(source.value, source.label) for source in Source]
