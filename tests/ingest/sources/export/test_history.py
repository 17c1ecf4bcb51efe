"""Plays in any order fold into the same months, and nothing is counted twice."""

import gc
import tracemalloc
from collections.abc import Sequence
from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.export import (
    History,
    LeftOut,
    Listened,
    Month,
    Play,
    open_upload,
)
from ingest.sources.export import history as module
from tests.ingest.sources.export.builders import (
    AUDIO,
    MUSIC,
    NOW,
    TRACK_ID,
    account,
    archive,
    at,
    extended,
    read,
    rows,
)

MAY = (2026, 5)
START = at("2026-05-09T15:48:00")


def play(
    ended_at: int = START,
    artist: str = "Pelter & Vane",
    track: str = "Lantern",
    ms: int = 200_000,
    *,
    track_id: str | None = None,
    is_exact: bool = True,
    is_private: bool = False,
) -> Play:
    return Play(ended_at, ms, artist, track, track_id, is_exact, is_private)


def folded(*plays: Play) -> History:
    history = History(now=NOW)
    for one in plays:
        history.add(one)
    return history


def test_plays_become_sums_of_artists_by_month() -> None:
    june = at("2026-06-01T00:00:00")
    history = folded(
        play(june, "Brae", ms=60_000),
        play(june - 1, "Brae", ms=50_000),
        play(),
        play(START + 300, track="Other", ms=100_000),
    )
    assert history.months == {
        MAY: Month(
            START,
            june - 1,
            {"pelter & vane": Listened(2, 300_000), "brae": Listened(1, 50_000)},
            is_exact=True,
        ),
        (2026, 6): Month(june, june, {"brae": Listened(1, 60_000)}, is_exact=True),
    }
    assert list(history.months) == [MAY, (2026, 6)]
    assert history.plays == 4
    assert history.names == {"pelter & vane": "Pelter & Vane", "brae": "Brae"}
    assert history.left_out == {}


def test_nothing_folds_into_nothing() -> None:
    history = folded()
    assert (history.months, history.names, history.recent_plays) == ({}, {}, [])
    assert (history.plays, history.left_out) == (0, {})


def test_what_is_added_later_is_counted_too() -> None:
    history = folded(play())
    assert history.plays == 1
    history.add(play(START + 300))
    assert history.plays == 2
    assert len(history.recent_plays) == 2


@pytest.mark.parametrize(
    "other",
    [
        play(),
        play(artist="PELTER  & vane"),
        play(track="lantern "),
        play(track_id=TRACK_ID),
        play(ms=10),
        play(is_exact=False),
        play(ms=300_000, is_exact=False),
    ],
)
def test_the_same_at_the_same_moment_counts_once(other: Play) -> None:
    for history in (folded(play(), other), folded(other, play())):
        (month,) = history.months.values()
        assert month.artists == {"pelter & vane": Listened(1, 200_000)}
        assert month.is_exact
        assert history.left_out == {LeftOut.DUPLICATE: 1}


@pytest.mark.parametrize(
    "other",
    [
        play(START + 1),
        play(artist="Brae"),
        play(track="Other"),
        play(track="Lantern 2"),
    ],
)
def test_what_differs_in_moment_artist_or_track_counts(other: Play) -> None:
    assert folded(play(), other).plays == 2


def test_of_the_same_the_longer_is_kept() -> None:
    for one, other in [(10, 20), (20, 10)]:
        (month,) = folded(play(ms=one), play(ms=other)).months.values()
        assert month.ms == 20


# --- Account data and extended history ------------------------------------


@pytest.mark.parametrize("seconds", [0, 1, 29, 30, 59])
def test_account_data_gives_way_to_the_same_minute_of_extended(seconds: int) -> None:
    exact = play(START + seconds)
    kept = folded(play(is_exact=False, ms=999_000), exact)
    assert kept.months == folded(exact).months
    assert kept.recent_plays == [exact]


