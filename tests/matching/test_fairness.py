"""The figures of the fairness page are true, and tell nothing about one person."""

import random
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import matching_pause
from matching import changelog, engine, fairness, reader, tasks
from matching.changelog import CHANGES
from matching.engine import SCORE_VERSION
from matching.models import FairnessReport
from matching.reader import current_view
from matching.services import index_rebuild, refreshes_gathered
from tests.factories import make_person, make_taste
from tests.matching.marks import marks, words_of

PAGE = "/about/matching/"


def crowd_of(count: int, now: datetime) -> list[User]:
    """People who mix, in orders of their own, artists that all, some or one have."""
    draw = random.Random(7)
    people = []
    with refreshes_gathered(now=now):
        for number in range(count):
            person = make_person(f"person_{number}")
            scene = [f"Scene {number % 5} {n}" for n in range(9)]
            known = [f"Known {n}" for n in range(12)]
            artists = [f"Own {number}", f"Pair {number // 2}"]
            artists += draw.sample(scene, draw.randint(0, 9))
            artists += draw.sample(known, draw.randint(0, 12))
            draw.shuffle(artists)
            make_taste(person, artists)
            people.append(person)
    index_rebuild(now=now)
    return people


@pytest.fixture
def crowd(db: None, now: datetime) -> list[User]:
    return crowd_of(41, now)


def brute(view: engine.View, chosen: list[int], everyone: list[int]) -> dict[str, Any]:
    """The same figures from the receipts of every pair, one at a time."""
    times = dict.fromkeys(chosen, 0)
    best, listeners = {}, {}
    has = {}
    for person in everyone:
        taste = view.taste(person)
        assert taste is not None
        has[person] = set(taste.artist_ids.tolist())
    for viewer in chosen:
        others = [person for person in everyone if person != viewer]
        receipts = {p: engine.explain(view, viewer, p) for p in others}
        scores = {p: receipts[p].similarity for p in others}
        best[viewer] = max(engine.score_of(np.array([s]))[0] for s in scores.values())
        ranked = sorted((-s, p) for p, s in scores.items() if s > 0 and p in times)
        for _, person in ranked[:20]:
            times[person] += 1
        counts = [sum(a in has[p] for p in everyone) for a in has[viewer]]
        listeners[viewer] = sum(counts) / len(counts)
    ordered = sorted(chosen, key=lambda person: (listeners[person], person))
    return {
        "nobody": sum(count == 0 for count in times.values()) / len(chosen),
        "groups": [
            {
                "people": len(part),
                "listeners": round(float(np.mean([listeners[p] for p in part])), 1),
                "best_match": round(float(np.median([best[p] for p in part])), 1),
                "in_top": round(float(np.mean([times[p] for p in part])), 1),
            }
            for part in np.array_split(np.array(ordered), 4)
        ],
    }


# --- The figures ----------------------------------------------------------


def test_the_report_is_what_brute_force_finds(crowd: list[User], now: datetime) -> None:
    report = fairness.report_make(now=now)
    assert report is not None
    view = current_view()
    everyone = view.person_ids.tolist()
    expected = brute(view, everyone, everyone)
    assert (report.people, report.sampled) == (41, 41)
    assert report.nobody_top20 == expected["nobody"]
    assert report.groups == expected["groups"]
    assert [group["people"] for group in report.groups] == [11, 10, 10, 10]
    assert report.groups[0]["listeners"] < report.groups[3]["listeners"]
    assert not report.is_sample


def test_someone_whom_nobody_has_among_the_closest_is_counted(
    crowd: list[User], now: datetime
) -> None:
    for name in ("Merzbow", "Coil"):
        loner = make_person(f"likes_{name.lower()}")
        make_taste(loner, [name])
    index_rebuild(now=now)
    report = fairness.report_make(now=now)
    assert report is not None
    view = current_view()
    everyone = view.person_ids.tolist()
    expected = brute(view, everyone, everyone)
    assert report.nobody_top20 == expected["nobody"] >= 2 / 43
    assert report.nobody_count == round(expected["nobody"] * 43)


