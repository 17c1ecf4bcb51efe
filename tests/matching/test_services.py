"""Tastes are computed once, in order, and only of people who said yes."""

import os
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.files import locks
from django.db import connection, transaction

from accounts.models import User
from accounts.services import matching_pause, matching_resume
from ingest.models import Source
from ingest.services import source_disconnect
from matching import engine, services
from matching.models import Taste, TasteChange
from tests.factories import make_person, make_taste, make_user


def seqs() -> dict[int, int]:
    return dict(Taste.objects.values_list("person_id", "seq"))


def test_a_taste_is_packed_and_unpacked_without_loss(ada: User, now: datetime) -> None:
    make_taste(ada, ["Portishead", "Grouper"], genres=["trip hop"])
    kept = engine.unpack(bytes(Taste.objects.get(person=ada).blob))
    names = list(ada.top_artists.order_by("rank").values_list("artist_id", flat=True))
    assert kept.artist_ids.tolist() == names
    assert kept.artist_weights.tolist()[0] == 250
    assert len(kept.genre_ids) == 1
    assert kept == engine.unpack(engine.pack(kept))


def test_the_same_again_changes_nothing(ada: User, now: datetime) -> None:
    make_taste(ada, ["Portishead", "Grouper"])
    before = seqs()
    services.taste_refresh(person_id=ada.pk, now=now + timedelta(days=1))
    make_taste(ada, ["Portishead", "Grouper"])
    assert seqs() == before
    make_taste(ada, ["Grouper", "Portishead"])
    assert seqs()[ada.pk] > before[ada.pk]


def test_every_change_is_later_than_all_before(
    ada: User, ben: User, now: datetime
) -> None:
    latest = 0
    for number in range(3):
        for person in (ada, ben):
            make_taste(person, ["Sade", f"Artist {number}"])
            assert seqs()[person.pk] > latest
            latest = seqs()[person.pk]


def test_a_place_in_the_sequence_is_never_given_twice(
    ada: User, ben: User, now: datetime
) -> None:
    make_taste(ada, ["Sade"])
    make_taste(ben, ["Sade"])
    latest = seqs()[ben.pk]
    ben.delete()
    services.index_rebuild(now=now)
    make_taste(ada, ["Low"])
    assert seqs()[ada.pk] > latest


def test_only_people_who_joined_and_have_listening_are_visible(
    ada: User, now: datetime
) -> None:
    newcomer = make_user()
    make_taste(newcomer, ["Sade"])
    make_taste(ada, ["Sade"])
    assert Taste.objects.get(person=ada).is_visible
    assert not Taste.objects.get(person=newcomer).is_visible
    empty = make_person("empty_handed")
    assert not Taste.objects.filter(person=empty).exists()


def test_pausing_hides_and_coming_back_shows(ada: User, now: datetime) -> None:
    make_taste(ada, ["Sade"])
    blob = bytes(Taste.objects.get(person=ada).blob)
    matching_pause(person=ada, now=now)
    assert not Taste.objects.get(person=ada).is_visible
    matching_resume(person=ada, now=now)
    shown = Taste.objects.get(person=ada)
    assert shown.is_visible
    assert bytes(shown.blob) == blob


def test_leaving_the_last_source_hides(ada: User, now: datetime) -> None:
    make_taste(ada, ["Sade"])
    source_disconnect(person_id=ada.pk, source=Source.COMMUNITY, now=now)
    assert not Taste.objects.get(person=ada).is_visible


@pytest.mark.parametrize("change", ["is_active", "paused_at", "joined_at"])
def test_the_admin_site_can_hide_someone(ada: User, now: datetime, change: str) -> None:
    make_taste(ada, ["Sade"])
    values = {"is_active": False, "paused_at": now, "joined_at": None}
    setattr(ada, change, values[change])
    ada.save()
    assert not Taste.objects.get(person=ada).is_visible


def test_someone_who_is_gone_is_passed_over(db: None, now: datetime) -> None:
    services.taste_refresh(person_id=987_654, now=now)
    assert not Taste.objects.exists()


def test_gathered_refreshes_come_once_at_the_end(
    ada: User, ben: User, now: datetime
) -> None:
    make_taste(ben, ["Low"])
    with services.refreshes_gathered(now=now):
        make_taste(ada, ["Sade"])
        make_taste(ada, ["Sade"], source=Source.MANUAL)
        make_taste(ben, ["Can"])
        assert not Taste.objects.filter(person=ada).exists()
    gathered = {t.person_id: bytes(t.blob) for t in Taste.objects.all()}
    assert TasteChange.objects.filter(taste_id=ada.pk).count() == 1
    for person in (ada, ben):
        services.taste_refresh(person_id=person.pk, now=now)
    assert {t.person_id: bytes(t.blob) for t in Taste.objects.all()} == gathered