@pytest.mark.parametrize("seconds", [-31, -60, 60, 119])
def test_account_data_of_another_minute_counts(seconds: int) -> None:
    assert folded(play(is_exact=False), play(START + seconds)).plays == 2


def test_account_data_rounded_up_into_the_next_month_gives_way() -> None:
    june = at("2026-06-01T00:00:00")
    history = folded(play(june, is_exact=False), play(june - 20))
    assert list(history.months) == [MAY]
    assert folded(play(june, is_exact=False), play(june - 31)).plays == 2


def test_a_month_says_whether_extended_history_had_a_part() -> None:
    rough, exact = play(is_exact=False), play(START + 3600)
    assert not folded(rough).months[MAY].is_exact
    assert folded(rough, exact).months[MAY].is_exact
    assert folded(rough, exact).plays == 2


def test_a_private_play_is_none_and_hides_its_twin_in_account_data() -> None:
    private = play(START + 14, is_private=True)
    twin = play(is_exact=False)
    history = folded(private, play(START + 14), twin, play(START + 600, artist="Brae"))
    assert history.names == {"brae": "Brae"}
    assert history.plays == 1
    assert [one.artist for one in history.recent_plays] == ["Brae"]
    assert folded(private).months == {}
    assert folded(private).left_out == {}


def test_one_upload_of_both_is_the_extended_one() -> None:
    listened = [
        ("2026-05-09T15:48:14Z", "One", False),
        ("2026-05-09T15:55:59Z", "Two", False),
        ("2026-05-09T16:10:00Z", "Three", True),
    ]
    exact = rows(*(extended(m, track=t, incognito_mode=p) for m, t, p in listened))
    rough = rows(*(account(m[:16].replace("T", " "), track=t) for m, t, _ in listened))
    both = read(("a.zip", archive({MUSIC: rough, AUDIO: exact})))
    assert both.tracks == ["One", "Two", "One", "Two", "Three"]
    histories = []
    for members in ({AUDIO: exact}, {MUSIC: rough, AUDIO: exact}):
        history = History(now=NOW)
        with open_upload([("a.zip", archive(members))], now=NOW) as upload:
            upload.read_into(history)
        histories.append(history)
    alone, together = histories
    assert together.months == alone.months
    assert together.recent_plays == alone.recent_plays
    assert [one.track for one in together.recent_plays] == ["Two", "One"]


# --- Names, recent plays, bounds ------------------------------------------


def test_names_are_spelled_as_most_often() -> None:
    spellings = ["Björk", "BJÖRK", "Bjork", "BJÖRK", "Björk", "björk"]
    plays = [play(START + n * 300, name) for n, name in enumerate(spellings)]
    for order in (plays, plays[::-1]):
        # Two are as frequent: the first in the alphabet.
        assert folded(*order).names == {"bjork": "BJÖRK"}
        assert {one.artist for one in folded(*order).recent_plays} == {"BJÖRK"}


def test_recent_plays_are_those_of_a_year_newest_first() -> None:
    now = int(NOW.timestamp())
    year = 365 * 24 * 3600
    moments = [now - year - 1, now - year, now - 60, now + 60, START]
    history = folded(*(play(moment) for moment in moments))
    found = [one.ended_at for one in history.recent_plays]
    assert found == [now + 60, now - 60, START, now - year]
    assert history.plays == 5


def test_a_recent_track_has_its_most_frequent_name_and_id() -> None:
    single, album = "S" * 22, "A" * 22
    history = folded(
        play(START, track_id=single),
        play(START + 300, track_id=album),
        play(START + 600, track="LANTERN", track_id=album),
        play(START + 900, is_exact=False, track_id=None),
    )
    assert {one.track_id for one in history.recent_plays} == {album}
    assert {one.track for one in history.recent_plays} == {"Lantern"}


