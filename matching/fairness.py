"""How evenly the score treats the people of a community, as the site reports it."""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from matching import engine
from matching.models import FairnessReport
from matching.reader import current_view

logger = logging.getLogger(__name__)

TOP = 20
MOST_BOARDS = 2_000
# Of very many people fewer boards, for the task to end in time: each reads everyone.
FEWEST_BOARDS = 200
_MOST_READ = 2_000_000_000
# With fewer people the figures of a group would describe persons.
FEWEST_PEOPLE = 30
GROUPS = 4
_EVERY = timedelta(hours=24)
_SEED = 7

_Ids = npt.NDArray[np.int64]
_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """People whose artists are about equally well known here.

    listeners   how many people have an artist of theirs, the mean over the group
    best_match  median score, 0..100, of everyone's best match in the community
    in_top      on how many boards' top 20 each of them stands, the mean
    """

    people: int
    listeners: float
    best_match: float
    in_top: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """``sampled`` people had their boards computed: everyone, or a random sample.

    ``nobody_top`` is the share of them in nobody's top 20, None and no groups in a
    community too small to say.
    """

    people: int
    sampled: int
    nobody_top: float | None
    groups: list[Group]


@dataclass(frozen=True, slots=True)
class _Boards:
    """Per sampled person: score of the best match, and top 20s they stand in."""

    best: _Doubles
    times: _Ids


def measure(view: engine.View, *, most: int = MOST_BOARDS) -> Fairness:
    """Compute the boards of everyone, or of up to ``most`` drawn with a fixed seed.

    Those drawn are looked for in each other's top 20 as if they were the community;
    their best match is looked for among everyone. Blocks and filters, which are
    people's own choice, are left aside.
    """
    people = np.sort(np.asarray(view.person_ids, np.int64))
    if len(people) < FEWEST_PEOPLE:
        return Fairness(len(people), 0, None, [])
    affordable = max(FEWEST_BOARDS, _MOST_READ // len(people))
    chosen = _drawn(people, min(most, affordable))
    boards = _boards(view, chosen)
    return Fairness(
        len(people),
        len(chosen),
        float(np.mean(boards.times == 0)),
        _groups(_listeners(view, chosen), boards),
    )


def _drawn(people: _Ids, most: int) -> _Ids:
    if len(people) <= most:
        return people
    drawn = np.random.default_rng(_SEED).choice(people, most, replace=False)
    return np.sort(drawn)


def _boards(view: engine.View, chosen: _Ids) -> _Boards:
    best = np.zeros(len(chosen))
    times = np.zeros(len(chosen), np.int64)
    for at, person_id in enumerate(chosen.tolist()):
        scan = engine.scan(view, person_id)
        best[at] = scan.score.max(initial=0.0)
        top = scan.order(scan.mask_of(chosen))[:TOP]
        times[np.searchsorted(chosen, scan.person_ids[top])] += 1
    return _Boards(best, times)


def _listeners(view: engine.View, chosen: _Ids) -> _Doubles:
    """How many people have an artist of each person's, the mean over the artists."""
    means = np.zeros(len(chosen))
    for at, person_id in enumerate(chosen.tolist()):
        taste = view.taste(person_id)
        if taste is not None and len(taste):
            means[at] = view.listeners(taste.artist_ids).mean()
    return means


def _groups(listeners: _Doubles, boards: _Boards) -> list[Group]:
    """Split people into four groups, those with the least known artists first."""
    order = np.argsort(listeners, kind="stable")
    return [
        Group(
            len(rows),
            round(float(listeners[rows].mean()), 1),
            round(float(np.median(boards.best[rows])), 1),
            round(float(boards.times[rows].mean()), 1),
        )
        for rows in np.array_split(order, GROUPS)
    ]


# --- The report -----------------------------------------------------------


def report_is_due(*, now: datetime) -> bool:
    """Whether there is no report of this score, or the newest one is a day old."""
    newest = FairnessReport.objects.newest()
    if newest is None or newest.score_version != engine.SCORE_VERSION:
        return True
    return now - newest.made_at >= _EVERY


def report_make(*, now: datetime) -> FairnessReport | None:
    """Measure the community and keep the report; None where nobody is compared.

    One index has one report: a second run finds that of the first. Raises
    ``engine.IndexMissing`` or ``engine.IndexCorrupt`` before the first build.
    """
    view = current_view()
    about = {
        "index_built_at": view.index.built_at,
        "score_version": engine.SCORE_VERSION,
    }
    made = FairnessReport.objects.filter(**about).first()
    if made is not None or not len(view):
        return made
    found = measure(view)
    report, is_new = FairnessReport.objects.get_or_create(
        **about,
        defaults={
            "made_at": now,
            "people": found.people,
            "sampled": found.sampled,
            "nobody_top20": found.nobody_top,
            "groups": [asdict(group) for group in found.groups],
        },
    )
    if is_new:
        logger.info("Fairness report made: %d people.", found.people)
    return report
