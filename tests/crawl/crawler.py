"""Walking over the site as one person: every link, every form's address."""

import html
import json
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import unquote_plus, urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

from accounts.models import User
from musicmatch.leaving.archive import archive_of
from tests.conftest import HOST

# More than these pages are a crawl that goes in circles.
MOST = 600
_LINKS = {"href", "action", "data-hx-get", "src", "formaction"}
# What differs between two looks at one page.
_CHANGING = [
    (re.compile(r'name="csrfmiddlewaretoken" value="\w+"'), "token"),
    (re.compile(r'("X-CSRFToken": ")\w+'), "token"),
    (re.compile(r'(name="once_key" value=")[\w-]+'), "once"),
]


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    text: str
    leads_to: str = ""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in _LINKS and value]


def sign_in(person: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(person)
    return client


def look(client: Client, address: str) -> Page:
    """Ask for one page, and leave out what differs with every look."""
    answer = client.get(address)
    text = answer.text if not answer.streaming else ""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return Page(answer.status_code, text, answer.headers.get("Location", ""))


def crawl(client: Client, starts: Iterable[str]) -> dict[str, Page]:
    """Look at everything that leads on from some addresses, by address."""
    waiting, pages = list(starts), {}
    while waiting:
        address = waiting.pop()
        if address in pages:
            continue
        page = pages[address] = look(client, address)
        assert len(pages) < MOST, "the crawl does not come to an end"
        links = _Links()
        links.feed(page.text)
        waiting += [
            here
            for link in [*links.found, page.leads_to]
            if (here := _on_this_site(address, link))
        ]
    return pages


def _on_this_site(address: str, link: str) -> str:
    """Return the address behind a link, "" for other sites and files."""
    parts = urlsplit(urljoin(f"http://{HOST}{address}", html.unescape(link)))
    is_page = parts.netloc == HOST and not parts.path.startswith("/static/")
    if not link or not is_page or parts.path.startswith("/admin/"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def archive(person: User, now: datetime) -> dict[str, Page]:
    """The files of a person's own data, as pages."""
    data = BytesIO(b"".join(archive_of(person, now=now)))
    with zipfile.ZipFile(data) as opened:
        return {
            f"zip:{name}": Page(200, opened.read(name).decode())
            for name in opened.namelist()
        }


def names_of(addresses: Iterable[str]) -> set[str]:
    """Names of the views behind addresses, where there are any."""
    found = set()
    for address in addresses:
        try:
            match = resolve(urlsplit(address).path)
        except Resolver404:
            continue
        found.add(match.view_name if match.url_name else match.route)
    return found


def holding(
    pages: dict[str, Page], marks: Iterable[str], *, but: Callable[[str], bool]
) -> list[str]:
    """Say which pages hold one of these marks, and how they go on."""
    found = []
    for address, page in pages.items():
        text = f"{page.text} {page.leads_to}"
        # What one asked for stands in the field one typed it into.
        typed = unquote_plus(urlsplit(address).query).casefold()
        for mark in marks:
            if mark.casefold() in typed:
                continue
            at = text.casefold().find(mark.casefold())
            if at >= 0 and not but(address):
                excerpt = " ".join(text[max(0, at - 80) : at + 80].split())
                found.append(f"{address} holds {mark}: {json.dumps(excerpt)}")
    return found
