"""What a source gave counts nowhere while it is switched off, and again after."""

from collections.abc import Callable
from datetime import datetime

import pytest

from accounts.models import User
from accounts.services import artists_show
from ingest.models import Artist, Source, TopArtist, TopTrack
from ingest.pages.taste import TimeRange, taste_page
from ingest.services import Listening, listening_replace, source_link
from ingest.services.links import source_use
from ingest.sources.base import ArtistItem, TrackItem
from matching.bridges import icebreakers
from matching.lovers import artist_rows, lovers_of, search_artists
from matching.services import index_rebuild
from tests.factories import make_person, make_taste

LISTENERS = 3


@pytest.fixture
def people(ada: User, now: datetime) -> list[User]:
    """Ada, and three who have Low from one source and Sade from another."""
    make_taste(ada, ["Portishead"])
    made = []
    for number in range(LISTENERS):
        person = make_person(f"fan_{number}")
        artists_show(person=person)
        make_taste(person, ["Low"])
        sade = ArtistItem("Sade")
        source_link(person_id=person.pk, source=Source.LISTENBRAINZ, now=now)
        listening_replace(
            person_id=person.pk,
            source=Source.LISTENBRAINZ,
            listening=Listening(
                artists={"long_term": (sade,)},
                tracks={"long_term": (TrackItem("Paradise", sade),)},
            ),
            now=now,
        )
        made.append(person)
    index_rebuild(now=now)
    return [ada, *made]


def _sade() -> Artist:
    return Artist.objects.get(name="Sade")


def _well_known(people: list[User]) -> object:
    return Artist.objects.well_known(limit=9)


def _listeners(people: list[User]) -> object:
    return Artist.objects.rows_of([_sade().pk]).listeners()


def _by_source(people: list[User]) -> object:
    return Artist.objects.listeners_by_source([_sade().pk])[_sade().pk]


def _lovers(people: list[User]) -> object:
    artist, rows = artist_rows(_sade().pk)
    found = lovers_of(people[0], artist, rows=rows, page=None)
    return found.total, [entry.handle for entry in found.entries]


def _icebreakers(people: list[User]) -> object:
    return len(icebreakers(people[0], people[1], [_sade().pk]))


def _rows(people: list[User]) -> object:
    mine = {"person": people[1]}
    return (
        TopArtist.objects.of_used_sources().filter(**mine).count(),
        TopTrack.objects.of_used_sources().filter(**mine).count(),
    )


def _taste(people: list[User]) -> object:
    page = taste_page(people[1], TimeRange.LONG)
    return [one.source for one in page.lists]


COUNTS: dict[str, tuple[Callable[[list[User]], object], object, object]] = {
    "well known": (_well_known, ["Low", "Sade"], ["Low"]),
    "listeners": (_listeners, 3, 2),
    "by source": (_by_source, {"listenbrainz": 3}, {"listenbrainz": 2}),
    "who else": (_lovers, (3, ["fan_0", "fan_1", "fan_2"]), (2, ["fan_1", "fan_2"])),
    "openers": (_icebreakers, 1, 0),
    "rows": (_rows, (2, 1), (1, 0)),
    "own taste": (_taste, ["community", "listenbrainz"], ["community"]),
}


@pytest.mark.parametrize("what", COUNTS)
def test_a_source_counts_while_it_is_on(
    people: list[User], now: datetime, what: str
) -> None:
    count, on, off = COUNTS[what]

    def switch(is_on: bool) -> None:
        source_use(
            person_id=people[1].pk, source=Source.LISTENBRAINZ, is_used=is_on, now=now
        )

    assert count(people) == on
    switch(False)
    assert count(people) == off
    switch(True)
    assert count(people) == on


def test_an_artist_only_of_sources_switched_off_is_found_by_nobody(
    people: list[User], now: datetime
) -> None:
    ada = people.pop(0)
    assert [one.name for one in search_artists(ada, "low").found] == ["Low"]
    for person in people:
        source_use(person_id=person.pk, source=Source.COMMUNITY, is_used=False, now=now)
    assert search_artists(ada, "low").found == []
    low = Artist.objects.filter(name="Low")
    assert low.listeners() == 0
    assert low.well_known(limit=9) == []
    assert Artist.objects.listeners_by_source(low.values("pk")) == {}
