"""What every page knows."""

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.http import PersonRequest
from social.badges import badges_of

_MOST_SHOWN = 99


@dataclass(frozen=True, slots=True)
class Place:
    """A link to a part of the site, and how much waits there for what."""

    label: str
    url: str
    icon: str
    is_current: bool
    count: int = 0
    what: str = ""

    @property
    def figure(self) -> str:
        return str(self.count) if self.count <= _MOST_SHOWN else f"{_MOST_SHOWN}+"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a signed-in person can go: the four in the bar, and those of their menu."""

    bar: tuple[Place, ...]
    menu: tuple[Place, ...]

    @property
    def waiting_in_menu(self) -> list[Place]:
        return [place for place in self.menu if place.count]


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        # Made by the header of those who are signed in, and by no other page.
        "places": SimpleLazyObject(partial(_places, cast(PersonRequest, request))),
        "spotify_enabled": bool(settings.SPOTIFY_CLIENT_ID),
        "spotify_standin": settings.SPOTIFY_STANDIN,
        "is_development": settings.DEBUG,
        "registration": settings.REGISTRATION,
    }


def _places(request: PersonRequest) -> Places:
    badges = badges_of(request.user)

    def place(
        label: str, name: str, icon: str, count: int = 0, what: str = ""
    ) -> Place:
        url = reverse(name)
        return Place(label, url, icon, request.path.startswith(url), count, what)

    return Places(
        bar=(
            place("Matches", "matching:leaderboard", "users"),
            place(
                "Messages",
                "social:conversations",
                "message-square",
                badges.messages,
                "unread",
            ),
            place(
                "Connections",
                "social:connections",
                "user-check",
                badges.requests,
                "to answer",
            ),
            place("Taste", "ingest:taste", "music"),
        ),
        menu=(
            place("Sources", "ingest:sources", "refresh-cw"),
            place("Notices", "social:notices", "bell", badges.notices, "new"),
        ),
    )
