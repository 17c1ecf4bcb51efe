"""Measuring pages: their time beside a bare page, their queries, their weight.

Runs in a process of its own, whose address list this module is.
"""

import gzip
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse

from accounts.models import User
from matching.models import Taste

HOST = "127.0.0.1:8000"
_TRIES = 10
# What `django-admin startproject` puts before a view.
_BARE_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# One variable in about 45 bytes, as in our own pages.
_BARE_TEMPLATE = """<!DOCTYPE html>
<html lang="en"><head><title>Bare</title></head><body><ul>
{% for line in lines %}<li class="person">
  <p class="person__name"><b>{{ line.display_name }}</b> is called {{ line.handle }}</p>
  <p class="note">Was here today at <time datetime="{{ line.when }}">{{ line.when }}\
</time></p></li>
{% endfor %}</ul></body></html>
"""
_HOSTED = re.compile(
    r"""(?:\ssrc=|<link[^>]*\shref=|url\(|@import\s)["'\s]*((?:https?:)?//[^"')\s>]+)""",
    re.IGNORECASE,
)
_ASSET = re.compile(r"""(?:<link[^>]*\shref|<script[^>]*\ssrc)=["']([^"']+)["']""")
_LINE = 180


def bare(request: HttpRequest) -> HttpResponse:
    """One query, and a template that renders to about ``size`` bytes."""
    count = max(1, int(request.GET["size"]) // _LINE)
    people = User.objects.order_by("pk").values("handle", "display_name")[:count]
    lines = [{**person, "when": "12:00"} for person in people]
    lines = list(islice(cycle(lines), count))
    return HttpResponse(_bare_template().render({"lines": lines}, request))


@cache
def _bare_template() -> Any:
    return engines["django"].from_string(_BARE_TEMPLATE)


urlpatterns = [path("bare/", bare), path("", include("musicmatch.urls"))]


@dataclass(frozen=True, slots=True)
class Pace:
    """Milliseconds of a page, the first time and later, and of the bare one beside it.

    ``size`` is the page's bytes.
    """

    first: float
    page: float
    bare: float
    size: int

    @property
    def ratio(self) -> float:
        return self.page / self.bare


def viewers(count: int) -> list[User]:
    """People spread over the community, each with a taste others see."""
    ids = list(
        Taste.objects.filter(is_visible=True)
        .order_by("person_id")
        .values_list("person_id", flat=True)
    )
    chosen = ids[:: max(1, len(ids) // count)][:count]
    return list(User.objects.filter(pk__in=chosen).order_by("pk"))


def closest_to(client: Client) -> list[str]:
    """Addresses of the explanations on the first page of a person's board."""
    page = client.get(reverse("matching:leaderboard")).content.decode()
    handles = re.findall(r'data-person="([^"]+)"', page)
    return [reverse("matching:explanation", args=[handle]) for handle in handles]


def signed_in(person: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(person)
    # The first request of a client starts the middleware, that of a person writes.
    client.get(reverse("about"))
    return client


def pace(clients: Sequence[Client], url_of: Callable[[Client], str]) -> Pace:
    """Time a page for each client and the bare one in turn; the best of ten each.

    Medians over the clients.
    """
    plain = Client(HTTP_HOST=HOST)
    with override_settings(MIDDLEWARE=_BARE_MIDDLEWARE):
        plain.handler.load_middleware()
    firsts, pages, bares, sizes = [], [], [], []
    for client in clients:
        url = url_of(client)
        firsts.append(_timed(client, url))
        size = len(client.get(url).content)
        _timed(plain, f"/bare/?size={size}")
        turns = [
            (_timed(client, url), _timed(plain, f"/bare/?size={size}"))
            for _ in range(_TRIES)
        ]
        pages.append(min(page for page, _ in turns))
        bares.append(min(bare for _, bare in turns))
        sizes.append(size)
    return Pace(median(firsts), median(pages), median(bares), int(median(sizes)))


def _timed(client: Client, url: str) -> float:
    start = perf_counter()
    response = client.get(url)
    elapsed = 1000 * (perf_counter() - start)
    if response.status_code != 200:
        raise RuntimeError(f"{url} answered {response.status_code}.")
    return elapsed


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        client.get(url)
    return len(caught)


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes as sent on a first visit, and addresses of other hosts it would ask."""

    html: int
    assets: int
    other_hosts: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.html + self.assets


def weigh(client: Client, url: str) -> Weight:
    response = client.get(url, headers={"accept-encoding": "gzip"})
    html = gzip.decompress(response.content).decode()
    assets = [_asset(address) for address in dict.fromkeys(_ASSET.findall(html))]
    texts = [html, *(plain for plain, _ in assets)]
    return Weight(
        len(response.content),
        sum(sent for _, sent in assets),
        tuple(_other_hosts(texts)),
    )


def _asset(address: str) -> tuple[str, int]:
    """Return the text of a collected static file and its bytes as sent."""
    name = address.removeprefix(settings.STATIC_URL)
    file = Path(settings.STATIC_ROOT) / name
    if name == address or not file.exists():
        return f'<script src="{address}">', 0
    packed = file.with_name(file.name + ".gz")
    sent = packed if packed.exists() else file
    return file.read_text(encoding="utf-8"), sent.stat().st_size


def _other_hosts(texts: Iterable[str]) -> list[str]:
    return [host for text in texts for host in _HOSTED.findall(text)]
