"""Queueing runs, holding them, losing them, and what beat does."""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import (
    IntegrityError,
    OperationalError,
    connection,
)

from accounts import gate
from accounts.models import User
from ingest import tasks
from ingest.models import ImportRun, Source, SourceLink
from ingest.models.runs import ImportRunQuerySet
from ingest.services import (
    fetching,
    imports_queue_due,
    run_advance,
    run_queue,
    runs_requeue_stalled,
    source_disconnect,
    source_link,
)
from ingest.services.turns import LEASE, MOST_ATTEMPTS
from musicmatch.standins.spotify import SpotifyStandin
from tests.conftest import require_or_skip
from tests.factories import make_person
from tests.ingest.conftest import Clock, Connect, Finish
from tests.threads import in_threads

State = ImportRun.State
SPOTIFY = Source.SPOTIFY


def queue(person: User, now: datetime, **options: Any) -> ImportRun:
    return run_queue(person_id=person.pk, source=SPOTIFY, now=now, **options)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the runs that were handed to a worker."""
    ids: list[str] = []

    def send(*, kwargs: dict[str, str], **_: Any) -> None:
        ids.append(kwargs["run_id"])

    monkeypatch.setattr(tasks.advance_run_task, "apply_async", send)
    return ids


# --- Queueing -------------------------------------------------------------


def test_a_queued_run_is_handed_over_after_commit(
    ada: User,
    now: datetime,
    sent: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = queue(ada, now)
        assert sent == []
    assert sent == [str(run.pk)]
    assert (run.state, run.total_steps, run.queued_at) == (State.QUEUED, 7, now)


def test_queueing_twice_gives_one_run(ada: User, ben: User, now: datetime) -> None:
    run = queue(ada, now)
    assert queue(ada, now) == run
    assert queue(ada, now, kind=ImportRun.Kind.RECENT) == run
    assert queue(ben, now) != run
    ImportRun.objects.filter(pk=run.pk).update(state=State.DONE)
    assert queue(ada, now) != run


def test_a_queue_that_cannot_be_reached_leaves_the_run_to_beat(
    ada: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def fail(**_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.advance_run_task, "apply_async", fail)
    with django_capture_on_commit_callbacks(execute=True):
        run = queue(ada, now)
    assert list(ImportRun.objects.stalled(now)) == [run]


def test_the_database_holds_one_active_run_of_a_source(
    ada: User, now: datetime
) -> None:
    mine = {"person": ada, "source": SPOTIFY, "queued_at": now}
    ImportRun.objects.create(**mine, state=State.DONE)
    ImportRun.objects.create(**mine, state=State.WAITING)
    with pytest.raises(IntegrityError, match=named("importrun_one_active")):
        ImportRun.objects.create(**mine, state=State.QUEUED)


def named(constraint: str) -> str:
    """How the database names a broken constraint: SQLite lists columns for some."""
    return constraint if connection.vendor == "postgresql" else "constraint failed"


def test_someone_faster_wins(
    ada: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = queue(ada, now)
    none = ImportRun.objects.none()
    with monkeypatch.context() as patch:
        patch.setattr(ImportRunQuerySet, "active", lambda self: none)
        assert queue(ada, now) == theirs
    assert ImportRun.objects.active().get() == theirs


def test_old_runs_go(ada: User, ben: User, now: datetime) -> None:
    def ended(person: User, days: int) -> ImportRun:
        moment = now - timedelta(days=days)
        return ImportRun.objects.create(
            person=person,
            source=SPOTIFY,
            state=State.DONE,
            queued_at=moment,
            finished_at=moment,
        )

    old, recent, others = ended(ada, 31), ended(ada, 29), ended(ben, 31)
    run = queue(ada, now)
    assert set(ImportRun.objects.all()) == {recent, others, run}
    assert old.pk not in ImportRun.objects.values_list("pk", flat=True)


# --- The lease ------------------------------------------------------------


def test_two_workers_never_hold_the_same_run(
    ada: User, connect: Connect, clock: Clock, standin: SpotifyStandin
) -> None:
    run = connect(ada, "percy")
    ImportRun.objects.filter(pk=run.pk).update(
        state=State.RUNNING, lease_until=clock() + LEASE
    )
    assert run_advance(run_id=run.pk, clock=clock) is None
    run.refresh_from_db()
    assert (run.state, run.attempts) == (State.RUNNING, 0)
    assert not standin.calls("/v1/")


def test_a_killed_worker_is_followed_where_it_was(
    ada: User,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    standin: SpotifyStandin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = connect(ada, "percy")
    fetch = fetching.steps.fetch

    def killed(step: Any, *args: Any, **options: Any) -> Any:
        if step.key == "tracks:medium_term":
            raise SystemExit
        return fetch(step, *args, **options)

    monkeypatch.setattr(fetching.steps, "fetch", killed)
    with pytest.raises(SystemExit):
        run_advance(run_id=run.pk, clock=clock)
    monkeypatch.undo()
    run.refresh_from_db()
    assert (run.state, run.done_steps) == (State.RUNNING, 4)
    assert not ada.top_artists.exists()
    # Its lease keeps others away for a minute.
    assert run_advance(run_id=run.pk, clock=clock) is None
    assert len(standin.calls("/v1/")) == 4
    clock.move(seconds=61)
    assert list(ImportRun.objects.stalled(clock())) == [run]
    assert finish(run).state == State.DONE
    assert len(standin.calls("/v1/")) == 7


def test_a_lease_of_a_clock_that_runs_ahead_is_none(
    ada: User, connect: Connect, finish: Finish, clock: Clock
) -> None:
    """Else whoever died with a wrong clock holds an import until that clock's time."""
    run = connect(ada, "percy")
    ahead = clock() + timedelta(hours=1) + LEASE
    ImportRun.objects.filter(pk=run.pk).update(state=State.RUNNING, lease_until=ahead)
    assert list(ImportRun.objects.stalled(clock())) == [run]
    assert finish(run).state == State.DONE


