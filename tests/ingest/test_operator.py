"""The operator's page: what it says, whom it says it to, what it costs."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import gate
from accounts.models import User
from ingest.models import Artist, ArtistLookup, ImportRun, Source, SourceLink
from ingest.operator import operator_page
from ingest.services import source_link
from tests.conftest import HOST
from tests.factories import make_person, make_taste, make_user
from tests.matching.marks import words_of

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
PAGE = "/admin/ingest/sourcelink/operator/"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root-login", password="x"))
    return client


def with_rights(*rights: str) -> Client:
    user = make_user(f"staff_{uuid.uuid4().hex[:8]}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client(HTTP_HOST=HOST)
    client.force_login(user)
    return client


def linked(handle: str, source: Source = Source.SPOTIFY, **fields: Any) -> User:
    person = make_person(handle)
    link = source_link(person_id=person.pk, source=source, now=timezone.now())
    SourceLink.objects.filter(pk=link.pk).update(**fields)
    return person


def run(person: User, state: str, **fields: Any) -> None:
    now = timezone.now()
    ended = now if state in {"done", "failed"} else None
    row = {"source": "spotify", "queued_at": now, "finished_at": ended, **fields}
    ImportRun.objects.create(person=person, state=state, **row)


def test_an_empty_site_says_so(staff: Client, settings: Any) -> None:
    settings.SPOTIFY_CLIENT_ID = ""
    page = words_of(staff.get(PAGE))
    assert "seats" not in page
    assert "0 uploads on the way." in page
    assert "No import is queued." in page
    assert "Nobody is asked for genres: GENRE_LOOKUP is empty." in page


def test_seats_are_counted_and_named(staff: Client, settings: Any) -> None:
    settings.SPOTIFY_CLIENT_ID = "an id"
    linked("ann_one")
    linked("bob_two", state="needs_reconnect")
    linked("cat_three", state="not_allowed")
    nameless = make_user("a-private-login")
    source_link(person_id=nameless.pk, source=Source.SPOTIFY, now=timezone.now())
    page = words_of(staff.get(PAGE))
    assert "3 of 5 seats used" in page
    assert "ann_one bob_two someone without a handle" in page
    assert "cat_three" not in page
    assert "a-private-login" not in page


def test_health_of_a_source(staff: Client) -> None:
    ann, bob = linked("ann_one"), linked("bob_two", state="failed", reason="x")
    run(ann, "done")
    run(ann, "failed", reason="Spotify did not answer.")
    run(bob, "failed", reason="Spotify did not answer.")
    old = timezone.now() - timedelta(days=8)
    run(bob, "failed", reason="Long ago.", queued_at=old, finished_at=old)
    gate.close("spotify", now=timezone.now(), retry_after=600, is_quota=True)
    page = words_of(staff.get(PAGE))
    assert "the daily allowance is used up (1 in a row)" in page
    assert "People Connected 1 People The latest import failed 1" in page
    assert "24 hours Done 1 Imports of the last 24 hours Failed 2" in page
    assert "Spotify did not answer. 2 people, latest just now" in page
    assert "Long ago." not in page


def test_what_waits(staff: Client) -> None:
    now = timezone.now()
    run(linked("ann_one"), "queued", queued_at=now - timedelta(hours=2))
    run(linked("bob_two"), "queued", source="export", queued_at=now)
    page = words_of(staff.get(PAGE))
    assert "1 upload on the way." in page
    assert "The oldest queued import, from Spotify, was queued 2 hours ago" in page


def test_lookups_are_counted(staff: Client, settings: Any) -> None:
    settings.GENRE_LOOKUP = ["musicbrainz"]
    make_taste(make_person("ann_one"), ["Can", "Low", "Sade"])
    now = timezone.now()
    for name, found, days in (("Can", 2, 1), ("Low", 0, -1)):
        ArtistLookup.objects.create(
            artist=Artist.objects.get(name=name),
            service="musicbrainz",
            asked_at=now,
            ask_again_at=now + timedelta(days=days),
            genres_found=found,
        )
    gate.close("musicbrainz", now=now, retry_after=60, is_quota=False)
    page = words_of(staff.get(PAGE))
    assert "in this order: musicbrainz. 1 artist without a genre waits" in page
    assert "musicbrainz 2 1 1" in page
    assert "musicbrainz is closed until" in page


def test_only_those_who_may_see_it(client: Client, ada: User) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(ada)
    assert client.get(PAGE).status_code == 302
    some = with_rights("view_sourcelink")
    assert some.get(PAGE).status_code == 403
    assert PAGE not in some.get("/admin/").content.decode()
    both = with_rights("view_sourcelink", "view_importrun")
    assert both.get(PAGE).status_code == 200
    assert PAGE in both.get("/admin/").content.decode()


def test_it_is_only_read(staff: Client) -> None:
    assert "<form" not in words_of(staff.get(PAGE))
    assert "<script" not in staff.get(PAGE).content.decode().split("content-main")[1]


def test_the_cost_does_not_grow(db: None) -> None:
    counts = []
    for size in (1, 12):
        for n in range(size):
            person = linked(f"fan_{size}_{n}")
            linked(f"diary_{size}_{n}", Source.LASTFM)
            run(person, "failed", reason=f"Reason {n}")
            make_taste(person, [f"Artist {size} {n}"])
        with CaptureQueriesContext(connection) as caught:
            operator_page(timezone.now())
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 10
