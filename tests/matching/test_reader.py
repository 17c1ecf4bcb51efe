"""The web process sees every change at its next request."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread, current_thread, main_thread
from time import monotonic
from typing import Any

import numpy as np
import pytest

from accounts.models import User
from accounts.services import matching_pause
from ingest.models import Artist
from matching import engine, reader, services
from matching.changes import Changes
from matching.models import Taste, TasteChange
from matching.reader import current_view
from tests.factories import make_person, make_taste

ROOT = Path(__file__).parents[2]
_SERVICES = {"DATABASE_URL", "REDIS_URL"}


def test_without_an_index_it_says_so(db: None) -> None:
    with pytest.raises(engine.IndexMissing):
        current_view()


def test_nothing_new_costs_one_query(
    community: list[User], django_assert_num_queries: Any
) -> None:
    view = current_view()
    with django_assert_num_queries(1):
        assert current_view() is view


def test_a_change_is_there_at_the_next_call(community: list[User]) -> None:
    ada = community[0]
    before = current_view().taste(ada.pk)
    make_taste(ada, ["Low"])
    after = current_view().taste(ada.pk)
    assert before is not None
    assert after is not None
    assert len(after) == 1 != len(before)


def test_a_newcomer_is_there_at_the_next_call(community: list[User]) -> None:
    assert len(current_view()) == 4
    make_taste(make_person("eve_new"), ["Sade"])
    assert len(current_view()) == 5


def test_pausing_and_leaving_are_there_at_the_next_call(
    community: list[User], now: datetime
) -> None:
    ada, ben, cyd, _ = community
    matching_pause(person=ben, now=now)
    assert ben.pk not in current_view().person_ids
    gone = cyd.pk
    cyd.delete()
    assert gone not in current_view().person_ids
    assert ada.pk in current_view().person_ids


def test_leaving_before_the_index_is_read_is_seen_too(community: list[User]) -> None:
    gone = community[1].pk
    community[1].delete()
    reader.forget()
    assert gone not in current_view().person_ids


def test_people_deleted_in_bulk_are_gone(community: list[User]) -> None:
    User.objects.filter(pk__in=[person.pk for person in community[1:]]).delete()
    assert current_view().person_ids.tolist() == [community[0].pk]


def test_a_new_generation_is_picked_up(community: list[User], now: datetime) -> None:
    first = current_view()
    make_taste(community[0], ["Low"])
    index = services.index_rebuild(now=now)
    second = current_view()
    assert second.index.watermark == index.watermark > first.index.watermark
    assert second.taste(community[0].pk) == index.view().taste(community[0].pk)


def test_a_builder_that_finishes_meanwhile_hides_nothing(
    community: list[User], now: datetime, monkeypatch: Any
) -> None:
    current_view()
    gone = community[1].pk
    community[1].delete()
    real = reader.noted_since

    def late(watermark: int) -> Any:
        """The builder swept the change just before it is asked for."""
        monkeypatch.setattr(reader, "noted_since", real)
        services.index_rebuild(now=now)
        return real(watermark)

    monkeypatch.setattr(reader, "noted_since", late)
    assert gone not in current_view().person_ids


def test_a_corrupt_index_is_named_and_the_next_one_read(
    community: list[User], now: datetime, settings: Any, caplog: Any
) -> None:
    held = current_view()
    for name in ("MANIFEST.json", "MANIFEST-000001.json"):
        manifest = settings.INDEX_DIR / name
        manifest.rename(manifest.with_suffix(".old"))
        manifest.write_text("{}")
    assert current_view() is held
    assert "MANIFEST.json has version None" in caplog.text
    reader.forget()
    with pytest.raises(engine.IndexCorrupt):
        current_view()
    services.index_rebuild(now=now)
    assert len(current_view()) == 4


def test_a_row_that_cannot_be_read_hides_one_person(
    community: list[User], caplog: Any
) -> None:
    Taste.objects.filter(person=community[1]).update(seq=10_000, blob=b"MT?")
    assert len(current_view()) == 3
    assert "cannot be read" in caplog.text


def test_many_threads_share_one_view(
    community: list[User], now: datetime, monkeypatch: Any
) -> None:
    loads: list[int] = []
    load = engine.Index.load

    def counted(folder: Path) -> engine.Index:
        if current_thread() is not main_thread():
            loads.append(1)
        return load(folder)

    monkeypatch.setattr(engine.Index, "load", counted)
    for ask in ("all_since", "noted_since"):
        monkeypatch.setattr(reader, ask, lambda seq: (Changes(), seq))
    seen: list[engine.View] = []
    for _ in range(3):
        threads = [
            Thread(target=lambda: seen.extend(current_view() for _ in range(20)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        services.index_rebuild(now=now)
    assert len(seen) == 3 * 8 * 20
    assert len({id(view) for view in seen}) == len(loads) == 3


# --- Two processes --------------------------------------------------------

_WATCH = """
import sys, django
django.setup()
from matching.reader import current_view
for line in sys.stdin:
    print(len(current_view()), flush=True)
"""
_LEAVE = """
import django
django.setup()
from django.utils import timezone
from accounts.models import User
from accounts.services import matching_pause
from ingest.models import Artist
first, second = User.objects.filter(taste__is_visible=True).order_by("pk")[:2]
matching_pause(person=first, now=timezone.now())
second.delete()
"""


@contextmanager
def _watcher(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _WATCH],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _people(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("?\n")
    process.stdin.flush()
    return int(process.stdout.readline())


@pytest.mark.process
def test_what_one_process_writes_another_sees(tmp_path: Path) -> None:
    environment = {
        **{k: v for k, v in os.environ.items() if k not in _SERVICES},
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
        "LOG_LEVEL": "WARNING",
    }

    def run(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )

    run("manage.py", "migrate", "--verbosity", "0")
    run("manage.py", "seed_demo", "--people", "12")
    with _watcher(environment) as web:
        before = _people(web)
        run("-c", _LEAVE)
        start = monotonic()
        assert _people(web) == before - 2
        assert monotonic() - start < 5


def test_a_change_between_two_queries_is_not_lost(
    community: list[User], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone pauses and someone else leaves while a new index is being read."""
    ada, ben, cyd, _ = community
    departed_since = type(TasteChange.objects.all()).departed_since
    reader.forget()

    def meanwhile(changes: Any, watermark: int) -> Any:
        if ben.paused_at is None:
            matching_pause(person=ben, now=now)
            cyd.delete()
        return departed_since(changes, watermark)

    monkeypatch.setattr(type(TasteChange.objects.all()), "departed_since", meanwhile)
    assert cyd.pk is not None
    first = current_view()
    assert ada.pk in first.person_ids
    assert set(current_view().person_ids) == {ada.pk, community[3].pk}


def test_people_who_have_an_artist_are_counted_as_they_are_now(
    community: list[User], now: datetime
) -> None:
    sade = Artist.objects.get(name="Sade").pk
    unknown = Artist.objects.order_by("pk").last().pk + 1

    def count() -> list[int]:
        return current_view().listeners(np.array([sade, unknown], np.uint32)).tolist()

    assert count() == [3, 0]
    make_taste(make_person("eve_new"), ["Sade"])
    assert count() == [4, 0]
    matching_pause(person=community[1], now=now)
    assert count() == [3, 0]
    services.index_rebuild(now=now)
    assert count() == [3, 0]