def test_a_worker_killed_while_writing_leaves_nothing_half_written(
    ada: User,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    standin: SpotifyStandin,
    written: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, before = connect(ada, "percy"), written()

    def killed(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(fetching.FetchTurn, "_news", killed)
        with pytest.raises(SystemExit):
            run_advance(run_id=run.pk, clock=clock)
    assert written() == before
    run.refresh_from_db()
    assert (run.state, run.done_steps) == (State.RUNNING, 7)
    clock.move(seconds=61)
    assert finish(run).state == State.DONE
    assert len(standin.calls("/v1/")) == 7


def test_a_worker_that_comes_back_too_late_writes_nothing(
    ada: User,
    connect: Connect,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = connect(ada, "percy")
    fetch = fetching.steps.fetch

    def slowly(step: Any, *args: Any, **options: Any) -> Any:
        if step.key == "recent":
            # Another worker took over meanwhile.
            ImportRun.objects.filter(pk=run.pk).update(
                lease_until=clock() + timedelta(minutes=5)
            )
        return fetch(step, *args, **options)

    monkeypatch.setattr(fetching.steps, "fetch", slowly)
    assert run_advance(run_id=run.pk, clock=clock) is None
    run.refresh_from_db()
    assert run.state == State.RUNNING
    assert "recent" not in run.staged
    assert not ada.top_artists.exists()


def test_a_run_whose_workers_keep_dying_ends_in_words(
    ada: User, connect: Connect, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = connect(ada, "percy")

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(fetching.steps, "fetch", killed)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            run_advance(run_id=run.pk, clock=clock)
        clock.move(seconds=61)
    run_advance(run_id=run.pk, clock=clock)
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "broke off several times" in run.reason
    link = SourceLink.objects.get(person=ada)
    assert (link.state, link.reason) == ("failed", run.reason)


@pytest.mark.parametrize("error", [OperationalError, IntegrityError])
def test_a_write_that_meets_another_is_tried_again(
    error: type[Exception],
    ada: User,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    standin: SpotifyStandin,
    monkeypatch: pytest.MonkeyPatch,
    written: Callable[[], object],
) -> None:
    run, before = connect(ada, "percy"), written()

    def deadlock(*_: Any, **__: Any) -> None:
        raise error("deadlock detected")

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "listening_replace", deadlock)
        assert run_advance(run_id=run.pk, clock=clock) is not None
    run.refresh_from_db()
    assert (run.state, len(run.staged)) == (State.WAITING, 7)
    assert "We try again" in run.reason
    assert written() == before
    clock.now = run.resume_at or clock()
    assert finish(run).state == State.DONE
    assert len(standin.calls("/v1/")) == 7


def test_failures_that_are_not_in_a_row_do_not_add_up(
    ada: User, connect: Connect, finish: Finish, standin: SpotifyStandin
) -> None:
    run = connect(ada, "percy")
    for path in ("/v1/me/top/artists", "/v1/me/top/tracks", "/v1/me/player"):
        standin.fault(path, status=500, times=MOST_ATTEMPTS - 1)
    assert finish(run, turns=30).state == State.DONE


def test_waits_between_failures_double(
    ada: User, connect: Connect, clock: Clock, standin: SpotifyStandin
) -> None:
    run = connect(ada, "percy")
    standin.fault("/v1/me", status=500)
    waits = []
    for _ in range(MOST_ATTEMPTS):
        run_advance(run_id=run.pk, clock=clock)
        run.refresh_from_db()
        if run.resume_at:
            waits.append((run.resume_at - clock()).total_seconds())
            clock.now = run.resume_at
    assert waits == [15, 30, 60, 120]
    assert run.state == State.FAILED


# --- The gate -------------------------------------------------------------


def test_the_gap_between_calls_is_kept_without_sleeping(
    ada: User, connect: Connect, finish: Finish, clock: Clock, settings: Any
) -> None:
    settings.SPOTIFY_MIN_GAP_MS = 100
    run = connect(ada, "percy")
    delay = run_advance(run_id=run.pk, clock=clock)
    run.refresh_from_db()
    assert delay is not None
    assert 0 < delay < 0.2
    assert (run.state, run.reason, run.done_steps) == (State.RUNNING, "", 1)
    assert run.attempts == 0
    assert run.resume_at is not None
    assert clock() < run.resume_at <= clock() + timedelta(milliseconds=100)
    # A message that comes too early finds nothing to do.
    assert run_advance(run_id=run.pk, clock=clock) is None
    assert finish(run).state == State.DONE


def test_the_task_comes_again_after_the_gap(
    ada: User, connect: Connect, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SPOTIFY_MIN_GAP_MS = 60_000
    run = connect(ada, "percy")
    again: list[dict[str, Any]] = []
    monkeypatch.setattr(
        tasks.advance_run_task, "apply_async", lambda **options: again.append(options)
    )
    tasks.advance_run_task(run_id=str(run.pk))
    [options] = again
    assert options["kwargs"] == {"run_id": str(run.pk)}
    assert 0 < options["countdown"] <= 60.1


def test_a_closed_gate_keeps_everyone_waiting(
    ada: User,
    ben: User,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    standin: SpotifyStandin,
) -> None:
    first, second = connect(ada, "percy"), connect(ben, "quill")
    standin.fault("/v1/me/top/tracks", status=429, retry_after=3600, times=1)
    assert run_advance(run_id=first.pk, clock=clock) is None
    first.refresh_from_db()
    called = len(standin.log)
    assert run_advance(run_id=second.pk, clock=clock) is None
    second.refresh_from_db()
    assert len(standin.log) == called
    assert first.state == second.state == State.WAITING
    assert first.attempts == second.attempts == 0
    assert first.resume_at == second.resume_at == clock() + timedelta(seconds=3601)
    # Beat leaves them alone until then, and then takes both up.
    assert runs_requeue_stalled(now=clock.move(seconds=3600)) == 0
    assert runs_requeue_stalled(now=clock.move(seconds=1)) == 2
    assert finish(first).state == finish(second).state == State.DONE


def test_a_grant_someone_else_refreshes_is_waited_for(
    ada: User,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = connect(ada, "percy")

    def busy(**_: Any) -> str:
        raise fetching.grants.RefreshBusy

    with monkeypatch.context() as patch:
        patch.setattr(fetching.grants, "grant_access_token", busy)
        delay = run_advance(run_id=run.pk, clock=clock)
    run.refresh_from_db()
    assert delay is not None
    assert 1 < delay < 3
    assert (run.state, run.attempts) == (State.RUNNING, 0)
    clock.now = run.resume_at or clock()
    assert finish(run).state == State.DONE


# --- Beat -----------------------------------------------------------------


def test_only_runs_no_worker_holds_are_taken_up(
    ada: User,
    ben: User,
    cyd: User,
    dee: User,
    now: datetime,
    sent: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    fresh, lost, held, died = (queue(p, now) for p in (ada, ben, cyd, dee))
    runs = ImportRun.objects
    runs.filter(pk=lost.pk).update(queued_at=now - timedelta(seconds=21))
    runs.filter(pk=held.pk).update(state=State.RUNNING, lease_until=now + LEASE)
    runs.filter(pk=died.pk).update(
        state=State.RUNNING, lease_until=now - timedelta(seconds=1)
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert runs_requeue_stalled(now=now) == 2
    assert set(sent) == {str(lost.pk), str(died.pk)}
    assert str(fresh.pk) not in sent


def linked(person: User, now: datetime, **fields: Any) -> SourceLink:
    link = source_link(person_id=person.pk, source=SPOTIFY, now=now)
    SourceLink.objects.filter(pk=link.pk).update(**fields)
    return link


HOUR = timedelta(hours=1)


def test_a_daily_refresh_is_queued_when_due(
    ada: User, ben: User, now: datetime
) -> None:
    linked(ada, now, next_import_at=now, latest_recent_at=now - 24 * HOUR)
    linked(ben, now, next_import_at=now + HOUR, latest_recent_at=now - 23 * HOUR)
    assert imports_queue_due(now=now) == 1
    run = ImportRun.objects.get()
    assert (run.person, run.kind) == (ada, ImportRun.Kind.FULL)
    assert imports_queue_due(now=now) == 0


def test_recent_listens_are_queued_hourly_for_active_people(
    ada: User, ben: User, cyd: User, now: datetime
) -> None:
    later = {"next_import_at": now + HOUR}
    linked(ada, now, latest_recent_at=now - HOUR, **later)
    linked(ben, now, latest_recent_at=now - HOUR, **later)
    linked(cyd, now, latest_recent_at=now - HOUR / 2, **later)
    User.objects.filter(pk__in=[ada.pk, cyd.pk]).update(last_active_at=now)
    User.objects.filter(pk=ben.pk).update(last_active_at=now - timedelta(days=8))
    assert imports_queue_due(now=now) == 1
    run = ImportRun.objects.get()
    assert (run.person, run.kind) == (ada, ImportRun.Kind.RECENT)


@pytest.mark.parametrize(
    ("state", "full", "recent"),
    [
        ("connected", 1, 1),
        ("failed", 1, 0),
        ("needs_reconnect", 0, 0),
        ("not_allowed", 0, 0),
    ],
)
def test_what_is_due_depends_on_the_state(
    state: str, full: int, recent: int, ada: User, ben: User, now: datetime
) -> None:
    User.objects.update(last_active_at=now)
    linked(ada, now, state=state, next_import_at=now)
    linked(
        ben, now, state=state, next_import_at=now + HOUR, latest_recent_at=now - HOUR
    )
    assert imports_queue_due(now=now) == full + recent
    kinds = dict(ImportRun.objects.values_list("person_id", "kind"))
    assert kinds == {
        **({ada.pk: "full"} if full else {}),
        **({ben.pk: "recent"} if recent else {}),
    }


def test_nothing_is_queued_while_the_gate_is_closed(ada: User, now: datetime) -> None:
    linked(ada, now, next_import_at=now)
    until = gate.close("spotify", now=now, retry_after=600, is_quota=False)
    assert imports_queue_due(now=now + timedelta(minutes=5)) == 0
    assert imports_queue_due(now=until) == 1


def test_other_sources_are_never_due(ada: User, now: datetime) -> None:
    link = source_link(person_id=ada.pk, source=Source.MANUAL, now=now)
    SourceLink.objects.filter(pk=link.pk).update(next_import_at=now)
    assert imports_queue_due(now=now) == 0


def test_recent_listens_that_fail_leave_the_daily_turn(
    ada: User, connect: Connect, finish: Finish, clock: Clock, standin: SpotifyStandin
) -> None:
    finish(connect(ada, "percy"))
    due = SourceLink.objects.get(person=ada).next_import_at
    clock.move(hours=1)
    User.objects.filter(pk=ada.pk).update(last_active_at=clock())
    assert imports_queue_due(now=clock()) == 1
    standin.fault("/v1/me", status=500)
    run = finish(ImportRun.objects.active().get())
    assert run.state == State.FAILED
    link = SourceLink.objects.get(person=ada)
    assert (link.state, link.next_import_at) == ("failed", due)
    assert imports_queue_due(now=clock()) == 0
    standin.clear_faults()
    assert due is not None
    clock.now = due
    assert imports_queue_due(now=clock()) == 1
    assert finish(ImportRun.objects.active().get()).state == State.DONE
    link.refresh_from_db()
    assert (link.state, link.reason) == ("connected", "")


def test_the_tasks_of_beat(ada: User, now: datetime, sent: list[str]) -> None:
    linked(ada, now, next_import_at=now - 1000 * HOUR)
    tasks.queue_due_imports_task(later_argument=1)
    run = ImportRun.objects.get()
    tasks.requeue_runs_task(later_argument=1)
    tasks.advance_run_task.run(run_id=str(uuid.uuid4()), later_argument=1)
    assert run.state == State.QUEUED


# --- Disconnecting while it runs ------------------------------------------


def test_a_run_that_is_deleted_on_its_way_writes_nothing(
    ada: User,
    connect: Connect,
    clock: Clock,
    written: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, before = connect(ada, "percy"), written()
    fetch = fetching.steps.fetch

    def disconnecting(step: Any, *args: Any, **options: Any) -> Any:
        if step.key == "tracks:long_term":
            source_disconnect(person_id=ada.pk, source=SPOTIFY, now=clock())
        return fetch(step, *args, **options)

    monkeypatch.setattr(fetching.steps, "fetch", disconnecting)
    assert run_advance(run_id=run.pk, clock=clock) is None
    assert written() == before
    assert not ImportRun.objects.exists()
    assert not SourceLink.objects.exists()


def test_a_source_that_went_before_writing_stays_gone(
    ada: User, connect: Connect, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = connect(ada, "percy")
    fetch = fetching.steps.fetch

    def last(step: Any, *args: Any, **options: Any) -> Any:
        answer = fetch(step, *args, **options)
        if step.key == "recent":
            SourceLink.objects.all().delete()
        return answer

    monkeypatch.setattr(fetching.steps, "fetch", last)
    assert run_advance(run_id=run.pk, clock=clock) is None
    assert not ada.top_artists.exists()
    assert not SourceLink.objects.exists()


def test_a_run_of_a_source_that_is_gone_ends(ada: User, clock: Clock) -> None:
    run = queue(ada, clock())
    run_advance(run_id=run.pk, clock=clock)
    run.refresh_from_db()
    assert (run.state, run.reason) == (State.FAILED, "You disconnected this source.")


def test_a_run_nobody_knows_is_no_error(db: None, clock: Clock) -> None:
    assert run_advance(run_id=uuid.uuid4(), clock=clock) is None


# --- Real threads ---------------------------------------------------------


@pytest.fixture
def _postgres(transactional_db: None) -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")


@pytest.mark.usefixtures("_postgres")
def test_many_clicks_at_once_give_one_run(now: datetime, sent: list[str]) -> None:
    person = make_person("many_clicks")
    runs = in_threads(*[lambda: queue(person, now)] * 6)
    assert len({run.pk for run in runs}) == 1
    assert ImportRun.objects.count() == 1
    assert sent == [str(runs[0].pk)]


@pytest.mark.usefixtures("_postgres")
def test_many_workers_at_once_make_each_call_once(
    standin: SpotifyStandin, connect: Connect, clock: Clock, sent: list[str]
) -> None:
    person = make_person("many_workers")
    run = connect(person, "percy")
    in_threads(*[lambda: run_advance(run_id=run.pk, clock=clock)] * 4)
    run.refresh_from_db()
    assert run.state == State.DONE
    assert len(standin.calls("/v1/")) == 7


@pytest.mark.usefixtures("_postgres")
def test_twins_imported_at_once_share_their_rows(
    standin: SpotifyStandin,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    sent: list[str],
) -> None:
    standin.mode = "extended"
    people = [make_person(f"twin_{n}") for n in range(4)]
    runs = [
        connect(p, k) for p, k in zip(people, ["marisol", "tobin"] * 2, strict=True)
    ]
    in_threads(*[lambda r=r: run_advance(run_id=r.pk, clock=clock) for r in runs])
    for run in runs:
        assert finish(run).state == State.DONE
    for person in people:
        assert person.top_artists.count() == 150
        assert person.top_tracks.count() == 150
    ids = [set(p.top_artists.values_list("artist_id", flat=True)) for p in people]
    assert all(each == ids[0] for each in ids)


@pytest.mark.usefixtures("_postgres")
def test_a_disconnect_during_the_write_leaves_nothing(
    standin: SpotifyStandin,
    connect: Connect,
    clock: Clock,
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = make_person("leaves_now")
    run = connect(person, "percy")
    writing, asked = threading.Event(), threading.Event()
    replace = fetching.listening_replace

    def slowly(**options: Any) -> Any:
        found = replace(**options)
        writing.set()
        # The disconnect waits for the lock by now, or has not begun; both are fine.
        asked.wait(0.5)
        return found

    def leave() -> dict[str, int]:
        writing.wait(10)
        asked.set()
        return source_disconnect(person_id=person.pk, source=SPOTIFY, now=clock())

    monkeypatch.setattr(fetching, "listening_replace", slowly)
    _, deleted = in_threads(lambda: run_advance(run_id=run.pk, clock=clock), leave)
    assert deleted["artists"] == 21
    assert not person.top_artists.exists()
    assert not person.listens.exists()
    assert not ImportRun.objects.exists()
    assert not SourceLink.objects.exists()


def test_asking_for_everything_widens_a_waiting_run(ada: User, now: datetime) -> None:
    source_link(person_id=ada.pk, source=Source.SPOTIFY, now=now)
    asked = {"person_id": ada.pk, "source": Source.SPOTIFY, "now": now}
    small = run_queue(**asked, kind=ImportRun.Kind.RECENT)
    ImportRun.objects.filter(pk=small.pk).update(state=ImportRun.State.WAITING)
    whole = run_queue(**asked)
    assert whole.pk == small.pk
    whole.refresh_from_db()
    assert (whole.kind, whole.total_steps) == (ImportRun.Kind.FULL, 7)
    assert run_queue(**asked, kind=ImportRun.Kind.RECENT).kind == ImportRun.Kind.FULL
