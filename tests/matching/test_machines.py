"""Several machines, each with an index folder of its own, agree."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from accounts.services import matching_pause
from matching import editions, engine, reader, services
from matching.engine.store import flatten, waiting_about
from matching.models import Edition, EditionPart, Keeper, TasteChange
from matching.status import index_status
from tests.conftest import NOW
from tests.factories import make_person, make_taste

LATER = NOW + timedelta(hours=25)


class Machine:
    """An index folder, and a web process that reads it."""

    def __init__(self, folder: Path, settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        self.web = reader._Reader()

    @contextmanager
    def here(self) -> Iterator[None]:
        before, self.settings.INDEX_DIR = self.settings.INDEX_DIR, self.folder
        try:
            yield
        finally:
            self.settings.INDEX_DIR = before

    def keep(self, now: datetime) -> bool:
        with self.here():
            return services.index_keep(now=now)

    def settle(self, now: datetime) -> None:
        while self.keep(now):
            pass

    def view(self) -> engine.View:
        with self.here():
            return self.web.view()

    def restart(self) -> None:
        self.web = reader._Reader()

    @property
    def edition(self) -> int:
        return engine.Index.load(self.folder).edition


def scores(view: engine.View) -> dict[tuple[int, int], float]:
    found = {}
    for person in view.person_ids.tolist():
        scan = engine.scan(view, person)
        pairs = zip(scan.person_ids.tolist(), scan.similarity.tolist(), strict=True)
        found.update({(person, other): value for other, value in pairs})
    return found


def away(machine: Machine, since: timedelta) -> None:
    name = (machine.folder / "keeper.id").read_text("ascii").strip()
    seen_at = timezone.now() - since
    assert Keeper.objects.filter(folder=name).update(seen_at=seen_at) == 1


@pytest.fixture
def people(db: None) -> list[User]:
    people = [make_person(f"person_{number}") for number in range(24)]
    for number, person in enumerate(people):
        artists = ["Sade", "Low", "Can", "Burial", "Grouper", "Coil", "Neu!"]
        make_taste(person, artists[number % 4 :] + [f"Artist {number % 9}"])
    return people


@pytest.fixture
def two(people: list[User], settings: Any, tmp_path: Path) -> list[Machine]:
    """Two machines with everyone in their index, under one edition."""
    machines = [Machine(tmp_path / name, settings) for name in ("one", "other")]
    for machine in machines:
        machine.settle(NOW)
    return machines


def test_one_counts_and_both_build(two: list[Machine]) -> None:
    one, other = two
    assert Edition.objects.count() == 1
    assert one.edition == other.edition == Edition.objects.get().number
    assert one.view().person_ids.tolist() == other.view().person_ids.tolist()
    assert Keeper.objects.count() == 2


def test_machines_agree_to_the_last_bit_whenever_they_built(
    people: list[User], settings: Any, tmp_path: Path
) -> None:
    """Tastes change between the two builds, and again after both."""
    one, other = (Machine(tmp_path / name, settings) for name in ("one", "other"))
    one.settle(NOW)
    make_taste(people[0], ["Autechre", "Can", "Artist 3"])
    other.settle(NOW)
    assert other.edition == one.edition
    make_taste(people[1], ["Autechre", "Low"])
    found = scores(one.view())
    assert len(found) > 500
    assert scores(other.view()) == found
    assert all(found[b, a] == value for (a, b), value in found.items())


def test_what_is_published_is_what_was_counted(two: list[Machine]) -> None:
    own = flatten(engine.Index.load(two[0].folder).statistics.content)
    theirs = flatten(editions.statistics_of(Edition.objects.get()))
    assert own.keys() == theirs.keys()
    for name, value in own.items():
        if hasattr(value, "dtype"):
            assert value.dtype == theirs[name].dtype
            assert value.tobytes() == theirs[name].tobytes()
        else:
            assert value == theirs[name]


def test_a_new_edition_waits_for_every_machine_that_is_up(two: list[Machine]) -> None:
    one, other = two
    before = one.edition
    assert one.keep(LATER)
    assert not one.keep(LATER)
    assert waiting_about(one.folder)["edition"] == before + 1
    # Nobody answers by it yet.
    assert one.edition == other.edition == before
    assert one.view().index.edition == before
    assert cache.get("index-edition") == before
    assert other.keep(LATER)
    # The last one to build it has let it serve; the first hears of it and follows.
    assert cache.get("index-edition") == other.edition == before + 1
    one.keep(LATER)
    assert one.edition == before + 1
    assert one.view().index.edition == other.view().index.edition == before + 1
    assert scores(one.view()) == scores(other.view())


def test_changes_are_folded_while_an_edition_waits(
    two: list[Machine], people: list[User]
) -> None:
    one, other = two
    before = one.edition
    one.keep(LATER)
    make_taste(people[0], ["Autechre"])
    with one.here():
        services.index_compact()
    assert one.edition == before
    assert waiting_about(one.folder)["edition"] == before + 1
    other.settle(LATER)
    one.settle(LATER)
    assert one.edition == before + 1
    assert scores(one.view()) == scores(other.view())


def test_a_machine_that_is_down_holds_nobody_up(two: list[Machine]) -> None:
    one, other = two
    before = one.edition
    away(other, timedelta(minutes=3))
    one.settle(LATER)
    assert one.edition == before + 1
    # It comes back, serves what it has, and follows as soon as it has built.
    assert other.view().index.edition == before
    other.settle(LATER)
    assert other.edition == before + 1


def test_the_slowest_is_not_waited_for_without_end(
    two: list[Machine], settings: Any
) -> None:
    one, other = two
    before = one.edition
    one.keep(LATER)
    assert one.edition == before
    settings.INDEX_SWITCH_SECONDS = 0
    one.keep(LATER)
    assert one.edition == before + 1
    assert other.edition == before


def test_an_emptied_cache_changes_nothing(two: list[Machine]) -> None:
    one, other = two
    one.keep(LATER)
    other.keep(LATER)
    cache.clear()
    one.keep(LATER)
    assert one.edition == other.edition == cache.get("index-edition")


def test_an_edition_that_is_not_whole_is_counted_again(two: list[Machine]) -> None:
    one, other = two
    EditionPart.objects.filter(place=0).update(data=b"nonsense")
    for path in other.folder.iterdir():
        path.unlink()
    other.settle(LATER)
    one.settle(LATER)
    other.settle(LATER)
    assert one.edition == other.edition == Edition.objects.latest("number").number


def test_a_machine_sweeps_nothing_that_another_has_to_learn(
    two: list[Machine], people: list[User]
) -> None:
    one, other = two
    other.view()
    gone = people[5].pk
    people[5].delete()
    matching_pause(person=people[6], now=timezone.now())
    away(other, timedelta(minutes=3))
    for number in range(3):
        one.settle(LATER + timedelta(days=2 * number))
    assert TasteChange.objects.filter(taste_id=gone).exists()
    for _ in range(2):
        assert not {gone, people[6].pk} & set(other.view().person_ids.tolist())
        other.restart()


@pytest.mark.parametrize("is_restarted", [False, True])
def test_who_left_while_a_machine_was_away_for_days_is_not_shown_there(
    two: list[Machine], people: list[User], is_restarted: bool
) -> None:
    """Even though nothing says any more that they left."""
    one, other = two
    assert people[5].pk in other.view().person_ids
    gone = people[5].pk
    people[5].delete()
    away(other, timedelta(days=2))
    for number in range(3):
        make_taste(people[7], ["Sade", f"Artist {number}"])
        one.settle(LATER + timedelta(days=2 * number))
        with one.here():
            services.index_rebuild(now=LATER)
    assert not TasteChange.objects.filter(taste_id=gone).exists()
    if is_restarted:
        other.restart()
    view = other.view()
    assert gone not in view.person_ids
    assert view.taste(people[7].pk) == one.view().taste(people[7].pk)
    assert other.view() is view


def test_the_status_names_the_machines(two: list[Machine]) -> None:
    one, other = two
    with one.here():
        status = index_status(now=NOW)
    assert (status.edition, status.edition_serving) == (one.edition, one.edition)
    assert len(status.machines) == 2
    one.keep(LATER)
    with one.here():
        status = index_status(now=LATER)
    assert (status.edition_newest, status.machines_behind) == (one.edition + 1, 1)
    assert status.due == ""
