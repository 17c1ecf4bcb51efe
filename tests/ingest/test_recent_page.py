"""What one played recently, each source apart."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from ingest.models import Source
from tests.ingest.conftest import (
    heard,
    text,
)

RECENT = "/taste/recent/"


def listed(response: Any) -> dict[str, list[str]]:
    """The tracks of each source, in the order of the page."""
    lists = response.context["lists"]
    return {shown.source: [row.track for row in shown.listens] for shown in lists}


def numbered(first: int, last: int, name: str = "Track") -> list[str]:
    return [f"{name} {n:03}" for n in range(first, last)]


def test_recent_listens_in_pages_newest_first(
    mine: Client, ada: User, ben: User, now: datetime
) -> None:
    heard(ada, 45, now)
    heard(ben, 1, now + timedelta(hours=1))
    first, third = mine.get(RECENT), mine.get(RECENT + "?page=3")
    assert listed(first) == {"spotify": numbered(0, 20)}
    assert "Plays 1 to 20 of 45, the latest first." in text(first)
    assert listed(third) == {"spotify": numbered(40, 45)}
    assert "Plays 41 to 45 of 45" in text(third)
    assert "Page 3 of 3" in text(third)
    assert "Each source stands apart" not in text(first)


def test_each_source_stands_apart_with_its_credit(
    mine: Client, ada: User, now: datetime
) -> None:
    heard(ada, 25, now)
    heard(ada, 45, now - timedelta(seconds=30), source=Source.LASTFM, name="Scrobble")
    heard(ada, 1, now - timedelta(days=9), source=Source.LISTENBRAINZ, name="Listen")
    first = mine.get(RECENT)
    assert listed(first) == {
        "spotify": numbered(0, 20),
        "listenbrainz": numbered(0, 1, "Listen"),
        "lastfm": numbered(0, 20, "Scrobble"),
    }
    parts = re.split(r'id="from-(\w+)"', first.content.decode())[1:]
    html = dict(zip(parts[::2], parts[1::2], strict=True))
    assert "comes from Spotify" in html["spotify"]
    assert "Open Spotify<span" in html["spotify"]
    for source, credit in (
        ("listenbrainz", "https://listenbrainz.org/"),
        ("lastfm", "powered by AudioScrobbler"),
    ):
        assert credit in html[source]
        assert "open.spotify.com" not in html[source]
    assert "Each source stands apart" in text(first)
    assert listed(mine.get(RECENT + "?page=2")) == {
        "spotify": numbered(20, 25),
        "lastfm": numbered(20, 40, "Scrobble"),
    }
    last = mine.get(RECENT + "?page=3")
    assert listed(last) == {"lastfm": numbered(40, 45, "Scrobble")}
    assert "Page 3 of 3" in text(last)


def test_the_weeks_are_drawn_on_the_first_page(
    mine: Client, ada: User, now: datetime
) -> None:
    heard(ada, 21, timezone.now())
    assert "data-gap" in mine.get(RECENT).content.decode()
    assert "data-gap" not in mine.get(RECENT + "?page=2").content.decode()


@pytest.mark.parametrize(("asked", "number"), [("99", 3), ("0", 3), ("x", 1), ("", 1)])
def test_pages_out_of_reach(
    asked: str, number: int, mine: Client, ada: User, now: datetime
) -> None:
    heard(ada, 45, now)
    response = mine.get(RECENT, {"page": asked})
    assert response.context["page_obj"].number == number


def test_no_recent_listens_says_what_to_do(mine: Client) -> None:
    response = mine.get(RECENT)
    assert "No recent listens" in text(response)
    assert reverse("ingest:sources") in response.content.decode()


def test_queries_of_recent_do_not_grow(
    mine: Client, ada: User, now: datetime, django_assert_num_queries: Any
) -> None:
    heard(ada, 1, now)
    mine.get(RECENT)
    with django_assert_num_queries(9):
        mine.get(RECENT)
    for source in (Source.SPOTIFY, Source.EXPORT, Source.LASTFM, Source.LISTENBRAINZ):
        heard(ada, 45, now, source=source, name=source.label)
    with django_assert_num_queries(9):
        assert len(listed(mine.get(RECENT))) == 4
    with django_assert_num_queries(5):
        assert len(listed(mine.get(RECENT + "?page=2"))) == 4
