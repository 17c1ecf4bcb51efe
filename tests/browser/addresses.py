"""Every page there is: where each is looked at, and what is no page at all."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, resolve

RUN, REMOVED, LEFT, NOTICE, MESSAGE, NOTE = (uuid.UUID(int=n) for n in range(1, 7))

# Without a session.
OPEN = [
    "/",
    "/about/",
    "/about/matching/",
    "/about/privacy/",
    "/styleguide/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/invited/no-such-token/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/no-such-key/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-no-such-key/",
    "/accounts/password/reset/key/done/",
    "/accounts/spotify/login/",
    "/accounts/spotify/login/callback/?state=forged&code=x",
    "/accounts/3rdparty/login/cancelled/",
    "/accounts/3rdparty/login/error/",
    "/settings/notifications/off/no-such-token/",
    "/no-such-page/",
]
# Among people with overlapping tastes, as the first of them.
JOINED = [
    "/matches/",
    "/matches/?min_score=lots&country=NO",
    "/matches/?min_shared=99",
    "/matches/listener_4/",
    "/artists/",
    "/artists/?q=own",
    "/artists/?q=no+such+artist",
    "/people/listener_4/",
    "/people/listener_4/block/",
    "/people/listener_0/",
    "/taste/?range=long_term",
    "/taste/?range=short_term",
    "/taste/recent/",
    "/taste/recent/?page=2",
    "/settings/profile/",
    "/settings/privacy/",
    "/settings/blocked/",
    "/accounts/email/",
    "/accounts/reauthenticate/",
    "/accounts/password/change/",
    "/accounts/logout/",
]
ARTIST = "/artists/{artist}/"
# With every door of the site open, one of them closed to the person.
DOORS = [
    "/sources/",
    "/sources/upload/",
    "/sources/manual/connect/?q=portis",
    "/sources/listenbrainz/connect/",
    "/sources/lastfm/connect/",
    "/sources/lastfm/callback/?nonce=old&token=x",
    "/sources/lastfm/disconnect/",
    "/sources/community/disconnect/",
    "/sources/spotify/connect/",
]
RESTING = ["/sources/", "/sources/listenbrainz/connect/"]
# In every state of an import.
IMPORT = f"/sources/runs/{RUN}/"
PAUSED = ["/matches/", "/settings/privacy/"]
WITH_NOTHING = ["/matches/", "/matches/listener_4/", "/taste/", "/taste/recent/"]
NEWCOMER = ["/welcome/", "/sources/spotify/disconnect/", "/accounts/password/set/"]
# Between people who asked, answered, wrote and left. listener_1 asks, listener_2 is
# asked, 4 is connected, of 5 the thread is only there to read.
PEOPLE = [
    "/matches/",
    "/matches/listener_4/",
    "/matches/listener_1/",
    "/people/listener_4/",
    "/people/listener_0/?as=stranger",
    "/people/listener_6/connect/",
    "/people/listener_1/connect/",
    "/people/listener_2/connect/",
    "/connections/",
    "/connections/requests/",
    f"/connections/{REMOVED}/remove/",
    "/messages/",
    "/messages/listener_4/",
    "/messages/listener_5/",
    f"/messages/left/{LEFT}/",
    f"/people/listener_4/report/?message={MESSAGE}",
    f"/people/listener_1/report/?note={NOTE}",
    "/people/listener_3/report/",
    "/settings/blocked/",
    "/settings/privacy/",
    "/settings/notifications/",
    "/settings/muted/",
    "/settings/data/",
    "/settings/data/delete/",
    "/notices/",
    f"/notices/{NOTICE}/",
]
SUSPENDED = ["/notices/", f"/notices/{NOTICE}/", "/settings/data/"]
MAIL_OFF = "/settings/notifications/off/{token}/"
DESK = [
    "/admin/social/report/",
    "/admin/social/report/{open}/change/",
    "/admin/social/report/{decided}/change/",
    "/admin/social/appeal/{appeal}/change/",
]
# Lists and forms of the admin site are Django's own, and not looked at.
OPERATOR = ["/admin/", "/admin/status/", "/admin/ingest/sourcelink/operator/"]
LOOKED_AT = [
    *OPEN,
    *JOINED,
    ARTIST.format(artist=1),
    *DOORS,
    *RESTING,
    IMPORT,
    *PAUSED,
    *WITH_NOTHING,
    *NEWCOMER,
    *PEOPLE,
    *SUSPENDED,
    MAIL_OFF.format(token="x"),
    *(path.format(open=1, decided=2, appeal=1) for path in DESK),
    *OPERATOR,
]

_MOVED = "only leads on to another address"
_PRESSED = "only takes what a button sends"
NO_PAGES = {
    "healthz": "for machines",
    "readyz": "for machines",
    "metrics": "for machines",
    "accounts/3rdparty/": _MOVED,
    "accounts/3rdparty/signup/": "asks nothing of anybody: accounts are made at once",
    "accounts/social/login/cancelled/": _MOVED,
    "accounts/social/login/error/": _MOVED,
    "accounts/social/signup/": _MOVED,
    "accounts/social/connections/": _MOVED,
    "accounts/login/code/confirm/": "signing in by a code is not offered",
    "sources/manual/search/": "a part of the page it is asked for from",
    "sources/<slug:source>/sync/": _PRESSED,
    "sources/<slug:source>/use/": _PRESSED,
    "people/<slug:handle>/unblock/": _PRESSED,
    "connections/<uuid:connection_id>/accept/": _PRESSED,
    "connections/<uuid:connection_id>/decline/": _PRESSED,
    "connections/<uuid:connection_id>/withdraw/": _PRESSED,
    "messages/<slug:handle>/new/": "a part of the thread's page",
    "notices/<uuid:notice_id>/appeal/": _PRESSED,
    "settings/data/export/": "is a file",
    "settings/sessions/end/": _PRESSED,
}


@dataclass(frozen=True, slots=True)
class Route:
    """One address as it is configured; ``is_stock`` for Django's own admin pages."""

    path: str
    is_stock: bool


def all_routes() -> list[Route]:
    return list(_routes(get_resolver().url_patterns, ""))


def routes_of(paths: Iterable[str]) -> set[str]:
    """Return which configured addresses these paths are; leaves out what is none."""
    wanted = [path.partition("?")[0] for path in paths]
    return {resolve(path).route for path in wanted if path != "/no-such-page/"}


def _routes(
    patterns: Iterable[URLPattern | URLResolver], before: str
) -> Iterator[Route]:
    for pattern in patterns:
        path = before + str(pattern.pattern).removeprefix("^" if before else "")
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        else:
            is_djangos = pattern.callback.__module__.startswith("django.")
            yield Route(path, path.startswith("admin/") and is_djangos)