def test_a_sample_is_drawn_and_named(crowd: list[User], now: datetime) -> None:
    view = current_view()
    found = fairness.measure(view, most=32)
    assert (found.people, found.sampled) == (41, 32)
    assert sum(group.people for group in found.groups) == 32
    chosen = fairness._drawn(np.sort(view.person_ids), 32).tolist()
    assert len(set(chosen)) == 32
    expected = brute(view, chosen, view.person_ids.tolist())
    assert found.nobody_top == expected["nobody"]
    assert [group.in_top for group in found.groups] == [
        group["in_top"] for group in expected["groups"]
    ]
    assert [group.best_match for group in found.groups] == [
        group["best_match"] for group in expected["groups"]
    ]
    assert fairness.measure(view, most=32) == found


def test_very_many_people_are_read_less_often(
    crowd: list[User], monkeypatch: Any
) -> None:
    """The task has to end in time, and each board reads everyone."""
    monkeypatch.setattr(fairness, "_MOST_READ", 41 * 35)
    monkeypatch.setattr(fairness, "FEWEST_BOARDS", 10)
    assert fairness.measure(current_view()).sampled == 35
    monkeypatch.setattr(fairness, "FEWEST_BOARDS", 38)
    assert fairness.measure(current_view()).sampled == 38


def test_hidden_people_are_in_no_figure(crowd: list[User], now: datetime) -> None:
    matching_pause(person=crowd[3], now=now)
    report = fairness.report_make(now=now)
    assert report is not None
    assert report.people == 40
    view = current_view()
    everyone = view.person_ids.tolist()
    assert report.groups == brute(view, everyone, everyone)["groups"]


def test_few_people_have_no_figures_of_groups(
    db: None, client: Client, now: datetime
) -> None:
    people = crowd_of(30, now)
    assert len(fairness.measure(current_view()).groups) == 4
    matching_pause(person=people[0], now=now)
    report = fairness.report_make(now=now)
    assert report is not None
    assert (report.people, report.sampled) == (29, 0)
    assert (report.nobody_top20, report.groups) == (None, [])
    page = words_of(client.get(PAGE))
    assert "fewer than 30 people" in page
    assert "closest of" not in page


# --- The task -------------------------------------------------------------


def test_the_task_makes_one_report_a_day(crowd: list[User], time_machine: Any) -> None:
    start = timezone.now()
    for _ in range(3):
        tasks.fairness_report_task.delay()
    assert FairnessReport.objects.count() == 1
    later = start + timedelta(hours=25)
    time_machine.move_to(later)
    tasks.fairness_report_task.delay()
    # The index is the same, so its report stands.
    assert FairnessReport.objects.count() == 1
    index_rebuild(now=later)
    tasks.fairness_report_task.delay()
    assert FairnessReport.objects.count() == 2
    newest = FairnessReport.objects.newest()
    assert newest is not None
    assert newest.index_built_at == later


def test_a_new_version_of_the_score_is_reported_at_once(
    crowd: list[User], now: datetime, monkeypatch: Any
) -> None:
    fairness.report_make(now=now)
    assert not fairness.report_is_due(now=now)
    monkeypatch.setattr(engine, "SCORE_VERSION", SCORE_VERSION + 1)
    assert fairness.report_is_due(now=now)
    report = fairness.report_make(now=now)
    assert report is not None
    assert report.score_version == SCORE_VERSION + 1


def test_two_at_once_make_one(
    crowd: list[User], now: datetime, monkeypatch: Any
) -> None:
    measure = fairness.measure

    def slowly(view: engine.View) -> fairness.Fairness:
        """Another worker finishes first."""
        monkeypatch.setattr(fairness, "measure", measure)
        fairness.report_make(now=now - timedelta(seconds=1))
        return measure(view)

    monkeypatch.setattr(fairness, "measure", slowly)
    report = fairness.report_make(now=now)
    assert FairnessReport.objects.get() == report
    assert report is not None
    assert report.made_at == now - timedelta(seconds=1)


