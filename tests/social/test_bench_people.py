"""The benchmark of people counts, compares, and leaves nothing behind."""

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from musicmatch.management.commands.bench_people import table, too_many, too_slow
from musicmatch.people_bench import Cost, Crowd, Sizes, costs
from social.models import Connection, Message, Thread, ThreadSide

PAGES = (
    "connections",
    "conversations",
    "newest page of a thread",
    "counts in the navigation",
    "asking for news, none there",
)
TINY = Sizes(people=200, connections=400, messages=4000)


def test_the_whole_of_it_in_small(
    db: None, capfd: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if connection.vendor == "sqlite":
        # Would win over the address of the file that is thrown away.
        monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "the host's own"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    call_command("bench_people", people=200, connections=400, messages=4000, tries=1)
    said = capfd.readouterr().out
    assert "20 people, 40 connections, 400 messages on" in said
    for page in PAGES:
        [(few, many)] = re.findall(rf"^{page} +(\d+) → (\d+) ", said, re.M)
        assert 1 <= int(few) == int(many) <= 10
    assert re.search(r"^A poll costs 1/\d+\.\d of the page", said, re.M)
    assert list(tmp_path.iterdir()) == []
    assert not Message.objects.exists()


def test_the_crowd_grows_around_those_who_look(db: None) -> None:
    crowd = Crowd(TINY, now=timezone.now())
    seen = []
    for sizes in (TINY.tenth, TINY):
        crowd.grow(sizes)
        assert Connection.objects.count() == Thread.objects.count()
        assert Connection.objects.count() == sizes.connections
        assert Message.objects.count() == sizes.messages
        sides = ThreadSide.objects.filter(person__in=crowd.viewers)
        seen.append(sorted(sides.values_list("person", "thread")))
    assert seen[0] == seen[1]
    assert len(seen[0]) == 10 * TINY.partners
    for side in ThreadSide.objects.exclude(last_message=None):
        said = side.thread.messages
        assert side.last_message == said.newest_first().first()
        assert side.unread == said.unseen_by(side.person_id).count()
    assert set(costs(crowd.viewers[:1], tries=1)) == set(PAGES)


def _costs(
    queries: int = 5, ms: float = 20.0, poll_queries: int = 3
) -> dict[str, Cost]:
    found = {page: Cost(queries, ms, 2.0) for page in PAGES}
    found[PAGES[-1]] = Cost(poll_queries, ms / 6, 2.0)
    return found


def test_what_is_too_much_is_named() -> None:
    assert too_many(_costs(), _costs()) == []
    assert len(too_many(_costs(5), _costs(6))) == 4
    assert len(too_many(_costs(11), _costs(11))) == 4
    [poll] = too_many(_costs(poll_queries=4), _costs(poll_queries=4))
    assert poll == "asking for news, none there asks 4 and 4 times, at most 3"


def test_what_is_too_slow_is_named() -> None:
    assert too_slow(_costs(), _costs(ms=25.9)) == []
    assert len(too_slow(_costs(), _costs(ms=26.1))) == 5
    cheap = {**_costs(), PAGES[2]: Cost(5, 16.0, 2.0)}
    assert too_slow(cheap, cheap) == ["a poll costs more than 1/5 of the page"]


def test_a_busy_machine_is_not_a_slow_page() -> None:
    slowed = {
        name: Cost(cost.queries, 3 * cost.milliseconds, 3 * cost.bare)
        for name, cost in _costs().items()
    }
    assert too_slow(_costs(), slowed) == []


def test_the_table_says_both_sizes() -> None:
    lines = table(_costs(), _costs(ms=30.0))
    assert lines[1].split() == ["connections", "5", "→", "5", "20.00", "30.00", "1.50"]
    assert lines[-1] == "A poll costs 1/6.0 of the page it stands on."


@pytest.mark.parametrize(
    "sizes",
    [(199, 400, 4000), (200, 199, 4000), (200, 601, 4000), (200, 400, 399)],
)
def test_a_crowd_that_cannot_be_made_is_refused(sizes: tuple[int, int, int]) -> None:
    people, connections, messages = sizes
    with pytest.raises(CommandError, match="at least 200 people"):
        call_command(
            "bench_people", people=people, connections=connections, messages=messages
        )


def test_it_never_measures_where_data_is_kept(db: None) -> None:
    with pytest.raises(CommandError, match="data that is kept"):
        call_command("bench_people", inside=True)
    assert not Message.objects.exists()
