"""One import as it goes: the page, and the part that is asked for again."""

import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ingest.models import Artist, ArtistLookup, ImportRun, Source
from tests.factories import make_taste
from tests.ingest.conftest import (
    Clock,
    Connect,
    Finish,
    text,
)

ACTIVE = ("queued", "running", "waiting")


def run_of(person: User, now: datetime, **fields: Any) -> ImportRun:
    return ImportRun.objects.create(
        person=person, source="spotify", queued_at=now, total_steps=7, **fields
    )


@pytest.mark.parametrize("state", ImportRun.State.values)
def test_a_run_as_a_page_and_as_a_part(
    state: str, mine: Client, ada: User, now: datetime
) -> None:
    run = run_of(ada, now, state=state, done_steps=3, artists_count=41, started_at=now)
    url = run.get_absolute_url()
    page, part = mine.get(url), mine.get(url, headers={"HX-Request": "true"})
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()
    for response in (page, part):
        html = response.content.decode()
        assert re.findall(r'data-run-state="(\w+)"', html) == [state]
        assert ("hx-get" in html) is (state in ACTIVE)
        assert "artists found 41" in text(response)
        assert "no-store" in response["Cache-Control"]
    # Without JavaScript the same link reloads.
    assert ("Reload" in text(page)) is (state in ACTIVE)


def test_a_waiting_run_says_until_when_and_why(mine: Client, ada: User) -> None:
    now = timezone.now()
    run = run_of(
        ada,
        now,
        state="waiting",
        resume_at=now + timedelta(seconds=1),
        reason="Spotify asked this site to slow down.",
    )
    words = text(mine.get(run.get_absolute_url()))
    assert "Spotify is resting until" in words
    assert f"{run.resume_at:%H:%M}" in words
    assert "Spotify asked this site to slow down." in words


def test_a_failed_run_says_why_and_what_to_do(
    mine: Client, ada: User, now: datetime
) -> None:
    run = run_of(ada, now, state="failed", reason="A reason.", finished_at=now)
    page = mine.get(run.get_absolute_url())
    assert "A reason." in text(page)
    assert "See what you can do" in text(page)


def test_the_runs_of_others_are_not_there(
    mine: Client, ben: User, now: datetime
) -> None:
    run = run_of(ben, now)
    assert mine.get(run.get_absolute_url()).status_code == 404
    assert mine.get(f"/sources/runs/{uuid.uuid4()}/").status_code == 404
    assert mine.get("/sources/runs/1/").status_code == 404


def test_progress_can_be_watched(
    mine: Client,
    ada: User,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    settings: Any,
) -> None:
    settings.SPOTIFY_MIN_GAP_MS = 100
    run = connect(ada, "percy")
    seen = []
    for _ in range(7):
        finish(run, turns=1)
        part = text(mine.get(run.get_absolute_url(), headers={"HX-Request": "true"}))
        seen.append(part)
    assert "Reading your top artists: last 6 months" in seen[0]
    assert "Reading your recent listens" in seen[5]
    assert "is here" in seen[6]
    assert len(set(seen)) == 7


def test_a_run_is_one_query_beside_those_of_every_page(
    mine: Client, ada: User, now: datetime, django_assert_num_queries: Any
) -> None:
    run = run_of(ada, now, state="running", staged={"artists:long_term": [{}] * 50})
    mine.get(run.get_absolute_url())
    with django_assert_num_queries(4) as queries:
        mine.get(run.get_absolute_url())
    assert not any("staged" in q["sql"] for q in queries.captured_queries)


def brought(person: User, now: datetime, *names: str) -> ImportRun:
    """A finished import that brought these artists; of the first a genre is known."""
    make_taste(person, names, source=Source.SPOTIFY)
    make_taste(person, names[:1], source=Source.MANUAL, genres=["dub"])
    return run_of(person, now, state="done", artists_count=len(names), finished_at=now)


def test_a_finished_run_says_of_how_many_artists_a_genre_is_known(
    mine: Client, ada: User, now: datetime, settings: Any
) -> None:
    run = brought(ada, now, "Can", "Low", "Sade")
    page = mine.get(run.get_absolute_url())
    assert "Genres known for 1 of 3 artists." in text(page)
    assert "We ask" not in text(page)
    assert "hx-get" not in page.content.decode()

    settings.GENRE_LOOKUP = ["lastfm", "musicbrainz"]
    settings.LASTFM_API_KEY = "the key"
    words = "We ask Last.fm and MusicBrainz for the rest, which takes a while."
    page = mine.get(run.get_absolute_url())
    assert words in text(page)
    assert 'hx-trigger="every 15s"' in page.content.decode()
    assert "Reload" in text(page)
    part = mine.get(run.get_absolute_url(), headers={"HX-Request": "true"})
    assert words in text(part)

    asked("lastfm", "Low", now)
    assert "We ask Last.fm and MusicBrainz for 1 more," in text(
        mine.get(run.get_absolute_url())
    )
    asked("lastfm", "Sade", now)
    page = mine.get(run.get_absolute_url())
    assert "could not be found at Last.fm and MusicBrainz." in text(page)
    assert "hx-get" not in page.content.decode()


def asked(service: str, name: str, now: datetime) -> None:
    ArtistLookup.objects.create(
        artist=Artist.objects.get(name=name),
        service=service,
        asked_at=now,
        ask_again_at=now + timedelta(days=30),
        genres_found=0,
    )


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Can"], "Genres known for 1 artist."),
        (["Can", "Low"], "Genres known for all 2 artists."),
    ],
)
def test_nothing_is_asked_where_all_is_known(
    names: list[str],
    words: str,
    mine: Client,
    ada: User,
    now: datetime,
    settings: Any,
) -> None:
    settings.GENRE_LOOKUP = ["musicbrainz"]
    run = brought(ada, now, *names)
    make_taste(ada, names, source=Source.MANUAL, genres=["dub"])
    page = mine.get(run.get_absolute_url())
    assert words in text(page)
    assert "We ask" not in text(page)
    assert "could not be found" not in text(page)


def test_queries_of_a_finished_run_do_not_grow(
    mine: Client,
    ada: User,
    now: datetime,
    settings: Any,
    django_assert_num_queries: Any,
) -> None:
    settings.GENRE_LOOKUP = ["listenbrainz", "musicbrainz"]
    run = brought(ada, now, *[f"Artist {n}" for n in range(50)])
    mine.get(run.get_absolute_url())
    with django_assert_num_queries(7):
        page = mine.get(run.get_absolute_url())
    assert "Genres known for 1 of 50 artists." in text(page)