def test_what_no_person_has_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PLAYS", 3)
    history = folded(*(play(START + n * 300) for n in range(5)))
    assert (history.plays, history.left_out) == (3, {LeftOut.BEYOND: 2})
    monkeypatch.setattr(module, "MOST_ARTISTS", 2)
    names = ["A", "B", "C", "a", "ａ"]
    history = folded(*(play(START + n * 300, name) for n, name in enumerate(names)))
    assert history.months[MAY].artists["a"].plays == 2
    assert history.left_out == {LeftOut.BEYOND: 2}
    monkeypatch.setattr(module, "MOST_TRACKS", 1)
    history = folded(play(), play(START + 300, track="Other"))
    assert (history.plays, len(history.recent_plays)) == (2, 1)


def test_an_artist_met_in_too_many_spellings_has_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_ARTISTS", 1)
    history = folded(
        play(is_private=True), play(START + 300, artist="PELTER & VANE", track="Two")
    )
    assert history.names == {"pelter & vane": "pelter & vane"}
    assert len(history.recent_plays) == 1


moments = st.integers(-3, 3).map(lambda n: START + n * 20) | st.sampled_from(
    [at("2026-05-31T23:59:50"), at("2026-06-01T00:00:00"), at("2020-01-01T00:00:00")]
)
plays = st.builds(
    play,
    moments,
    st.sampled_from(["Brae", "BRAE", "Low"]),
    st.sampled_from(["One", "Two"]),
    st.integers(1, 3),
    is_exact=st.booleans(),
)
listening = st.lists(
    plays.map(
        lambda p: p if p.is_exact else p._replace(ended_at=p.ended_at // 60 * 60)
    ),
    max_size=12,
)


def plainly(
    given_plays: Sequence[Play],
) -> dict[tuple[int, str, str], tuple[bool, int]]:
    """What counts of the plays: moment and keys, whether exact, how long."""
    best: dict[tuple[int, str, str], tuple[bool, int]] = {}
    for one in given_plays:
        key = (one.ended_at, one.artist.lower(), one.track)
        best[key] = max(best.get(key, (False, 0)), (one.is_exact, one.ms))
    heard = {
        ((moment + up) // 60 * 60, *names)
        for (moment, *names), (is_exact, _) in best.items()
        for up in (0, 30)
        if is_exact
    }
    return {k: v for k, v in best.items() if v[0] or k not in heard}


@given(listening, st.randoms(use_true_random=False))
def test_folding_is_what_it_says_in_any_order(
    given_plays: list[Play], random: Random
) -> None:
    history = folded(*given_plays)
    kept = plainly(given_plays)
    expected: dict[tuple[int, int], list[tuple[int, str, int]]] = {}
    for (moment, artist, _), (_, ms) in kept.items():
        date = datetime.fromtimestamp(moment, NOW.tzinfo)
        expected.setdefault((date.year, date.month), []).append((moment, artist, ms))
    assert set(history.months) == set(expected)
    for key, found in expected.items():
        month = history.months[key]
        assert (month.first_at, month.last_at) == (min(found)[0], max(found)[0])
        assert month.plays == len(found)
        assert month.ms == sum(ms for _, _, ms in found)
    assert history.left_out.total() == len(given_plays) - len(kept)
    shuffled = given_plays[:]
    random.shuffle(shuffled)
    other = folded(*shuffled)
    assert other.months == history.months
    assert other.names == history.names
    assert other.recent_plays == history.recent_plays
    assert folded(*given_plays, *shuffled).months == history.months


def test_a_play_takes_little_memory_until_it_is_folded() -> None:
    def grown(count: int) -> int:
        now = int(NOW.timestamp())
        made = (
            play(now - n * 700, f"Artist {n % 50}", f"Track {n % 300}")
            for n in range(count)
        )
        history = folded(
            *(play(now - n, f"Artist {n}", f"Track {n}") for n in range(300))
        )
        gc.collect()
        tracemalloc.start()
        for one in made:
            history.add(one)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert history.plays > count * 0.9
        return kept

    # Twice as many plays reach twice as far back; buckets and days are in it.
    small, large = grown(15_000), grown(30_000)
    assert (large - small) / 15_000 < 22