def test_a_failure_inside_gathers_nothing(ada: User, now: datetime) -> None:
    def fail() -> None:
        with services.refreshes_gathered(now=now):
            make_taste(ada, ["Sade"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not Taste.objects.exists()
    make_taste(ada, ["Low"])
    assert Taste.objects.filter(person=ada).exists()


def test_the_cost_does_not_grow_with_the_items(
    ada: User, ben: User, now: datetime, django_assert_num_queries: Any
) -> None:
    make_taste(ada, [f"Artist {n}" for n in range(5)], genres=["rock"])
    make_taste(ben, [f"Artist {n}" for n in range(140)], genres=["rock"])
    counts = []
    for person in (ada, ben):
        Taste.objects.filter(person=person).delete()
        with django_assert_num_queries(12, exact=False) as caught:
            services.taste_refresh(person_id=person.pk, now=now)
        counts.append(len(caught))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("may_fit", [False, True])
def test_spotify_is_left_out_of_the_fit(
    ada: User, ben: User, now: datetime, settings: Any, may_fit: bool, monkeypatch: Any
) -> None:
    settings.FIT_ON_SPOTIFY = may_fit
    make_taste(ada, ["Sade"], source=Source.SPOTIFY)
    make_taste(ben, ["Sade"])
    asked: dict[str, Any] = {}

    def build(people: Any, **options: Any) -> engine.Index:
        asked.update(options)
        return real(people, **options)

    real = engine.build_index
    monkeypatch.setattr(engine, "build_index", build)
    services.index_rebuild(now=now)
    if may_fit:
        assert asked["fit_rows"] is None
    else:
        assert asked["fit_rows"].tolist() == [ben.pk]
    assert Taste.objects.get(person=ada).has_spotify
    assert not Taste.objects.get(person=ben).has_spotify


def test_an_index_sweeps_what_it_holds(
    community: list[User], now: datetime, settings: Any
) -> None:
    index = engine.Index.load(settings.INDEX_DIR)
    assert len(index) == 4
    assert index.watermark == max(seqs().values())
    # The last one it knows stays: it tells that the index is not ahead.
    assert [change.seq for change in TasteChange.objects.all()] == [index.watermark]
    make_taste(community[0], ["Low"])
    assert TasteChange.objects.count() == 2


def test_a_taste_that_cannot_be_read_hides_one_person_only(
    community: list[User], now: datetime, caplog: Any
) -> None:
    Taste.objects.filter(person=community[1]).update(blob=b"nonsense")
    assert len(services.index_rebuild(now=now)) == 3
    assert f"person {community[1].pk} cannot be read" in caplog.text


# --- One builder at a time ------------------------------------------------


def test_two_builds_do_not_meet(
    community: list[User], now: datetime, settings: Any
) -> None:
    with (settings.INDEX_DIR / "build.lock").open("w") as other:
        assert locks.lock(other, locks.LOCK_EX | locks.LOCK_NB)
        with pytest.raises(services.BuildRunning):
            services.index_rebuild(now=now)
    assert len(services.index_rebuild(now=now)) == 4


def test_a_failed_build_lets_the_next_one_in(
    community: list[User], now: datetime, monkeypatch: Any
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(engine, "build_index", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.index_rebuild(now=now)
    assert len(services.index_rebuild(now=now)) == 4


def test_a_build_can_wait_for_another(
    community: list[User], now: datetime, settings: Any
) -> None:
    held, over = Barrier(2), []

    def hold() -> None:
        with (settings.INDEX_DIR / "build.lock").open("w") as file:
            locks.lock(file, locks.LOCK_EX)
            held.wait()
            over.append("first")

    other = Thread(target=hold)
    other.start()
    held.wait()
    services.index_rebuild(now=now, waits=True)
    over.append("second")
    other.join()
    assert over == ["first", "second"]


# --- When a build is due --------------------------------------------------


def test_an_index_is_due_when_missing(db: None, now: datetime) -> None:
    assert services.index_is_due(now=now)
    assert not services.index_is_ready()
    services.index_rebuild(now=now)
    assert services.index_is_ready()
    assert not services.index_is_due(now=now)


def test_an_index_is_due_when_corrupt(
    community: list[User], now: datetime, settings: Any
) -> None:
    (settings.INDEX_DIR / "MANIFEST.json").write_text("{")
    assert services.index_is_due(now=now)
    assert not services.index_is_ready()


def test_an_index_is_due_every_day(community: list[User], now: datetime) -> None:
    almost = now + timedelta(hours=23, minutes=59)
    assert not services.index_is_due(now=almost)
    assert services.index_is_due(now=now + timedelta(hours=24))


def test_a_change_or_a_departure_makes_a_small_index_due(
    community: list[User], now: datetime
) -> None:
    make_taste(community[0], ["Low"])
    assert services.index_is_due(now=now)
    services.index_rebuild(now=now)
    community[1].delete()
    assert services.index_is_due(now=now)


def test_a_twentieth_has_to_change(db: None, now: datetime) -> None:
    people = [make_person(f"person_{n}") for n in range(40)]
    for person in people:
        make_taste(person, ["Sade"])
    services.index_rebuild(now=now)
    make_taste(people[0], ["Low"])
    assert not services.index_is_due(now=now)
    make_taste(people[1], ["Low"])
    assert services.index_is_due(now=now)


def test_an_index_ahead_of_its_database_is_not_ours(
    community: list[User], now: datetime
) -> None:
    Taste.objects.all().delete()
    TasteChange.objects.all().delete()
    assert services.index_is_due(now=now)
    services.index_rebuild(now=now)
    assert not services.index_is_due(now=now)


# --- Two writers at once --------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_sources_at_once_lose_nothing(now: datetime) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    assert os.environ["DATABASE_URL"]
    ada = make_person("ada_owner")
    both = Barrier(2)

    def write(source: Source, artist: str) -> None:
        try:
            with transaction.atomic():
                both.wait()
                make_taste(ada, [artist], source=source)
        finally:
            connection.close()

    writers = [
        Thread(target=write, args=args)
        for args in ((Source.COMMUNITY, "Sade"), (Source.MANUAL, "Low"))
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    taste = engine.unpack(bytes(Taste.objects.get(person=ada).blob))
    assert len(taste) == 2
