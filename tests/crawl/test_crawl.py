"""Whoever must not see someone finds no trace of them, on any page there is.

One person walks over the whole site, follows every link and asks every address there is
for the other. New pages are found by themselves, or missed by name.
"""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import account_close, matching_pause
from social.services import block_create
from tests.conftest import NOW
from tests.crawl.conftest import ONLY_ADAS, Community, ada_comes, adas_values
from tests.crawl.crawler import (
    Page,
    archive,
    crawl,
    holding,
    look,
    names_of,
    sign_in,
)
from tests.crawl.routes import Route, filled, routes

STARTS = (
    "/",
    "/styleguide/",
    "/healthz",
    "/about/",
    "/matches/?q=zephyr",
    "/matches/?country=DE",
    "/matches/?min_shared=1",
    "/artists/?q=Portishead",
    "/artists/?q=" + ONLY_ADAS.replace(" ", "+"),
    "/sources/manual/search/?q=Quixotic",
    "/settings/muted/",
    "/settings/muted/?q=Quixotic",
    "/settings/notifications/",
    "/settings/data/",
    "/notices/",
)
# What no crawl comes to by itself, and why that is no hole.
NOT_CRAWLED = {
    "socialaccount_connections": "stands behind our own redirect, and is never reached",
    "accounts:invited": "its token is the permission, and leads to the sign-up",
    "social:mail_off": "its token is the permission, and is nobody else's to know",
}
# Values for addresses that are asked for whoever looks.
OWN_VALUES = {
    "source": ["export", "none"],
    "key": ["none"],
    "uidb36": ["1"],
    "pk": ["1"],
}
# Where one may read of someone one blocked: to take it back, and to report them.
OWN_BLOCKS = (
    "/settings/blocked/",
    "/people/zephyr_ada/unblock/",
    "zip:blocked.json",
)
REPORT = "/people/zephyr_ada/report/"
# How rare an artist is here is part of a score that is the same for both of a pair: it
# counts everyone who takes part, and those one blocked with them.
RARITY = re.compile(r"\d+ (?:people|person) here")


def see_everything(community: Community) -> dict[str, Page]:
    """Walk over the site as Dee, signed in, and as nobody; open Dee's archive."""
    client = sign_in(community.dee)
    fixed = [f"/{route.address}" for route in routes() if not route.parameters]
    pages = crawl(client, [*STARTS, *_filled(OWN_VALUES)])
    for address in fixed:
        # Not started from: allauth sends people on to where they came from.
        pages.setdefault(address.replace("^", ""), look(client, _plain(address)))
    stranger = crawl(Client(), ["/"])
    pages |= {f"nobody:{address}": page for address, page in stranger.items()}
    return pages | archive(community.dee, NOW)


def _read_the_news(community: Community) -> None:
    """Look once at what is new only the first time."""
    client = sign_in(community.dee)
    notice = community.dee.notices.get(kind="decision")
    for address in (
        "/connections/requests/",
        "/messages/ben_here/",
        f"/notices/{notice.public_id}/",
    ):
        assert client.get(address).status_code == 200


def _plain(address: str) -> str:
    return address.replace("^", "")


def _filled(values: dict[str, list[str]]) -> list[str]:
    """Return every address whose parameters all have values."""
    return [
        address
        for route in routes()
        if route.parameters and set(route.parameters) <= values.keys()
        for address in _addresses(route, values)
    ]


def _addresses(route: Route, values: dict[str, list[str]]) -> list[str]:
    """Fill in every value of the one parameter, the first of all others."""
    [first, *rest] = route.parameters
    found = []
    for value in values[first]:
        given = {first: value, **{name: values[name][0] for name in rest}}
        found.append(filled(route, given))
    return found


# --- The worlds -----------------------------------------------------------


def _ada_blocks(here: Community, ada: User) -> None:
    block_create(blocker=ada, blocked=here.dee, now=NOW)


def _dee_blocks(here: Community, ada: User) -> None:
    block_create(blocker=here.dee, blocked=ada, now=NOW)


def _both_block(here: Community, ada: User) -> None:
    _ada_blocks(here, ada)
    _dee_blocks(here, ada)


def _ada_hides(here: Community, ada: User) -> None:
    _set(ada, is_hidden=True)


def _dee_hides(here: Community, ada: User) -> None:
    _set(here.dee, is_hidden=True)


def _ada_pauses(here: Community, ada: User) -> None:
    matching_pause(person=ada, now=NOW)


def _ada_is_suspended(here: Community, ada: User) -> None:
    _set(ada, suspended_until=timezone.now() + timedelta(days=3))


def _ada_is_inactive(here: Community, ada: User) -> None:
    _set(ada, is_active=False)


def _set(person: User, **values: object) -> None:
    """Save whole, as the admin site does: matching hears of it."""
    for name, value in values.items():
        setattr(person, name, value)
    person.save()


World = Callable[[Community, User], None]
# Each: what happens, and whether the two knew each other before.
WORLDS: dict[str, tuple[World, bool]] = {
    "ada blocks dee": (_ada_blocks, True),
    "dee blocks ada": (_dee_blocks, True),
    "both block": (_both_block, True),
    "a stranger blocks dee": (_ada_blocks, False),
    "a stranger hides": (_ada_hides, False),
    "a stranger pauses": (_ada_pauses, False),
    "a connection pauses": (_ada_pauses, True),
    "a connection is suspended": (_ada_is_suspended, True),
    "a stranger is suspended": (_ada_is_suspended, False),
    "a stranger is switched off": (_ada_is_inactive, False),
    "a stranger leaves": (lambda here, ada: account_close(person=ada, now=NOW), False),
}


