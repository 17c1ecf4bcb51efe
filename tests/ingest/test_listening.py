"""Writing what a source said, and what others hear of it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.spotify.services import grant_store
from ingest.models import ArtistSound, ImportRun, Source, SourceLink
from ingest.services import (
    Listening,
    SourceUnknown,
    artists_pick,
    listening_replace,
    run_queue,
    source_disconnect,
    source_link,
)
from ingest.signals import listening_changed
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem

CAN, LOW, SADE = (ArtistItem(name) for name in ("Can", "Low", "Sade"))
WORDS = TrackItem("Words", LOW)


def replace(person: User, now: datetime, **listening: Any) -> Any:
    return listening_replace(
        person_id=person.pk,
        source=Source.COMMUNITY,
        listening=Listening(**listening),
        now=now,
    )


@pytest.fixture
def told() -> Iterator[list[tuple[int, datetime]]]:
    """Whose listening changed, and when, as the layers above are told."""
    heard: list[tuple[int, datetime]] = []

    def listen(person_id: int, now: datetime, **_: Any) -> None:
        heard.append((person_id, now))

    listening_changed.connect(listen, weak=False)
    yield heard
    listening_changed.disconnect(listen)


def names(person: User) -> list[str]:
    rows = person.top_artists.order_by("time_range", "rank")
    return list(rows.values_list("artist__name", flat=True))


def test_lists_are_replaced_and_listens_added(ada: User, now: datetime) -> None:
    first = ListenItem(WORDS, now)
    replace(
        ada,
        now,
        artists={"long_term": (CAN, LOW)},
        tracks={"long_term": (WORDS,)},
        listens=(first,),
    )
    second = ListenItem(WORDS, now - timedelta(minutes=4))
    replace(ada, now, artists={"long_term": (SADE,)}, tracks={}, listens=(second,))
    assert names(ada) == ["Sade"]
    assert not ada.top_tracks.exists()
    assert ada.listens.count() == 2


def test_lists_that_were_not_asked_for_stay(ada: User, now: datetime) -> None:
    replace(ada, now, artists={"long_term": (CAN,)}, tracks={"long_term": (WORDS,)})
    replace(ada, now, listens=(ListenItem(WORDS, now),))
    assert names(ada) == ["Can"]
    assert ada.top_tracks.count() == 1


def test_an_item_named_twice_keeps_its_better_rank(ada: User, now: datetime) -> None:
    replace(ada, now, artists={"long_term": (CAN, LOW, CAN, SADE)}, tracks={})
    rows = ada.top_artists.order_by("rank").values_list("rank", "artist__name")
    assert list(rows) == [(1, "Can"), (2, "Low"), (3, "Sade")]


def test_the_same_listen_twice_is_one(ada: User, now: datetime) -> None:
    again = ListenItem(TrackItem("words", LOW), now)
    other = ListenItem(TrackItem("Another", LOW), now)
    replace(ada, now, listens=(ListenItem(WORDS, now), again, other))
    assert ada.listens.count() == 2


def test_other_sources_and_people_are_left_alone(
    ada: User, ben: User, now: datetime
) -> None:
    artists_pick(person_id=ada.pk, artists=(CAN,), now=now)
    artists_pick(person_id=ben.pk, artists=(CAN,), now=now)
    replace(ada, now, artists={"long_term": (LOW,)}, tracks={})
    assert sorted(names(ada)) == ["Can", "Low"]
    assert names(ben) == ["Can"]


def test_sound_is_kept_with_its_source(ada: User, now: datetime) -> None:
    sound = AudioItem("", tempo=90, energy=0.5)
    replace(
        ada, now, artists={"long_term": (CAN,)}, tracks={}, artist_sound={CAN: sound}
    )
    kept = ArtistSound.objects.get()
    assert (kept.artist.name, kept.source, kept.tempo) == ("Can", "community", 90)


def test_those_above_are_told_in_the_same_transaction(
    ada: User, now: datetime, told: list[tuple[int, datetime]]
) -> None:
    replace(ada, now, artists={"long_term": (CAN,)}, tracks={})
    assert told == [(ada.pk, now)]
    source_link(person_id=ada.pk, source=Source.COMMUNITY, now=now)
    source_disconnect(person_id=ada.pk, source=Source.COMMUNITY, now=now)
    assert told == [(ada.pk, now)] * 2


def test_a_listener_that_fails_takes_the_rows_back(
    ada: User, now: datetime, written: Callable[[], object]
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError

    before = written()
    listening_changed.connect(fail, weak=False)
    try:
        with pytest.raises(RuntimeError):
            artists_pick(person_id=ada.pk, artists=(CAN,), now=now)
    finally:
        listening_changed.disconnect(fail)
    assert written() == before


def test_connecting_again_mends_the_state(ada: User, now: datetime) -> None:
    link = source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    SourceLink.objects.update(state="failed", reason="A reason.", cursor="17")
    later = now + timedelta(days=1)
    again = source_link(person_id=ada.pk, source=Source.SPOTIFY, now=later)
    assert (again.pk, again.state, again.reason) == (link.pk, "connected", "")
    assert (again.cursor, again.connected_at) == ("17", now)


def test_leaving_a_source_one_does_not_use(ada: User, now: datetime) -> None:
    with pytest.raises(SourceUnknown):
        source_disconnect(person_id=ada.pk, source=Source.SPOTIFY, now=now)


# --- A new consent --------------------------------------------------------


def consent(person: User, now: datetime) -> None:
    grant_store(
        person=person,
        access_token="a",
        refresh_token="r",
        expires_at=None,
        scopes="",
        now=now,
    )


def test_a_consent_starts_an_import(ada: User, now: datetime) -> None:
    consent(ada, now)
    assert SourceLink.objects.get(person=ada).state == "connected"
    run = ImportRun.objects.get(person=ada)
    assert (run.kind, run.state, run.queued_at) == ("full", "queued", now)
    consent(ada, now)
    assert ImportRun.objects.count() == 1


@pytest.mark.parametrize(("minutes", "runs"), [(10, 0), (11, 1)])
def test_signing_in_twice_in_a_row_imports_once(
    minutes: int, runs: int, ada: User, now: datetime
) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    SourceLink.objects.update(latest_import_at=now)
    consent(ada, now + timedelta(minutes=minutes))
    assert ImportRun.objects.count() == runs


def test_a_consent_while_a_run_waits_keeps_that_run(ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    run = run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    ImportRun.objects.update(state="waiting")
    consent(ada, now + timedelta(hours=1))
    assert ImportRun.objects.get() == run
