"""One play once, however many sources have it."""

import itertools
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from ingest.models import Artist, Listen, Source, SourceLink
from ingest.names import title_key
from ingest.services import Listening, listening_replace, source_link
from ingest.services.echoes import echoes_mark, pairs
from ingest.sources.base import ArtistItem, ListenItem, TrackItem
from tests.conftest import NOW
from tests.factories import make_person

pytestmark = pytest.mark.django_db
LOW, CAN = ArtistItem("Low"), ArtistItem("Can")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# A play: minutes before now, and the title.
Plays = Sequence[tuple[float, str]]


def heard(
    person: User,
    source: Source,
    plays: Plays,
    *,
    artist: ArtistItem = LOW,
    length: float | None = None,
) -> None:
    ms = None if length is None else int(length * 60_000)
    items = tuple(
        ListenItem(TrackItem(title, artist, duration_ms=ms), NOW - at * MINUTE)
        for at, title in plays
    )
    source_link(person_id=person.pk, source=source, now=NOW)
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(listens=items),
        now=NOW,
    )


def shown(person: User) -> list[tuple[str, float, str]]:
    """Source, minutes before now and title of what is shown, the newest first."""
    rows = Listen.objects.filter(person=person).shown()
    return [
        (row.source, (NOW - row.listened_at) / MINUTE, row.track.name)
        for row in rows.select_related("track").order_by(
            "-listened_at", "source", "track__name"
        )
    ]


# --- Titles ---------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        "Words",
        "words (feat. Björk)",
        "Words [ft. Björk & Can]",
        "Words (with Björk)",
        "Words ft. Björk",
        "Words - feat. Björk",
        "Words - 2011 Remaster",
        "Words - Remastered 2011",
        "Words (Remastered) [Live at Wembley]",
        "Words (Live)",
        "Words - Live from Duluth",
        "Words (Album Version)",
        "Words - Radio Edit",
        "Wörds（Mono）",
    ],
)
def test_what_is_added_to_a_title_is_dropped(title: str) -> None:
    assert title_key(title) == "words"


@pytest.mark.parametrize(
    "title",
    [
        "Words (Remix)",
        "Words (Live Your Life)",
        "Words, Pt. 2",
        "Words (Part 2)",
        "Words and Live",
        "Words (Live",
        "(Words)",
        "Featherweight",
    ],
)
def test_other_titles_stay_what_they_are(title: str) -> None:
    assert title_key(title) == title.casefold()


@given(st.text(min_size=1).filter(str.strip))
def test_a_title_always_has_a_key_and_only_one(title: str) -> None:
    assert 0 < len(title_key(title)) <= 200
    assert title_key(title_key(title)) == title_key(title)


def test_a_title_that_is_all_addition_stays() -> None:
    assert title_key("(Live)") == "(live)"
    assert title_key("Live (Live)") == "live"


# --- Pairs ----------------------------------------------------------------


def every_pairing(
    ones: Sequence[int], others: Sequence[int], within: int
) -> tuple[int, int]:
    """The most pairs there can be and their least distance, by trying them all."""
    best = (0, 0)
    for size in range(1, min(len(ones), len(others)) + 1):
        for left in itertools.combinations(ones, size):
            for right in itertools.permutations(others, size):
                far = [abs(a - b) for a, b in zip(left, right, strict=True)]
                if max(far) <= within:
                    best = min(best, (-size, sum(far)))
    return best


moments = st.lists(st.integers(0, 30), max_size=5).map(sorted)


@given(moments, moments, st.integers(0, 12))
def test_as_many_pairs_as_there_can_be_and_the_nearest(
    ones: list[int], others: list[int], within: int
) -> None:
    found = pairs(ones, others, within=within)
    far = [abs(ones[a] - others[b]) for a, b in found]
    assert all(distance <= within for distance in far)
    assert len({a for a, _ in found}) == len({b for _, b in found}) == len(found)
    assert (-len(found), sum(far)) == every_pairing(ones, others, within)


def test_pairs_of_a_track_that_was_left_on_for_weeks_take_no_time() -> None:
    def seconds(count: int) -> float:
        starts = list(range(0, count * 240, 240))
        began = time.process_time()
        found = pairs(starts, [start + 240 for start in starts], within=300)
        assert len(found) == count
        return time.process_time() - began

    # Ten times as many would take a hundred times as long if all were compared.
    assert min(seconds(5000) for _ in range(3)) < 40 * min(
        seconds(500) for _ in range(3)
    )


# --- Marking --------------------------------------------------------------


def test_the_timelier_source_is_shown(ada: User) -> None:
    heard(ada, Source.LASTFM, [(10, "Words"), (60, "Lullaby")])
    heard(ada, Source.SPOTIFY, [(7, "Words - 2011 Remaster")])
    assert shown(ada) == [
        ("spotify", 7, "Words - 2011 Remaster"),
        ("lastfm", 60, "Lullaby"),
    ]
    assert Listen.objects.count() == 3


@pytest.mark.parametrize(
    ("length", "apart", "count"),
    [(3, 4, 1), (3, 4.1, 2), (None, 7, 1), (None, 7.1, 2), (20, 21, 1), (20, 22, 2)],
)
def test_a_play_and_its_echo_lie_the_length_of_the_track_apart(
    length: float | None, apart: float, count: int, ada: User
) -> None:
    heard(ada, Source.SPOTIFY, [(0, "Words")], length=length)
    heard(ada, Source.LASTFM, [(apart, "Words")])
    assert len(shown(ada)) == count