@pytest.mark.parametrize("name", WORLDS)
def test_no_page_shows_who_must_not_be_seen(community: Community, name: str) -> None:
    happens, meets_dee = WORLDS[name]
    _read_the_news(community)
    before = see_everything(community)
    ada = ada_comes(community, meets_dee=meets_dee)
    values = adas_values(community)
    happens(community, ada)
    after = see_everything(community)
    asked = ask_for(community, values)

    may_hold = _may_hold(name)
    traces = holding(after | asked, community.marks, but=may_hold)
    # An artist's own page, asked for by its number, names the artist.
    artists = {a: p for a, p in asked.items() if a.startswith("/artists/")}
    others = {a: p for a, p in (after | asked).items() if a not in artists}
    traces += holding(others, [ONLY_ADAS], but=may_hold)
    assert not traces, "\n".join(traces)
    differences = _differences(before, after, but=may_hold)
    assert not differences, "\n".join(differences)
    unlike = _unlike_missing(community, asked, but=may_hold)
    assert not unlike, "\n".join(unlike)


def _may_hold(name: str) -> Callable[[str], bool]:
    """Return which pages may show Ada in a world."""
    is_own = name in ("dee blocks ada", "both block")
    knew_her = WORLDS[name][1]
    allowed = (*(OWN_BLOCKS if is_own else ()), *((REPORT,) if knew_her else ()))
    return lambda address: address.startswith(allowed)


def _differences(
    before: dict[str, Page], after: dict[str, Page], *, but: Callable[[str], bool]
) -> list[str]:
    """Say where the site differs from the one in which the person never was."""
    addresses = {a for a in before.keys() | after.keys() if not but(a)}
    # One's own words to them are one's own.
    addresses -= {"zip:messages.json"}
    changes = {a: _change(before.get(a), after.get(a)) for a in sorted(addresses)}
    return [f"{address}: {change}" for address, change in changes.items() if change]


def _change(one: Page | None, other: Page | None) -> str:
    if one is None or other is None:
        return "only there with them" if one is None else "gone with them"
    if (one.status, one.leads_to) != (other.status, other.leads_to):
        return f"{one.status} became {other.status}"
    lines = [RARITY.sub("", page.text).splitlines() for page in (one, other)]
    changed = [
        f"{a.strip()} -> {b.strip()}" for a, b in zip(*lines, strict=False) if a != b
    ]
    if len(lines[0]) != len(lines[1]):
        changed.append(f"{len(lines[0])} lines became {len(lines[1])}")
    return " | ".join(changed[:6])


# --- Asking for them by address -------------------------------------------


def ask_for(here: Community, values: dict[str, list[str]]) -> dict[str, Page]:
    """Ask for every address that can name Ada or something of hers."""
    client = sign_in(here.dee)
    return {address: look(client, address) for address in _theirs(values)}


def _theirs(values: dict[str, list[str]]) -> list[str]:
    given = {name: found for name, found in values.items() if name != "token"}
    return _filled(given)


def _unlike_missing(
    here: Community, asked: dict[str, Page], *, but: Callable[[str], bool]
) -> list[str]:
    """Say which answers differ from those for someone who never was."""
    client = sign_in(here.dee)
    found = []
    for address, page in asked.items():
        if address.startswith("/artists/") or but(address):
            continue
        missing = look(client, _of_nobody(address, here))
        if page != missing:
            found.append(f"{address}: {page.status} instead of {missing.status}")
    return found


def _of_nobody(address: str, here: Community) -> str:
    """The same address, of a person or thing there is not."""
    values = adas_values(here)
    for value in values["handle"]:
        address = address.replace(f"/{value}/", "/nobody_here/")
    for name in ("connection_id", "thread_id", "notice_id", "run_id"):
        for value in values[name]:
            address = address.replace(value, "00000000-0000-4000-8000-000000000000")
    return address


# --- Nothing is left out --------------------------------------------------


def test_every_route_is_walked(community: Community) -> None:
    pages = see_everything(community)
    ada_comes(community, meets_dee=True)
    asked = ask_for(community, adas_values(community))
    visited = names_of([*pages, *asked])
    routed = {route.name for route in routes()}
    # A new route fails here when nothing leads to it.
    assert routed - visited - NOT_CRAWLED.keys() == set()
    assert NOT_CRAWLED.keys() <= routed


def test_every_parameter_can_be_filled(community: Community) -> None:
    ada_comes(community, meets_dee=True)
    known = adas_values(community).keys() | OWN_VALUES.keys()
    needed = {name for route in routes() for name in route.parameters}
    # A new kind of parameter fails here, until the crawl knows whose it can be.
    assert needed - known == set()


def test_the_crawl_sees_who_may_be_seen(community: Community) -> None:
    # The other tests prove nothing if Ada were shown to nobody anyway.
    ada_comes(community, meets_dee=True)
    pages = see_everything(community)
    held = _addresses_holding(pages, ["zephyr_ada"])
    assert {"/matches/", "/matches/zephyr_ada/", "/people/zephyr_ada/"} <= held
    assert {"/connections/", "/messages/", "/messages/zephyr_ada/"} <= held
    assert {"zip:connections.json", "zip:messages.json"} <= held
    assert any(address.startswith("/artists/") for address in held)


def _addresses_holding(pages: dict[str, Page], marks: Iterable[str]) -> set[str]:
    found = holding(pages, marks, but=lambda address: False)
    return {line.split(" holds ")[0] for line in found}


def test_no_page_fails(community: Community) -> None:
    ada_comes(community, meets_dee=True)
    pages = see_everything(community) | ask_for(community, adas_values(community))
    assert {a: p.status for a, p in pages.items() if p.status >= 500} == {}