def test_without_an_index_or_anyone_there_is_no_report(
    db: None, now: datetime, caplog: Any
) -> None:
    caplog.set_level("INFO")
    tasks.fairness_report_task.delay()
    assert "no index yet" in caplog.text
    index_rebuild(now=now)
    reader.forget()
    tasks.fairness_report_task.delay()
    assert not FairnessReport.objects.exists()


def test_the_clock_knows_the_task(settings: Any) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["make-fairness-report"]
    task = tasks.fairness_report_task
    assert entry["task"] == task.name
    assert task.soft_time_limit < task.time_limit
    # A broker hands a task out again after ten minutes.
    assert task.time_limit < 600


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_the_database_refuses_a_share_that_is_none(
    db: None, now: datetime, share: float
) -> None:
    with (
        pytest.raises(IntegrityError, match="fairnessreport_share_of_one"),
        transaction.atomic(),
    ):
        FairnessReport.objects.create(
            made_at=now,
            people=1,
            sampled=1,
            nobody_top20=share,
            index_built_at=now,
            score_version=1,
        )


# --- The page -------------------------------------------------------------


def make_report(now: datetime, **fields: Any) -> FairnessReport:
    group = {"people": 500, "listeners": 12.5, "best_match": 58.3, "in_top": 19.8}
    given = {
        "made_at": now,
        "people": 1_234_567,
        "sampled": 2000,
        "nobody_top20": 0.0105,
        "groups": [{**group, "best_match": 58.3 + n} for n in range(4)],
        "index_built_at": now - timedelta(hours=3),
        "score_version": SCORE_VERSION,
    }
    return FairnessReport.objects.create(**{**given, **fields})


def test_before_the_first_report_the_page_says_so(client: Client, db: None) -> None:
    page = words_of(client.get(PAGE))
    assert "No figures yet." in page
    assert "closest of" not in page


def test_the_page_shows_the_newest_report(client: Client, db: None) -> None:
    now = timezone.now()
    make_report(now - timedelta(days=2), nobody_top20=0.5)
    make_report(now)
    response = client.get(PAGE)
    page = words_of(response)
    assert "1,234,567" in page
    assert "21 of 2,000 people, 1 %, are among the twenty closest of nobody." in page
    assert "This is a sample: 2,000 of the 1,234,567 people here" in page
    for figure in ("58.3", "61.3", "12.5", "19.8", "3 hours ago"):
        assert figure in page
    assert "The least known" in page
    assert "1,000 of" not in page


def test_a_whole_community_is_no_sample(client: Client, db: None) -> None:
    make_report(timezone.now(), people=300, sampled=300, nobody_top20=0.0)
    page = words_of(client.get(PAGE))
    assert "Nobody: all 300 people are among the twenty closest of someone." in page
    assert "sample" not in page


def test_one_person_is_said_in_the_singular(client: Client, db: None) -> None:
    make_report(timezone.now(), people=300, sampled=300, nobody_top20=1 / 300)
    page = words_of(client.get(PAGE))
    assert "1 of 300 people, under 1 %, is among the twenty closest of nobody." in page


def test_the_page_names_nobody(client: Client, crowd: list[User]) -> None:
    fairness.report_make(now=timezone.now())
    response = client.get(PAGE)
    assert "In this community" in words_of(response)
    for person in crowd:
        assert str(person.handle) not in response.content.decode()
    assert not marks(response, "data-person")


def test_versions_are_on_the_page(client: Client, db: None) -> None:
    page = words_of(client.get(PAGE))
    assert f"The score here is version {SCORE_VERSION}." in page
    for change in CHANGES:
        assert change.what in page
        assert f"Version {change.version}" in page


def test_the_change_log_ends_at_this_version() -> None:
    versions = [change.version for change in changelog.CHANGES]
    assert versions == list(range(SCORE_VERSION, 0, -1))


def test_the_page_asks_for_one_thing(
    client: Client, db: None, django_assert_num_queries: Any
) -> None:
    make_report(timezone.now())
    client.get(PAGE)
    with django_assert_num_queries(1):
        client.get(PAGE)