def test_one_source_has_no_echoes_of_its_own(ada: User) -> None:
    plays = [(0, "Words"), (1, "Words"), (2, "Words (Live)")]
    heard(ada, Source.SPOTIFY, plays)
    heard(ada, Source.LASTFM, [(600, "Lullaby")])
    assert len(shown(ada)) == 4


def test_a_song_on_repeat_stays_as_many_plays(ada: User) -> None:
    heard(ada, Source.SPOTIFY, [(n * 4, "Words") for n in range(10)], length=4)
    heard(ada, Source.LASTFM, [(n * 4 + 4, "Words") for n in range(10)])
    assert [source for source, *_ in shown(ada)] == ["spotify"] * 10


def test_other_artists_and_other_people_echo_nothing(ada: User, ben: User) -> None:
    heard(ada, Source.SPOTIFY, [(0, "Words")])
    heard(ada, Source.LASTFM, [(0, "Words")], artist=CAN)
    heard(ben, Source.LASTFM, [(0, "Words")])
    assert (len(shown(ada)), len(shown(ben))) == (2, 1)


def test_artists_that_are_one_echo_each_other(ada: User) -> None:
    heard(ada, Source.SPOTIFY, [(0, "Words")])
    heard(ada, Source.LASTFM, [(1, "Words")], artist=CAN)
    low = Artist.objects.get(name="Low")
    Artist.objects.filter(name="Can").update(same_as=low)
    assert echoes_mark(person_id=ada.pk) == 1
    assert shown(ada) == [("spotify", 0, "Words")]


def test_marking_again_changes_nothing(ada: User) -> None:
    heard(ada, Source.SPOTIFY, [(0, "Words"), (9, "Lullaby")])
    heard(ada, Source.LASTFM, [(1, "Words"), (8, "Lullaby")])
    before = shown(ada)
    assert echoes_mark(person_id=ada.pk) == 0
    assert echoes_mark(person_id=ada.pk, since=NOW) == 0
    assert shown(ada) == before


def test_a_source_that_is_switched_off_echoes_nothing(ada: User) -> None:
    heard(ada, Source.SPOTIFY, [(0, "Words")])
    heard(ada, Source.LASTFM, [(1, "Words"), (90, "Lullaby")])
    links = SourceLink.objects.filter(person=ada, source=Source.SPOTIFY)
    links.update(is_used=False)
    assert echoes_mark(person_id=ada.pk) == 1
    assert shown(ada) == [("lastfm", 1, "Words"), ("lastfm", 90, "Lullaby")]
    links.update(is_used=True)
    assert echoes_mark(person_id=ada.pk) == 1
    assert shown(ada) == [("spotify", 0, "Words"), ("lastfm", 90, "Lullaby")]


def test_what_an_import_brings_later_finds_its_echo(ada: User) -> None:
    heard(ada, Source.LASTFM, [(1, "Words"), (6000, "Words")])
    heard(ada, Source.SPOTIFY, [(0, "Words")])
    heard(ada, Source.SPOTIFY, [(6001, "Words")])
    assert [source for source, *_ in shown(ada)] == ["spotify"] * 2


def test_five_hundred_plays_of_two_sources_are_five_hundred(
    ada: User, now: datetime
) -> None:
    chance = random.Random(7)
    lengths = {f"Song {n}": chance.uniform(2, 9) for n in range(40)}
    at, starts, ends = 0.0, [], []
    for _ in range(500):
        title = chance.choice([*lengths, "Song 0", "Song 0"])
        starts.append((at, title))
        at -= lengths[title]
        ends.append((at, f"{title} (Remastered)"))
    for title, length in lengths.items():
        known = [(100_000, title)]
        heard(make_person(f"fan_{title[5:]}"), Source.SPOTIFY, known, length=length)
    heard(ada, Source.LASTFM, ends)
    heard(ada, Source.SPOTIFY, starts)
    found = shown(ada)
    assert len(found) == 500
    assert {source for source, *_ in found} == {"spotify"}


# Three sources, a few plays of two titles each.
some_plays = st.lists(
    st.tuples(
        st.integers(0, 40), st.sampled_from(["Words", "Words (Live)", "Lullaby"])
    ),
    max_size=6,
    unique=True,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.tuples(some_plays, some_plays, some_plays), st.permutations(range(3)))
def test_the_order_of_imports_does_not_matter(
    ada: User, ben: User, said: tuple[Plays, ...], order: list[int]
) -> None:
    Listen.objects.all().delete()
    sources = (Source.EXPORT, Source.SPOTIFY, Source.LISTENBRAINZ)
    for place in range(3):
        heard(ada, sources[place], said[place])
    for place in order:
        heard(ben, sources[place], said[place])
    assert shown(ben) == shown(ada)
    assert len(shown(ada)) >= max(len(plays) for plays in said)


def many(person: User, count: int) -> None:
    plays = [(n * 4.0, f"Song {n % 300}") for n in range(count)]
    heard(person, Source.SPOTIFY, plays)
    heard(person, Source.LASTFM, [(at + 3, title) for at, title in plays])


def test_the_number_of_queries_does_not_grow(ada: User, ben: User) -> None:
    counts = []
    for person, count in ((ada, 20), (ben, 400)):
        many(person, count)
        Listen.objects.filter(person=person).update(is_echo=False)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert echoes_mark(person_id=person.pk) == count
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 6


def test_nothing_is_marked_where_a_write_is_taken_back(ada: User, now: Any) -> None:
    heard(ada, Source.SPOTIFY, [(0, "Words")])
    heard(ada, Source.LASTFM, [(1, "Words")])
    Listen.objects.filter(source=Source.SPOTIFY).delete()
    assert shown(ada) == []
    assert echoes_mark(person_id=ada.pk) == 1
    assert shown(ada) == [("lastfm", 1, "Words")]
