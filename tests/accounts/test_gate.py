"""The gate: a gap between calls, and patience when a service asks for it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import gate
from accounts.models import ServiceGate
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SERVICE = "spotify"
GAP = 100


def enter(milliseconds: float, gap_ms: int = GAP) -> None:
    moment = NOW + timedelta(milliseconds=milliseconds)
    gate.enter(SERVICE, now=moment, gap_ms=gap_ms)


def close(
    now: datetime = NOW, retry_after: int | None = None, *, is_quota: bool = False
) -> timedelta:
    """Close the gate; return for how long."""
    until = gate.close(SERVICE, now=now, retry_after=retry_after, is_quota=is_quota)
    return until - now


# --- The gap ----------------------------------------------------------------------


@pytest.mark.parametrize("later", [0, 1, 50, 99])
@pytest.mark.parametrize("first", [0, 50, 99])
def test_two_calls_keep_their_distance(first: int, later: int) -> None:
    enter(first)
    with pytest.raises(gate.GateClosed) as caught:
        enter(first + later)
    assert caught.value.reason is None
    assert caught.value.retry_at == NOW + timedelta(milliseconds=first + GAP)


@pytest.mark.parametrize("first", [0, 50, 99])
@pytest.mark.parametrize("later", [100, 101, 199, 200, 5000])
def test_a_call_after_the_gap_passes(first: int, later: int) -> None:
    enter(first)
    enter(first + later)
    with pytest.raises(gate.GateClosed):
        enter(first + later + 1)


def test_who_comes_late_with_an_early_clock_waits_too() -> None:
    enter(120)
    with pytest.raises(gate.GateClosed):
        enter(80)
    enter(220)


def test_a_refused_call_takes_no_slot() -> None:
    enter(99)
    with pytest.raises(gate.GateClosed):
        enter(100)
    enter(199)


def test_services_do_not_wait_for_each_other() -> None:
    enter(0)
    gate.enter("listenbrainz", now=NOW, gap_ms=GAP)


def test_no_gap_holds_nobody_up() -> None:
    for _ in range(3):
        enter(0, gap_ms=0)


def test_who_keeps_to_the_time_given_gets_in() -> None:
    now, passed = NOW, 0
    while passed < 20:
        try:
            gate.enter(SERVICE, now=now, gap_ms=GAP)
            passed += 1
        except gate.GateClosed as closed:
            now = closed.retry_at
    assert now - NOW == timedelta(milliseconds=19 * GAP)


def test_many_threads_never_call_closer_than_the_gap() -> None:
    gap = 20
    gate.closure(SERVICE, timezone.now())
    passed: list[int] = []
    end = time.monotonic() + 0.7

    def call() -> None:
        while time.monotonic() < end:
            now = timezone.now()
            try:
                gate.enter(SERVICE, now=now, gap_ms=gap)
                passed.append(int(now.timestamp() * 1000))
            except gate.GateClosed:
                time.sleep(0.0005)

    with ThreadPoolExecutor(12) as pool:
        for future in [pool.submit(call) for _ in range(12)]:
            future.result()
    passed.sort()
    gaps = [b - a for a, b in zip(passed, passed[1:], strict=False)]
    assert len(passed) > 5
    assert min(gaps) >= gap


# --- Closed -----------------------------------------------------------------------


def test_a_closed_gate_lets_nobody_through_until_the_time_it_names() -> None:
    assert close(retry_after=2) == timedelta(seconds=3)
    with pytest.raises(gate.GateClosed) as caught:
        enter(2999)
    assert caught.value.retry_at == NOW + timedelta(seconds=3)
    assert caught.value.reason == "rate"
    enter(3000)


def test_an_open_gate_has_no_closure() -> None:
    assert gate.closure(SERVICE, NOW) is None
    close(retry_after=10)
    closed = gate.closure(SERVICE, NOW)
    assert closed == gate.Closure(NOW + timedelta(seconds=11), "rate")
    assert gate.closure("lastfm", NOW) is None
    assert gate.closure(SERVICE, NOW + timedelta(seconds=11)) is None


def test_a_lost_cache_does_not_open_the_gate() -> None:
    close(retry_after=81_654)
    cache.clear()
    with pytest.raises(gate.GateClosed):
        enter(0)


def test_an_open_gate_that_was_looked_at_closes_at_once() -> None:
    enter(0)
    close(retry_after=60)
    with pytest.raises(gate.GateClosed):
        enter(500)


def test_a_slow_look_does_not_open_what_was_closed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    objects = ServiceGate.objects
    seen_open = objects.none()

    def slow(**_: object) -> object:
        close(retry_after=3600)
        return seen_open

    monkeypatch.setattr(objects, "filter", slow)
    assert gate.closure(SERVICE, NOW) is None
    assert gate.closure(SERVICE, NOW) is not None


@pytest.mark.django_db
def test_a_look_is_trusted_for_a_while(
    django_assert_num_queries: object,
) -> None:
    gate.closure(SERVICE, NOW)
    with django_assert_num_queries(0):
        gate.closure(SERVICE, NOW)


# --- How long ---------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [1, 2, 79_892, 81_654, 86_400, 172_800])
def test_a_believable_time_is_believed(seconds: int) -> None:
    assert close(retry_after=seconds) == timedelta(seconds=seconds + 1)
    assert ServiceGate.objects.get().reason == "rate"


@pytest.mark.parametrize("silly", [None, 0, 172_801, 10**9])
def test_without_a_believable_time_it_is_a_minute(silly: int | None) -> None:
    assert close(retry_after=silly) == timedelta(minutes=1)


def test_the_back_off_doubles_up_to_an_hour() -> None:
    now, waits = NOW, []
    for _ in range(9):
        wait = close(now)
        waits.append(wait.total_seconds() / 60)
        now += wait
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert close(now + timedelta(hours=7)) == timedelta(minutes=1)


def test_a_burst_of_answers_counts_once() -> None:
    assert close() == timedelta(minutes=1)
    for seconds in (0, 1, 5):
        later = NOW + timedelta(seconds=seconds)
        assert close(later) == timedelta(minutes=1)
    assert ServiceGate.objects.get().strikes == 1


def test_a_shorter_answer_never_shortens_the_rest() -> None:
    close(retry_after=3600)
    later = NOW + timedelta(seconds=5)
    assert close(later, 2) == timedelta(seconds=3596)
    closed = gate.closure(SERVICE, later)
    assert closed
    assert closed.until == NOW + timedelta(seconds=3601)


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_a_spent_quota_is_new_the_next_day(hour: int) -> None:
    now = datetime(2026, 12, 31, hour, 30, tzinfo=UTC)
    until = now + close(now, is_quota=True)
    assert until == datetime(2027, 1, 1, 0, 5, tzinfo=UTC)


def test_the_day_is_that_of_utc() -> None:
    tokyo = NOW.astimezone(timezone.get_fixed_timezone(540)).replace(hour=3)
    until = tokyo + close(tokyo, is_quota=True)
    assert until.astimezone(UTC) == datetime(2026, 11, 22, 0, 5, tzinfo=UTC)


def test_a_quota_with_a_time_of_its_own_keeps_it() -> None:
    assert close(retry_after=120, is_quota=True) == timedelta(seconds=121)
    closed = gate.closure(SERVICE, NOW)
    assert closed
    assert closed.reason == "quota"


def test_the_reason_is_that_of_the_longer_rest() -> None:
    close(is_quota=True)
    close(NOW + timedelta(seconds=1), 5)
    closed = gate.closure(SERVICE, NOW + timedelta(seconds=1))
    assert closed
    assert closed.reason == "quota"
    assert ServiceGate.objects.get().reason == "quota"


def test_a_closed_gate_is_known_while_the_cache_is_away(cache_away: None) -> None:
    ServiceGate.objects.create(
        service=SERVICE, blocked_until=NOW + timedelta(minutes=10), reason="rate"
    )
    closed = gate.closure(SERVICE, NOW)
    assert closed is not None
    assert closed.until == NOW + timedelta(minutes=10)
    assert gate.closure("lastfm", NOW) is None
