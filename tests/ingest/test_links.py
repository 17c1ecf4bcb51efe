"""Switching sources off and on, changing the profile behind one, and leaving it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ingest.models import ImportRun, Listen, Source, SourceLink, TopArtist
from ingest.services import (
    Listening,
    SourceUnknown,
    imports_queue_due,
    listening_replace,
    run_queue,
    source_disconnect,
    source_link,
    source_use,
)
from ingest.sources.base import ArtistItem, ListenItem, TrackItem
from matching.explanation import explanation_for
from matching.loaders import load_tastes
from matching.models import Taste
from matching.services import index_rebuild
from tests.conftest import NOW
from tests.factories import make_person, make_taste

FIVE = (
    Source.SPOTIFY,
    Source.EXPORT,
    Source.LISTENBRAINZ,
    Source.LASTFM,
    Source.MANUAL,
)
NAMES = [f"Artist {number}" for number in range(12)]


@pytest.fixture
def five(ada: User, ben: User) -> User:
    """Ada with five sources that say different things, and people to compare."""
    for number, source in enumerate(FIVE):
        make_taste(ada, NAMES[number : number + 6], source=source, genres=["ambient"])
    make_taste(ben, NAMES[1:11], genres=["ambient"])
    for number in range(8):
        make_taste(make_person(f"other_{number}"), NAMES[number : number + 4])
    index_rebuild(now=NOW)
    return ada


def use(person: User, source: Source, is_used: bool) -> None:
    source_use(person_id=person.pk, source=source, is_used=is_used, now=NOW)


def receipt(one: User, other: User) -> tuple[Any, ...]:
    page = explanation_for(one, other)
    return page.score, page.parts, page.rows, page.related_pairs


@pytest.mark.parametrize("source", FIVE)
def test_off_and_on_gives_back_the_same_receipt(
    source: Source, five: User, ben: User
) -> None:
    blob = bytes(Taste.objects.get(pk=five.pk).blob)
    before = receipt(five, ben)
    rows = list(TopArtist.objects.order_by("pk").values())
    use(five, source, False)
    assert bytes(Taste.objects.get(pk=five.pk).blob) != blob
    assert receipt(five, ben) != before
    # Nothing but the taste changed.
    assert list(TopArtist.objects.order_by("pk").values()) == rows
    use(five, source, True)
    assert bytes(Taste.objects.get(pk=five.pk).blob) == blob
    assert receipt(five, ben) == before


def test_the_taste_is_that_of_the_sources_in_use(five: User) -> None:
    """Off is as good as never there: each set of sources gives its own taste."""
    everything = dict.fromkeys(FIVE)
    for source in everything:
        use(five, source, False)
    assert not len(load_tastes([five.pk])[five.pk].taste)
    assert not Taste.objects.get(pk=five.pk).is_visible
    for number, source in enumerate(everything):
        use(five, source, True)
        alone = make_person(f"alone_{number}")
        for at, same in enumerate(FIVE[: number + 1]):
            make_taste(alone, NAMES[at : at + 6], source=same, genres=["ambient"])
        mine, theirs = (load_tastes([p.pk])[p.pk] for p in (five, alone))
        assert repr(mine.taste) == repr(theirs.taste)
        assert mine.has_spotify is theirs.has_spotify is True


def test_the_score_is_the_sum_of_its_parts(five: User, ben: User) -> None:
    page = explanation_for(five, ben)
    assert sum(Decimal(row.points) for row in page.rows) == Decimal(page.score)
    assert receipt(ben, five)[0] == page.score != "0.0"


def test_nothing_is_imported_by_itself_while_off(ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=Source.LASTFM, now=now)
    SourceLink.objects.update(next_import_at=now - timedelta(minutes=1))
    use(ada, Source.LASTFM, False)
    assert imports_queue_due(now=now) == 0
    use(ada, Source.LASTFM, True)
    assert imports_queue_due(now=now) == 1


def heard(person: User, source: Source, name: str, at: datetime) -> None:
    source_link(person_id=person.pk, source=source, now=at)
    item = ListenItem(TrackItem(name, ArtistItem("Low")), at)
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(listens=(item,)),
        now=at,
    )


def test_listens_of_a_source_that_is_off_are_not_shown(
    ada: User, client: Client, now: datetime
) -> None:
    heard(ada, Source.LASTFM, "From Last.fm", now)
    heard(ada, Source.LISTENBRAINZ, "From ListenBrainz", now - timedelta(hours=1))
    client.force_login(ada)

    def shown() -> list[str]:
        page = client.get("/taste/recent/")
        lists = page.context["lists"]
        return [row.track for of_source in lists for row in of_source.listens]

    assert shown() == ["From ListenBrainz", "From Last.fm"]
    client.post("/sources/lastfm/use/", {"use": "0"})
    assert shown() == ["From ListenBrainz"]
    client.post("/sources/lastfm/use/", {"use": "1"})
    assert shown() == ["From ListenBrainz", "From Last.fm"]


def test_the_echo_is_shown_while_what_it_echoes_is_off(
    ada: User, now: datetime
) -> None:
    heard(ada, Source.LASTFM, "Sunflower", now)
    heard(ada, Source.LISTENBRAINZ, "Sunflower", now)
    assert [x.source for x in Listen.objects.shown()] == ["listenbrainz"]
    use(ada, Source.LISTENBRAINZ, False)
    assert [x.source for x in Listen.objects.shown()] == ["lastfm"]
    use(ada, Source.LISTENBRAINZ, True)
    assert [x.source for x in Listen.objects.shown()] == ["listenbrainz"]
    source_disconnect(person_id=ada.pk, source=Source.LISTENBRAINZ, now=now)
    assert [x.source for x in Listen.objects.shown()] == ["lastfm"]


def test_the_buttons_of_a_source_that_is_off(
    ada: User, client: Client, now: datetime
) -> None:
    make_taste(ada, NAMES[:3], source=Source.LASTFM)
    client.force_login(ada)
    page = client.post("/sources/lastfm/use/", {"use": "0"}, follow=True)
    html = page.content.decode()
    assert 'data-source="lastfm" data-state="off" data-used="no"' in html
    assert "Switch Last.fm on" in html
    assert "Gave 3 artists." in html
    assert "/sources/lastfm/disconnect/" in html
    assert "Sync Last.fm now" not in html
    assert "Switched off, and not counted here: Last.fm" in (
        client.get("/taste/").content.decode()
    )
    # Asked twice, it stays as it is; asked to sync, it says what to do first.
    client.post("/sources/lastfm/use/", {"use": "0"})
    sync = client.post("/sources/lastfm/sync/", follow=True)
    assert "Switch it on first" in sync.content.decode()
    assert not ImportRun.objects.exists()
    assert client.get("/sources/lastfm/use/").status_code == 405
    assert client.post("/sources/spotify/use/").status_code == 404
    assert client.post("/sources/lastwave/use/").status_code == 404


def test_what_is_not_connected_cannot_be_switched(ada: User, now: datetime) -> None:
    with pytest.raises(SourceUnknown):
        use(ada, Source.LASTFM, True)


def test_another_profile_takes_the_place_of_the_former(
    ada: User, now: datetime
) -> None:
    link = source_link(person_id=ada.pk, source=Source.LASTFM, user_name="One", now=now)
    make_taste(ada, NAMES[:4], source=Source.LASTFM)
    heard(ada, Source.LASTFM, "Sunflower", now)
    run = run_queue(person_id=ada.pk, source=Source.LASTFM, now=now)
    SourceLink.objects.update(cursor="123")

    # The same profile, spelt otherwise, loses nothing.
    same = source_link(person_id=ada.pk, source=Source.LASTFM, user_name="one", now=now)
    assert same.pk == link.pk
    assert (ada.top_artists.count(), ada.listens.count()) == (4, 1)

    other = source_link(
        person_id=ada.pk, source=Source.LASTFM, user_name="two", now=now
    )
    # Another row: an import under way for the former one finds nothing to write to.
    assert (other.user_name, other.cursor, other.pk != link.pk) == ("two", "", True)
    assert (ada.top_artists.count(), ada.listens.count()) == (0, 0)
    assert not ImportRun.objects.filter(pk=run.pk).exists()
    assert not Taste.objects.get(pk=ada.pk).is_visible


def test_leaving_says_how_much_was_deleted(
    ada: User, client: Client, now: datetime
) -> None:
    make_taste(ada, NAMES[:3], source=Source.LISTENBRAINZ)
    heard(ada, Source.LISTENBRAINZ, "Sunflower", now)
    client.force_login(ada)
    page = client.post("/sources/listenbrainz/disconnect/", follow=True)
    assert (
        "Deleted: 3 places in your top artists, 0 in your top tracks, 1 listen and"
        " 0 months of history." in page.content.decode()
    )
    assert not Taste.objects.get(pk=ada.pk).is_visible
