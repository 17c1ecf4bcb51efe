"""Walking over a site as one person: its pages as files, its forms as targets."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
import urllib3
from django.urls import Resolver404, resolve

from musicmatch.proofs.scans.routes import ENDS

_MOST = 700
_SECONDS = 60
_LINKS = {"href", "action", "data-hx-get", "formaction"}
# Pages of one route and the same query differ only in whom they are about.
_OF_A_KIND = 4
_HIDDEN_TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Target:
    """A form, or an address with a query: where text of a visitor goes."""

    method: str
    address: str
    fields: tuple[tuple[str, str], ...]

    @property
    def shape(self) -> tuple[str, str, tuple[str, ...]]:
        """The same for forms that differ only in whom or what they are about."""
        names = tuple(sorted({name for name, _ in self.fields}))
        return self.method, _route_of(self.address), names


@dataclass
class Crawl:
    """What one person came across; ``broken`` are pages of 500 and above."""

    pages: dict[str, Path] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def _route_of(address: str) -> str:
    try:
        return str(resolve(urlsplit(address).path).route)
    except Resolver404:
        return address


def _kind_of(address: str) -> tuple[str, tuple[str, ...]]:
    query = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    return _route_of(address), tuple(sorted({name for name, _ in query}))


class _Reader(HTMLParser):
    """Finds links and forms."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, str, list[tuple[str, str]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.links += [given[name] for name in _LINKS & given.keys()]
        if tag == "form":
            method = given.get("method", "get").upper()
            self.forms.append((method, given.get("action", ""), []))
        elif tag in {"input", "select", "textarea", "button"} and self.forms:
            name = given.get("name")
            if name and given.get("type") != "file":
                self.forms[-1][2].append((name, given.get("value", "")))


def session_with(cookie: str, value: str, host: str) -> requests.Session:
    """A signed-in visitor of a site of this machine; "" for nobody."""
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    made = requests.Session()
    # A certificate of the stack's own; what the machine trusts does not count.
    made.trust_env = made.verify = False
    if value:
        made.cookies.set(cookie, value, domain=host)
    return made


def crawl(
    site: str,
    starts: Iterable[str],
    visitor: requests.Session,
    folder: Path,
    *,
    most: int = _MOST,
) -> Crawl:
    """Look at these addresses and all they lead to; pages are kept as files."""
    folder.mkdir(parents=True)
    found, seen, shapes = Crawl(), set[str](), set[object]()
    kinds: Counter[object] = Counter()
    waiting = deque(starts)
    while waiting and len(found.pages) < most:
        address = waiting.popleft()
        path = urlsplit(address).path
        kind = _kind_of(address)
        if address in seen or ENDS.search(path) or kinds[kind] == _OF_A_KIND:
            continue
        seen.add(address)
        kinds[kind] += 1
        answer = visitor.get(site + address, timeout=_SECONDS, allow_redirects=False)
        if answer.status_code >= 500 and path != "/readyz":
            found.broken.append(f"{answer.status_code} {address}")
        if "Location" in answer.headers:
            waiting += _here(site, address, [answer.headers["Location"]])
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        if answer.text and answer.status_code not in {301, 302}:
            place = folder / f"{len(found.pages):04}.html"
            place.write_text(answer.text, encoding="utf-8")
            found.pages[address] = place
        reader = _Reader()
        reader.feed(answer.text)
        # Lists of the admin site lead round and round by their filters.
        links = [one for one in reader.links if not _turns_round(one, path)]
        waiting += _here(site, address, links)
        for target in _targets(site, address, reader):
            if target.shape not in shapes:
                shapes.add(target.shape)
                found.targets.append(target)
    return found


def _turns_round(link: str, path: str) -> bool:
    return path.startswith("/admin/") and "?" in link


def _here(site: str, address: str, links: Iterable[str]) -> Iterator[str]:
    for link in links:
        parts = urlsplit(urljoin(site + address, link))
        is_page = f"{parts.scheme}://{parts.netloc}" == site
        if is_page and not parts.path.startswith(("/static/", "/settings/data/export")):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def _targets(site: str, address: str, reader: _Reader) -> Iterator[Target]:
    query = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    if query:
        yield Target("GET", urlsplit(address).path, tuple(query))
    for method, action, fields in reader.forms:
        own = tuple((name, value) for name, value in fields if name != _HIDDEN_TOKEN)
        for place in _here(site, address, [action or address]):
            if not ENDS.search(place):
                yield Target(method, place, own)
