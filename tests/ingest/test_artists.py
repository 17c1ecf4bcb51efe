"""Artists that stand as one, and stand apart again, to the last digit."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from ingest.models import Artist, ArtistPair, Source
from ingest.names import name_key
from ingest.services.artists import (
    CannotMerge,
    CannotSplit,
    artist_merge,
    artist_split,
    pair_decide,
)
from ingest.signals import artists_changed
from matching import engine
from matching.models import Taste
from matching.reader import current_view
from matching.services import index_rebuild, listeners_refresh, tastes, tastes_refresh
from tests.conftest import require_or_skip
from tests.factories import make_person, make_taste, make_user
from tests.threads import in_threads

pytestmark = pytest.mark.django_db
State = ArtistPair.State


@pytest.fixture
def staff(db: None) -> User:
    return make_user("staff_member")


@pytest.fixture
def told() -> Iterator[list[list[int]]]:
    """Of which artists the layers above were told."""
    heard: list[list[int]] = []

    def listen(artist_ids: list[int], **_: Any) -> None:
        heard.append(artist_ids)

    artists_changed.connect(listen, weak=False)
    yield heard
    artists_changed.disconnect(listen)


def artist(name: str, **ids: str) -> Artist:
    return Artist.objects.create(name=name, name_key=name_key(name), **ids)


@pytest.fixture
def four(db: None) -> list[Artist]:
    return [artist(name) for name in ("A", "B", "C", "D")]


def pair(one: Artist, other: Artist, now: datetime) -> ArtistPair:
    low, high = sorted((one.pk, other.pk))
    return ArtistPair.objects.create(
        artist_id=low, other_id=high, reason="A reason.", noticed_at=now
    )


def merge(keep: Artist, *others: Artist, by: User, now: datetime) -> None:
    artist_merge(keep_id=keep.pk, other_ids=[o.pk for o in others], by=by, now=now)


def under() -> dict[str, str | None]:
    """Who stands for whom, by name."""
    return dict(Artist.objects.order_by("pk").values_list("name", "same_as__name"))


# --- Merging --------------------------------------------------------------


def test_one_stands_for_the_others(
    four: list[Artist], staff: User, now: datetime, told: list[list[int]]
) -> None:
    a, b, c, _ = four
    merge(a, b, c, by=staff, now=now)
    assert under() == {"A": None, "B": "A", "C": "A", "D": None}
    assert told == [[a.pk]]


def test_those_it_stood_for_come_along(
    four: list[Artist], staff: User, now: datetime
) -> None:
    """There is one level only, whichever way one goes."""
    a, b, c, d = four
    merge(b, c, by=staff, now=now)
    merge(a, b, by=staff, now=now)
    assert under() == {"A": None, "B": "A", "C": "A", "D": None}
    merge(d, a, by=staff, now=now)
    assert under() == {"A": "D", "B": "D", "C": "D", "D": None}
    merge(c, d, by=staff, now=now)
    assert under() == {"A": "C", "B": "C", "C": None, "D": "C"}


def test_one_taken_from_another_leaves_the_rest_there(
    four: list[Artist], staff: User, now: datetime, told: list[list[int]]
) -> None:
    a, b, c, d = four
    merge(a, b, c, by=staff, now=now)
    merge(d, c, by=staff, now=now)
    assert under() == {"A": None, "B": "A", "C": "D", "D": None}
    assert told[-1] == [a.pk, d.pk]


def test_what_cannot_be_merged_says_why(
    four: list[Artist], staff: User, now: datetime, told: list[list[int]]
) -> None:
    a, b, c, d = four
    merge(a, b, by=staff, now=now)
    told.clear()
    for keep, others, says in (
        (a.pk, [], "at least two"),
        (a.pk, [a.pk], "at least two"),
        (a.pk, [0], "no longer here"),
        (0, [a.pk], "no longer here"),
        (b.pk, [c.pk, d.pk], "Another artist stands for B. Keep that one"),
    ):
        with pytest.raises(CannotMerge, match=says):
            artist_merge(keep_id=keep, other_ids=others, by=staff, now=now)
    assert under() == {"A": None, "B": "A", "C": None, "D": None}
    assert told == []


def test_the_same_again_changes_nothing(
    four: list[Artist], staff: User, now: datetime
) -> None:
    for _ in range(2):
        merge(four[0], four[1], by=staff, now=now)
        assert under()["B"] == "A"


def test_merging_answers_what_was_asked_about_them(
    four: list[Artist], staff: User, now: datetime
) -> None:
    a, b, c, d = four
    asked = [pair(a, b, now), pair(b, c, now), pair(c, d, now)]
    later = now + timedelta(days=1)
    merge(c, b, by=staff, now=later)
    merge(a, c, by=staff, now=later)
    for one in asked:
        one.refresh_from_db()
    assert [one.state for one in asked] == [State.SAME, State.SAME, State.OPEN]
    assert (asked[0].decided_by, asked[0].decided_at) == (staff, later)
    assert asked[2].decided_by is None


# --- Splitting ------------------------------------------------------------


def test_a_split_takes_only_that_one_out(
    four: list[Artist], staff: User, now: datetime, told: list[list[int]]
) -> None:
    a, b, c, d = four
    asked = [pair(a, b, now), pair(b, c, now), pair(a, c, now), pair(b, d, now)]
    merge(a, b, c, by=staff, now=now)
    artist_split(artist_id=b.pk, by=staff, now=now)
    assert under() == {"A": None, "B": None, "C": "A", "D": None}
    assert told[-1] == [a.pk, b.pk]
    for one in asked:
        one.refresh_from_db()
    assert [one.state for one in asked] == [
        State.DIFFERENT,
        State.DIFFERENT,
        State.SAME,
        State.OPEN,
    ]


def test_what_cannot_be_split_says_why(
    four: list[Artist], staff: User, now: datetime, told: list[list[int]]
) -> None:
    a, b, *_ = four
    merge(a, b, by=staff, now=now)
    told.clear()
    for pk, says in ((a.pk, "No other artist stands for A."), (0, "no longer here")):
        with pytest.raises(CannotSplit, match=says):
            artist_split(artist_id=pk, by=staff, now=now)
    assert under()["B"] == "A"
    assert told == []


# --- Pairs ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        ([{}, {}], 0),
        ([{}, {"mbid": "m1"}], 1),
        ([{"mbid": "m1"}, {"spotify_id": "s1"}], 1),
        ([{"spotify_id": "s1"}, {"spotify_id": "s2", "mbid": "m1"}], 1),
    ],
)
def test_the_best_known_of_a_pair_is_kept(
    ids: list[dict[str, str]], kept: int, staff: User, now: datetime
) -> None:
    both = [artist("Kanye West", **ids[0]), artist("Ye", **ids[1])]
    asked = pair(*both, now)
    decided = pair_decide(pair_id=asked.pk, are_same=True, by=staff, now=now)
    assert (decided.state, decided.decided_by) == (State.SAME, staff)
    other = both[1 - kept]
    other.refresh_from_db()
    assert other.same_as == both[kept]


def test_a_pair_of_which_each_is_part_of_another_joins_those(
    four: list[Artist], staff: User, now: datetime
) -> None:
    a, b, c, d = four
    merge(a, b, by=staff, now=now)
    merge(c, d, by=staff, now=now)
    asked = pair(b, d, now)
    pair_decide(pair_id=asked.pk, are_same=True, by=staff, now=now)
    assert under() == {"A": None, "B": "A", "C": "A", "D": "A"}


def test_different_artists_stay_as_they_are(
    four: list[Artist], staff: User, now: datetime, told: list[list[int]]
) -> None:
    asked = pair(four[0], four[1], now)
    decided = pair_decide(pair_id=asked.pk, are_same=False, by=staff, now=now)
    assert (decided.state, decided.decided_at) == (State.DIFFERENT, now)
    assert set(under().values()) == {None}
    assert told == []
    # A person may think again.
    pair_decide(pair_id=asked.pk, are_same=True, by=staff, now=now)
    assert under()["B"] == "A"
    with pytest.raises(CannotSplit, match="A and B stand as one artist. Split one"):
        pair_decide(pair_id=asked.pk, are_same=False, by=staff, now=now)
    with pytest.raises(CannotMerge, match="no longer here"):
        pair_decide(pair_id=0, are_same=True, by=staff, now=now)


# --- Scores ---------------------------------------------------------------


def scores(people: Sequence[User]) -> list[tuple[float, object, tuple[int, ...]]]:
    """What the engine says of every two of them, in full."""
    view = current_view()
    found = []
    for one, other in combinations(people, 2):
        [summary] = engine.summaries(view, one.pk, [other.pk])
        shared = tuple(summary.shared_artist_ids)
        found.append((summary.similarity, summary.parts, shared))
    return found


@pytest.fixture
def listeners(community: list[User], now: datetime) -> list[User]:
    """Four people; Ada and Ben have one artist under two names, with two genres."""
    ada, ben, *_ = community
    make_taste(ada, ["Ye", "Sade", "Can"], source=Source.MANUAL, genres=["rap"])
    make_taste(
        ben, ["Neu!", "Kanye West", "Ye", "Sade"], source=Source.MANUAL, genres=["pop"]
    )
    # Sade has the genres of both by now.
    tastes_refresh(person_ids=[person.pk for person in community], now=now)
    index_rebuild(now=now)
    return community


@pytest.mark.parametrize("rebuilt", [False, True])
def test_merging_and_splitting_gives_the_same_scores_to_the_last_digit(
    listeners: list[User], staff: User, now: datetime, rebuilt: bool
) -> None:
    kanye, ye = (Artist.objects.get(name=name) for name in ("Kanye West", "Ye"))
    before, blobs = scores(listeners), dict(Taste.objects.values_list("pk", "blob"))
    merge(kanye, ye, by=staff, now=now)
    if rebuilt:
        index_rebuild(now=now)
    [merged, *_] = scores(listeners)
    assert kanye.pk in merged[2]
    assert ye.pk not in merged[2]
    assert merged != before[0]
    artist_split(artist_id=ye.pk, by=staff, now=now)
    if rebuilt:
        index_rebuild(now=now)
    assert scores(listeners) == before
    assert dict(Taste.objects.values_list("pk", "blob")) == blobs


def test_of_two_places_in_one_list_the_better_counts_and_the_others_close_up(
    ada: User, ben: User, staff: User, now: datetime
) -> None:
    make_taste(ada, ["Can", "Ye", "Sade", "Kanye West", "Low"])
    make_taste(ben, ["Can", "Kanye West", "Sade", "Low"])
    kanye, ye = (Artist.objects.get(name=name) for name in ("Kanye West", "Ye"))
    merge(kanye, ye, by=staff, now=now)
    tastes_of = Taste.objects.order_by("person").values_list("blob", flat=True)
    mine, theirs = (engine.unpack(bytes(blob)) for blob in tastes_of)
    assert mine == theirs
    assert mine.artist_ids.tolist()[1] == kanye.pk


def test_only_whom_it_touches_is_looked_at_again(
    listeners: list[User], staff: User, now: datetime
) -> None:
    seqs = dict(Taste.objects.values_list("person_id", "seq"))
    ye, kanye = (Artist.objects.get(name=name) for name in ("Ye", "Kanye West"))
    merge(kanye, ye, by=staff, now=now)
    changed = {
        person
        for person, seq in Taste.objects.values_list("person_id", "seq")
        if seq != seqs[person]
    }
    assert changed == {listeners[0].pk, listeners[1].pk}


def test_of_many_people_the_rest_come_after_the_commit_by_the_hundred(
    staff: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    people = [make_person(f"person_{n}") for n in range(8)]
    for number, person in enumerate(people):
        make_taste(person, ["Ye" if number % 2 else "Kanye West", "Sade"])
    ye, kanye = (Artist.objects.get(name=name) for name in ("Ye", "Kanye West"))
    monkeypatch.setattr(tastes, "_AT_ONCE", 3)

    def moved() -> list[bool]:
        blobs = Taste.objects.order_by("person_id").values_list("blob", flat=True)
        kept = [engine.unpack(bytes(blob)).artist_ids.tolist() for blob in blobs]
        return [kanye.pk in ids and ye.pk not in ids for ids in kept]

    with django_capture_on_commit_callbacks(execute=True) as after:
        merge(kanye, ye, by=staff, now=now)
        assert moved() == [True, True, True, False, True, False, True, False]
    assert len(after) == 1
    assert moved() == [True] * 8
    assert listeners_refresh(artist_ids=[kanye.pk], now=now, after=people[5].pk) is None


def test_the_cost_of_a_hundred_does_not_grow_with_the_people(
    staff: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for size in (3, 12):
        names = (f"Ye {size}", f"Kanye West {size}")
        for n in range(size):
            make_taste(make_person(f"of_{size}_{n}"), [names[n % 2], "Sade"])
        ye, kanye = (Artist.objects.get(name=name) for name in names)
        with django_assert_max_num_queries(50) as caught:
            merge(kanye, ye, by=staff, now=now)
        # How a person's music sounds is asked for each one.
        counts.append(len([q for q in caught if "sound" not in q["sql"]]))
    assert counts[0] == counts[1] <= 21


# --- Names ----------------------------------------------------------------


def test_lists_of_names_have_the_one_that_stands_for_them(
    staff: User, now: datetime, django_assert_num_queries: Any
) -> None:
    for number, name in enumerate(["Ye", "Kanye West", "Ye", "Sade", "Sade"]):
        make_taste(make_person(f"person_{number}"), [name])
    kanye, ye, sade = (
        Artist.objects.get(name=name) for name in ("Kanye West", "Ye", "Sade")
    )
    assert Artist.objects.well_known(limit=9) == []
    merge(kanye, ye, by=staff, now=now)
    assert Artist.objects.well_known(limit=9) == ["Kanye West"]
    with django_assert_num_queries(1):
        names = Artist.objects.names([ye.pk, kanye.pk, sade.pk, 0])
    assert names == {
        ye.pk: "Kanye West",
        kanye.pk: "Kanye West",
        sade.pk: "Sade",
        0: "an artist no longer known here",
    }


def test_one_person_with_both_names_is_one_listener(staff: User, now: datetime) -> None:
    make_taste(make_person("person_one"), ["Ye", "Kanye West"])
    make_taste(make_person("person_two"), ["Ye"])
    kanye, ye = (Artist.objects.get(name=name) for name in ("Kanye West", "Ye"))
    merge(kanye, ye, by=staff, now=now)
    assert Artist.objects.well_known(limit=9) == []
    assert Artist.objects.rows_of([kanye.pk]).listeners() == 2
    assert Artist.objects.filter(pk=0).listeners() == 0
    assert Artist.objects.listeners_by_source([ye.pk]) == {ye.pk: {"community": 2}}


# --- Two at once ----------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["chain", "circle"])
def test_merges_that_meet_leave_one_level(way: str, now: datetime) -> None:
    require_or_skip(connection.vendor == "postgresql", "Postgres")
    staff = make_user("staff_member")
    a, b, c = (artist(name) for name in ("A", "B", "C"))
    second = (b, c) if way == "chain" else (b, a)

    def add(keep: Artist, other: Artist) -> str:
        try:
            merge(keep, other, by=staff, now=now)
        except CannotMerge as reason:
            return str(reason)
        return ""

    said = in_threads(lambda: add(a, b), lambda: add(*second))
    assert all("Another artist stands for B" in one for one in said if one)
    assert not Artist.objects.filter(same_as__same_as__isnull=False).exists()
    stood_for = Artist.objects.filter(same_as__isnull=False).count()
    assert stood_for == (2 if way == "chain" and not any(said) else 1)
