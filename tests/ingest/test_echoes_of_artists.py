"""Echoes follow at once when artists are joined or taken apart, and go back exactly."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ingest.models import Artist, Listen, Source, SourceLink, Track
from ingest.names import name_key
from ingest.services import artist_merge, artist_split, echoes, source_link
from ingest.services.echoes import echoes_mark, echoes_of_artists
from tests.factories import make_person, make_user

MINUTE = timedelta(minutes=1)


@pytest.fixture
def staff(db: None) -> User:
    return make_user("staff_member")


@pytest.fixture
def two(db: None) -> tuple[Artist, Artist]:
    """One artist under two names, each with the same song."""
    return artist("Kanye West"), artist("Ye")


def artist(name: str) -> Artist:
    row = Artist.objects.create(name=name, name_key=name_key(name))
    Track.objects.create(name="Runaway", name_key="runaway", artist=row)
    return row


def played(
    person: User, source: Source, by: Artist, at: datetime, *, plays: int = 1
) -> None:
    source_link(person_id=person.pk, source=source, now=at)
    track = by.tracks.get()
    Listen.objects.bulk_create(
        Listen(
            person=person,
            source=source,
            track=track,
            listened_at=at - n * 30 * MINUTE,
        )
        for n in range(plays)
    )


def both(person: User, two: tuple[Artist, Artist], now: datetime) -> None:
    """A person whose two services have the same play under two names."""
    played(person, Source.SPOTIFY, two[0], now, plays=3)
    played(person, Source.LASTFM, two[1], now + MINUTE, plays=3)


def merge(two: tuple[Artist, Artist], by: User, now: datetime) -> None:
    artist_merge(keep_id=two[0].pk, other_ids=[two[1].pk], by=by, now=now)


def marks() -> list[dict[str, Any]]:
    return list(Listen.objects.order_by("pk").values())


def test_a_merge_hides_the_echo_and_a_split_brings_it_back(
    ada: User, ben: User, staff: User, two: tuple[Artist, Artist], now: datetime
) -> None:
    both(ada, two, now)
    played(ben, Source.LASTFM, two[1], now)
    for person in (ada, ben):
        echoes_mark(person_id=person.pk)
    before = marks()
    assert Listen.objects.shown().count() == 7
    merge(two, staff, now)
    assert [x.source for x in ada.listens.filter(is_echo=False)] == ["spotify"] * 3
    assert ben.listens.get().is_echo is False
    artist_split(artist_id=two[1].pk, by=staff, now=now)
    assert marks() == before


def test_it_is_what_marking_everything_would_give(
    staff: User, two: tuple[Artist, Artist], now: datetime
) -> None:
    """Also of echoes that were there before, and of sources that are off."""
    third = artist("Kanye Omari West")
    people = [make_person(f"person_{n}") for n in range(4)]
    for person in people:
        both(person, two, now)
        played(person, Source.LISTENBRAINZ, third, now - MINUTE, plays=2)
    played(people[1], Source.LASTFM, two[0], now + 3 * MINUTE)
    SourceLink.objects.filter(person=people[2], source="spotify").update(is_used=False)
    SourceLink.objects.filter(person=people[3]).update(is_used=False)
    for person in people:
        echoes_mark(person_id=person.pk)

    def as_if_anew() -> bool:
        said = marks()
        for person in people:
            echoes_mark(person_id=person.pk)
        return said == marks()

    before = marks()
    merge(two, staff, now)
    after_one = marks()
    assert after_one != before
    assert as_if_anew()
    merge((two[0], third), staff, now)
    assert as_if_anew()
    assert {x.source for x in people[0].listens.filter(is_echo=False)} == {"spotify"}
    artist_split(artist_id=third.pk, by=staff, now=now)
    assert marks() == after_one
    artist_split(artist_id=two[1].pk, by=staff, now=now)
    assert marks() == before


def test_nothing_changes_where_the_merge_is_taken_back(
    ada: User, staff: User, two: tuple[Artist, Artist], now: datetime, monkeypatch: Any
) -> None:
    both(ada, two, now)
    before = marks()

    def fail(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("ingest.services.artists.artists_changed.send", fail)
    with pytest.raises(RuntimeError):
        merge(two, staff, now)
    assert marks() == before


def test_the_first_hundred_at_once_and_the_rest_after_commit(
    staff: User,
    two: tuple[Artist, Artist],
    now: datetime,
    monkeypatch: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    people = [make_person(f"person_{n}") for n in range(5)]
    for person in people:
        both(person, two, now)
    monkeypatch.setattr(echoes, "_PEOPLE", 2)

    def hidden() -> list[int]:
        return [p.listens.filter(is_echo=True).count() for p in people]

    with django_capture_on_commit_callbacks(execute=True):
        merge(two, staff, now)
        assert hidden() == [3, 3, 0, 0, 0]
    assert hidden() == [3] * 5
    ids = [two[0].pk]
    assert echoes_of_artists(artist_ids=ids, after=people[3].pk) is None
    assert echoes_of_artists(artist_ids=ids, after=people[4].pk) is None


def test_the_number_of_queries_does_not_grow(
    staff: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for size in (2, 12):
        pair = (artist(f"Kanye {size}"), artist(f"Ye {size}"))
        for n in range(size):
            both(make_person(f"of_{size}_{n}"), pair, now)
        with CaptureQueriesContext(connection) as caught:
            merge(pair, staff, now)
        counts.append(len(caught))
        with django_assert_max_num_queries(8):
            echoes_of_artists(artist_ids=[pair[0].pk])
    assert Listen.objects.filter(is_echo=True).count() == 14 * 3
    assert counts[0] == counts[1] <= 20
