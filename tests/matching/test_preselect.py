"""Boards looked for among the likeliest: nearly nobody missed, and nobody too many."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import numpy as np
import psycopg
import pytest
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.db import connections

from accounts.models import User
from accounts.services import matching_pause, matching_resume
from matching import engine, preselect, tasks
from matching.bench.synthetic import Synthetic
from matching.models import PreselectRecall
from matching.preselect import asking, recall, services, tables
from matching.preselect.rows import ARTIST_ROW, VECTOR_ROW, Asked, as_key, kept
from matching.reader import current_view
from matching.services import index_compact, index_rebuild
from social.services import block_create
from tests.conftest import NOW
from tests.factories import make_person, make_taste
from tests.matching import pgvector
from tests.matching.conftest import SignIn
from tests.matching.marks import handles, marks, words_of

PEOPLE = 5_000
with_pgvector = pytest.mark.django_db(databases=["default", pgvector.ALIAS])


@contextmanager
def _asked_there() -> Iterator[None]:
    """Ask that database rather than the site's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "connection", connections[pgvector.ALIAS])
        yield


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database with the tables of the preselection, empty; its address."""
    with (
        django_db_blocker.unblock(),
        pgvector.server() as uri,
        pgvector.connected(uri),
    ):
        with _asked_there():
            preselect.preselect_setup()
        yield uri


@pytest.fixture(scope="module")
def large(database: str, django_db_blocker: Any) -> engine.View:
    """Five thousand people, and the tables filled with them."""
    people = Synthetic(PEOPLE).tastes()
    yesterday = NOW - timedelta(days=1)
    view = engine.build_index(people, watermark=0, built_at=yesterday).view()
    with django_db_blocker.unblock(), _asked_there():
        preselect.preselect_fill(view)
    return view


@pytest.fixture
def asked(database: str, db: None, settings: Any) -> Iterator[None]:
    """The preselection is on, and asks its own database."""
    settings.MATCHING_PRESELECT = "pgvector"
    with _asked_there():
        yield


@pytest.fixture
def filled(asked: None, community: list[User]) -> list[User]:
    """Four people, in the tables too."""
    preselect.preselect_fill(current_view())
    return community


def _ids(person: User) -> tuple[int, ...]:
    found = preselect.candidates(person.pk)
    assert found is not preselect.EVERYONE
    return found


def _kept(person: User) -> int:
    """How many artists of a person are in the tables."""
    with connections[pgvector.ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM matching_preselect_artist WHERE person_id = %s",
            [person.pk],
        )
        return int(cursor.fetchone()[0])


def _few(patch: Any, count: int) -> None:
    """Look for so few by artists, and for nobody by direction."""
    for name, value in {
        "_FEWEST": count,
        "_MOST": count,
        "_IF_NARROWED": 1,
        "_SHARE_BY_DIRECTION": 0,
    }.items():
        patch.setattr(asking, name, value)


def test_it_is_off_by_default(
    community: list[User], settings: Any, django_assert_num_queries: Any
) -> None:
    assert settings.MATCHING_PRESELECT == ""
    with django_assert_num_queries(0):
        assert preselect.candidates(community[0].pk) is preselect.EVERYONE


# --- How many of the closest are found ------------------------------------


@with_pgvector
def test_it_finds_nearly_all_of_the_closest(
    large: engine.View, asked: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(asking, "_FEWEST", 500)
    people = np.random.default_rng(3).choice(large.person_ids, 60, replace=False)
    recalls = []
    for person_id in people.tolist():
        found = preselect.candidates(person_id, view=large)
        assert found is not preselect.EVERYONE
        assert person_id not in found
        assert len(found) <= 0.11 * PEOPLE
        closest = engine.Comparison(large, person_id).closest(50).person_ids
        recalls.append(np.isin(closest, found).mean())
    assert np.mean(recalls) >= 0.95


@with_pgvector
def test_more_are_looked_for_where_only_some_are_wanted(
    large: engine.View, asked: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(asking, "_FEWEST", 100)
    usual = preselect.candidates(1, view=large)
    more = preselect.candidates(1, view=large, is_narrowed=True)
    assert usual is not preselect.EVERYONE
    assert more is not preselect.EVERYONE
    assert len(more) > 2 * len(usual)


def test_what_is_kept_adds_up_to_the_score() -> None:
    """Artists and directions of two people give S / c_u; genres are drawn nearly."""
    people = [(person, _silent(taste)) for person, taste in Synthetic(400).tastes()]
    view = engine.build_index(people, watermark=0, built_at=NOW).view()
    asked = Asked.of(view, 1)
    group = view.people[0].scaled
    stored = kept(view, group, np.arange(len(group)))
    worth = dict(zip(asked.artist_ids.tolist(), asked.worth.tolist(), strict=True))
    vectors = np.frombuffer(stored.vectors, VECTOR_ROW)
    near = vectors["nearness"].astype(np.float64) @ asked.nearness
    sums = dict(zip(vectors["person_id"].tolist(), near.tolist(), strict=True))
    for row in np.frombuffer(stored.artists, ARTIST_ROW):
        shared = worth.get(int(row["artist_id"]), 0.0)
        sums[int(row["person_id"])] += shared * float(row["weight"])
    ids, similarity = engine.Comparison(view, 1).everyone()
    expected = similarity / asked.closeness
    assert [sums[person] for person in ids.tolist()] == pytest.approx(expected, abs=0.1)


def _silent(taste: engine.Taste) -> engine.Taste:
    artists, genres = taste.artist_ids, taste.genre_ids
    return engine.Taste(artists, taste.artist_weights, genres, taste.genre_weights)


def test_artists_beyond_the_range_of_the_column_stay_apart() -> None:
    ids = np.array([1, 2**31 - 1, 2**31, 2**32 - 1], np.uint32)
    assert len(set(as_key(ids).tolist())) == 4
    assert as_key(ids)[:2].tolist() == [1, 2**31 - 1]


def test_much_loved_artists_leave_room_for_the_others() -> None:
    sizes, worth = np.array([10, 500_000, 500_000]), np.array([1.0, 1.0, 4.0])
    asked = Asked(np.zeros(3, np.int32), worth, sizes, np.zeros(1), 1.0)
    small, known, loved = asked.most(1_000)
    assert small >= 10
    assert known + loved + 10 == pytest.approx(1_000, abs=2)
    assert loved == pytest.approx(2 * known, abs=2)


# --- Who is among them ----------------------------------------------------


@with_pgvector
def test_everyone_is_compared_until_the_tables_are_filled(
    asked: None, community: list[User]
) -> None:
    with connections[pgvector.ALIAS].cursor() as cursor:
        cursor.execute("DELETE FROM matching_preselect_fill")
    assert preselect.candidates(community[0].pk) is preselect.EVERYONE
    assert preselect.preselect_refresh()
    assert preselect.candidates(community[0].pk) is not preselect.EVERYONE


@with_pgvector
def test_someone_without_taste_is_not_asked_for(
    filled: list[User], now: datetime
) -> None:
    with pytest.raises(engine.UnknownPerson):
        preselect.candidates(make_person("eve_new").pk)


@with_pgvector
def test_the_page_says_among_whom_it_looked(
    filled: list[User], sign_in: SignIn, settings: Any, monkeypatch: Any
) -> None:
    ada, *_ = filled
    everyone = handles(sign_in(ada))
    _few(monkeypatch, 1)
    response = sign_in(ada).get("/matches/")
    [mark] = marks(response, "data-preselected")
    assert mark["data-preselected"] == "1"
    assert "among the 1 person likeliest to be close" in words_of(response)
    assert len(everyone) > 1
    assert handles(sign_in(ada)) == everyone[:1]
    settings.MATCHING_PRESELECT = ""
    assert not marks(sign_in(ada).get("/matches/"), "data-preselected")
    assert handles(sign_in(ada)) == everyone


@with_pgvector
def test_scores_are_those_of_the_engine(filled: list[User], sign_in: SignIn) -> None:
    ada, *_ = filled
    scan = engine.scan(current_view(), ada.pk)
    order = scan.person_ids[scan.order()].tolist()
    expected = [str(User.objects.get(pk=pk).handle) for pk in order]
    assert handles(sign_in(ada)) == expected


@with_pgvector
def test_a_name_is_looked_for_among_everyone(
    filled: list[User], sign_in: SignIn, monkeypatch: Any
) -> None:
    ada, *_ = filled
    last = handles(sign_in(ada))[-1]
    _few(monkeypatch, 1)
    assert last not in handles(sign_in(ada))
    assert handles(sign_in(ada), f"?q={last}") == [last]


@with_pgvector
def test_the_blocked_and_the_hidden_are_never_listed(
    filled: list[User], sign_in: SignIn, now: datetime
) -> None:
    ada, ben, _, dee = filled
    assert {"ben_near", "dee_blocked"} <= set(handles(sign_in(ada)))
    block_create(blocker=dee, blocked=ada, now=now)
    matching_pause(person=ben, now=now)
    # The tables still know both.
    assert {ben.pk, dee.pk} <= set(_ids(ada))
    assert not {"ben_near", "dee_blocked"} & set(handles(sign_in(ada)))


# --- What changes ---------------------------------------------------------


@with_pgvector
def test_the_hidden_leave_the_tables(filled: list[User], now: datetime) -> None:
    ada, ben, *_ = filled
    assert _kept(ben) == 4
    matching_pause(person=ben, now=now)
    assert preselect.preselect_refresh()
    assert _kept(ben) == 0
    assert ben.pk not in _ids(ada)
    matching_resume(person=ben, now=now)
    assert preselect.preselect_refresh()
    assert _kept(ben) == 4
    assert ben.pk in _ids(ada)


@with_pgvector
def test_the_departed_leave_the_tables(filled: list[User]) -> None:
    _, ben, *_ = filled
    gone = User(pk=ben.pk)
    ben.delete()
    assert preselect.preselect_refresh()
    assert _kept(gone) == 0


@with_pgvector
def test_a_change_is_seen_at_once_and_written_later(
    filled: list[User], sign_in: SignIn, monkeypatch: Any
) -> None:
    ada, *_ = filled
    _few(monkeypatch, 1)
    twin = make_person("eve_twin")
    make_taste(twin, ["Portishead", "Grouper", "Sade", "Burial", "Can"])
    assert twin.pk in _ids(ada)
    assert handles(sign_in(ada))[0] == "eve_twin"
    index_compact()
    assert handles(sign_in(ada))[0] == "eve_twin"
    assert preselect.preselect_refresh()
    assert _kept(twin) == 5
    # Now she is found, no longer merely new.
    assert _ids(ada) == (twin.pk,)


@with_pgvector
def test_refreshing_twice_is_refreshing_once(filled: list[User]) -> None:
    make_taste(filled[0], ["Sade", "Low"])
    assert preselect.preselect_refresh()
    before = tables.filled()
    assert not preselect.preselect_refresh()
    assert tables.filled() == before
    assert _kept(filled[0]) == 2


@with_pgvector
def test_many_changes_are_written_in_parts(
    filled: list[User], monkeypatch: Any
) -> None:
    monkeypatch.setattr(services, "_MOST_CHANGED", 1)
    for person in filled[:2]:
        make_taste(person, ["Sade", "Low"])
    assert preselect.preselect_refresh()
    assert [_kept(person) for person in filled[:2]] == [2, 4]
    assert preselect.preselect_refresh()
    assert [_kept(person) for person in filled[:2]] == [2, 2]


@with_pgvector
def test_a_new_index_fills_the_tables_anew(
    filled: list[User], sign_in: SignIn, now: datetime
) -> None:
    ada, *_ = filled
    before = handles(sign_in(ada))
    later = now + timedelta(hours=1)
    index_rebuild(now=later)
    # Meanwhile the old tables are asked in their own terms.
    assert handles(sign_in(ada)) == before
    assert preselect.preselect_refresh()
    fill = preselect.filled()
    assert fill is not None
    assert fill.built_at == later
    assert handles(sign_in(ada)) == before


@with_pgvector
def test_two_never_write_at_once(
    filled: list[User], database: str, monkeypatch: Any
) -> None:
    make_taste(filled[0], ["Sade", "Low"])
    # The transaction of this test holds the lock it took to fill the tables.
    monkeypatch.setattr(tables, "LOCK", tables.LOCK + 1)
    with psycopg.connect(database) as other:
        other.execute("SET lock_timeout = '5s'")
        other.execute("SELECT pg_advisory_xact_lock(%s)", [tables.LOCK])
        with pytest.raises(preselect.FillRunning):
            preselect.preselect_refresh()
        tasks.preselect_refresh_task.delay()
    assert _kept(filled[0]) == 5


@with_pgvector
def test_the_task_refreshes_only_where_it_is_on(
    filled: list[User], settings: Any
) -> None:
    make_taste(filled[0], ["Sade", "Low"])
    settings.MATCHING_PRESELECT = ""
    tasks.preselect_refresh_task.delay()
    assert _kept(filled[0]) == 5
    settings.MATCHING_PRESELECT = "pgvector"
    tasks.preselect_refresh_task.delay()
    assert _kept(filled[0]) == 2


# --- How well it does -----------------------------------------------------


def _warnings(caplog: Any) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == recall.__name__ and record.levelname == "WARNING"
    ]


@with_pgvector
def test_the_recall_is_measured_once_a_day(
    filled: list[User], now: datetime, caplog: Any
) -> None:
    tasks.preselect_recall_task.delay()
    tasks.preselect_recall_task.delay()
    row = PreselectRecall.objects.get()
    assert (row.people, row.sampled, row.recall) == (4, 4, 1.0)
    assert _warnings(caplog) == []
    assert not preselect.recall_is_due(now=row.measured_at + timedelta(hours=23))
    assert preselect.recall_is_due(now=row.measured_at + timedelta(hours=24))


@with_pgvector
def test_a_low_recall_is_a_warning(
    filled: list[User], now: datetime, caplog: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(recall, "candidates", lambda *_, **__: (filled[0].pk,))
    row = preselect.recall_measure(now=now)
    assert row is not None
    assert row.recall < 0.95
    [warning] = _warnings(caplog)
    assert "recall@50" in warning


@with_pgvector
def test_nothing_is_measured_where_everyone_is_compared(
    filled: list[User], settings: Any
) -> None:
    settings.MATCHING_PRESELECT = ""
    tasks.preselect_recall_task.delay()
    assert not PreselectRecall.objects.exists()


# --- Setting it up --------------------------------------------------------


def _checked() -> list[str]:
    found = run_checks(tags=["musicmatch"])
    found += run_checks(tags=[Tags.database], databases=["default"])
    return [str(m.id) for m in found if "preselect" in str(m.msg).lower()]


def test_a_wrong_setting_is_named(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(tables, "missing", lambda: "")
    assert _checked() == []
    settings.MATCHING_PRESELECT = "pgvector"
    assert _checked() == []
    settings.MATCHING_PRESELECT = "faiss"
    assert _checked() == ["musicmatch.E011"]


@with_pgvector
def test_missing_tables_are_named_and_set_up(
    asked: None, community: list[User]
) -> None:
    with connections[pgvector.ALIAS].cursor() as cursor:
        cursor.execute(f"DROP TABLE {tables.ARTIST}, {tables.VECTOR}, {tables.FILL}")
        assert _checked() == ["musicmatch.W012"]
        cursor.execute("DROP EXTENSION vector")
    assert _checked() == ["musicmatch.W012"]
    assert preselect.candidates(community[0].pk) is preselect.EVERYONE
    tasks.preselect_refresh_task.delay()
    assert "They are filled." in _said("preselect_setup")
    assert "up to date already" in _said("preselect_setup")
    assert _checked() == []
    assert len(_ids(community[0])) == 3


def test_another_database_is_refused(
    community: list[User], settings: Any, monkeypatch: Any
) -> None:
    class Other:
        vendor = "sqlite"

    settings.MATCHING_PRESELECT = "pgvector"
    monkeypatch.setattr(tables, "connection", Other())
    assert _checked() == ["musicmatch.W012"]
    assert preselect.candidates(community[0].pk) is preselect.EVERYONE
    with pytest.raises(CommandError, match="not PostgreSQL"):
        call_command("preselect_setup", stdout=StringIO())


@with_pgvector
def test_setting_up_before_there_is_an_index(asked: None) -> None:
    assert "as soon as there is an index" in _said("preselect_setup")
    tasks.preselect_refresh_task.delay()
    tasks.preselect_recall_task.delay()


@with_pgvector
def test_the_status_is_told(filled: list[User], now: datetime, settings: Any) -> None:
    assert "No recall has been measured yet." in _said("preselect_status")
    preselect.recall_measure(now=now)
    told = _said("preselect_status")
    assert "filled from the index of 2026-11-22 12:00" in told
    assert "recall@50 1.000 over 4 people" in told
    settings.MATCHING_PRESELECT = ""
    assert "off: everyone is compared" in _said("preselect_status")


def _said(command: str) -> str:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue()
