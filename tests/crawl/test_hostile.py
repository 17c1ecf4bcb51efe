"""Every form and every query with what they are not for: nothing fails, and nothing is
shown as it was typed.
"""

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.crawl.conftest import Community
from tests.crawl.crawler import sign_in
from tests.crawl.posts import FINE, Form, forms_of, our_routes, send, tell, undone

SCRIPT = "<script>alert(1)</script>"
HOSTILE = {
    "a megabyte": "word " * 200_000,
    "nothing to see": "\u200b\u200e\u202e\u2066\u00ad",
    "right to left": "\u202eevil\u202c \u2067שלום\u2069",
    "a script": SCRIPT,
    "in an attribute": f"\"'><img src=x onerror=alert(1)>{SCRIPT}",
    "ten thousand emoji": "👩‍👩‍👧‍👦" * 10_000,
    "null bytes": "a\x00b\x00",
    "a large number": "9" * 400,
}


@pytest.fixture
def forms(community: Community) -> dict[str, Form]:
    return forms_of(community)


@pytest.fixture
def client(community: Community) -> Client:
    client = sign_in(community.dee)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts(
    client: Client, community: Community, forms: dict[str, Form], kind: str
) -> None:
    problems = []
    for form in forms.values():
        if not form.texts:
            continue
        for sent in _worded(form, HOSTILE[kind]):
            with undone():
                answer = send(client, sent)
                pages = [answer.text, *_pages_after(client, answer)]
            if answer.status_code not in FINE:
                problems.append(f"{form.name} {sent.texts}: {answer.status_code}")
            if any(_is_raw(page) for page in pages):
                problems.append(f"{form.name} {sent.texts}: shown as it was typed")
    tell(problems)


def _worded(form: Form, text: str) -> list[Form]:
    """The form with the text in all of its fields, and in each one alone."""
    each = [Form(form.route, form.values, form.data, (name,)) for name in form.texts]
    return [one.saying(text) for one in (form, *each)]


def _pages_after(client: Client, answer: HttpResponse) -> list[str]:
    place = answer.headers.get("Location", "").partition("#")[0]
    is_ours = place.startswith("/") and not place.startswith("/accounts/")
    return [client.get(place, follow=True).text] if is_ours else []


def _is_raw(page: str) -> bool:
    return SCRIPT in page or "<img src=x" in page


@pytest.mark.parametrize("kind", ["a script", "null bytes", "a large number"])
def test_hostile_queries(community: Community, client: Client, kind: str) -> None:
    text, problems = HOSTILE[kind], []
    names = ("q", "page", "before", "after", "range", "artist", "kind", "name", "as")
    filters = ("country", "min_shared", "min_score", "genre", "active_days", "sent")
    for route in our_routes().values():
        values = {"handle": "ben_here", "source": "manual", "pk": "1"}
        if not set(route.parameters) <= values.keys():
            continue
        form = Form(route, {name: values[name] for name in route.parameters})
        answer = client.get(form.address, dict.fromkeys((*names, *filters), text))
        page = "" if answer.streaming else answer.text
        if answer.status_code not in FINE or _is_raw(page):
            problems.append(f"{route.name}: {answer.status_code}")
    tell(problems)
