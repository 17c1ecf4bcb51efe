"""Which rows are plays, which are left out and why, and what is taken of them."""

import gc
import json
import logging
from collections.abc import Iterable
from functools import _lru_cache_wrapper
from types import FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.names import name_key
from ingest.sources.export import History, LeftOut, Play, in_words, open_upload, shapes
from ingest.sources.export import history as history_module
from tests.ingest.sources.export.builders import (
    AUDIO,
    MUSIC,
    NOW,
    SECRET,
    TRACK_ID,
    Row,
    account,
    archive,
    at,
    bare,
    extended,
    read,
    read_rows,
    rows,
)

PODCAST = {
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "spotify_track_uri": None,
    "episode_name": "Episode 7",
    "episode_show_name": "The Slow Desk",
    "spotify_episode_uri": "spotify:episode:7",
}


def test_a_row_of_extended_history_is_an_exact_play() -> None:
    assert read_rows(extended()).plays == [
        Play(
            at("2026-05-09T15:48:14"),
            200_000,
            "Pelter & Vane",
            "Lantern, Going Out",
            TRACK_ID,
            is_exact=True,
        )
    ]


def test_a_row_of_account_data_is_a_play_to_the_minute_in_utc() -> None:
    assert read_rows(account()).plays == [
        Play(
            at("2026-05-09T15:48"),
            200_000,
            "Pelter & Vane",
            "Lantern, Going Out",
            None,
            is_exact=False,
        )
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (extended(incognito_mode=True), LeftOut.PRIVATE),
        (extended(incognito_mode="yes"), LeftOut.PRIVATE),
        (extended(incognito_mode=True, ms=5), LeftOut.PRIVATE),
        (extended(**PODCAST), LeftOut.PODCAST),
        (extended(episode_name="Episode 7"), LeftOut.PODCAST),
        (extended(spotify_episode_uri="spotify:episode:7"), LeftOut.PODCAST),
        (extended(audiobook_title="Tides"), LeftOut.AUDIOBOOK),
        (extended(audiobook_uri="spotify:show:7"), LeftOut.AUDIOBOOK),
        (extended(audiobook_chapter_uri="spotify:episode:7"), LeftOut.AUDIOBOOK),
        (extended(audiobook_chapter_title="One"), LeftOut.AUDIOBOOK),
        (extended(artist=None, track=None), LeftOut.NAMELESS),
        (extended(track=" \x00"), LeftOut.NAMELESS),
        (extended(artist=""), LeftOut.NAMELESS),
        (extended(ms=29_999, skipped=True), LeftOut.SHORT),
        (extended(ms=29_999, skipped=None, reason_end="fwdbtn"), LeftOut.SHORT),
        (extended(ms=29_999, reason_end="unexpected-exit"), LeftOut.SHORT),
        (extended(ms=29_999, reason_end=None), LeftOut.SHORT),
        (extended(ms=0), LeftOut.SHORT),
        (extended("1970-01-01T00:00:00Z"), LeftOut.DATE),
        (extended("2005-12-31T23:59:59Z"), LeftOut.DATE),
        (extended("2026-11-22T13:00:01Z"), LeftOut.DATE),
        (extended("0001-01-01T00:00:00Z"), LeftOut.DATE),
        (extended("9999-12-31T23:59:59Z"), LeftOut.DATE),
        (account(ms=29_999), LeftOut.SHORT),
        (account("2027-01-01 10:00"), LeftOut.DATE),
        (account(artist=None), LeftOut.NAMELESS),
        (
            {"endTime": "2026-05-09 15:48", "podcastName": "P", "msPlayed": 40_000},
            LeftOut.PODCAST,
        ),
        (account(episodeName="Episode 7"), LeftOut.PODCAST),
        (account(audiobookName="Tides"), LeftOut.AUDIOBOOK),
    ],
)
def test_what_is_no_listening_to_music_is_left_out(row: Row, reason: LeftOut) -> None:
    found = read_rows(extended(track="Before"), row, extended(track="After"))
    assert found.tracks == ["Before", "After"]
    assert found.left_out == {reason: 1}
    assert found.troubles == []


@pytest.mark.parametrize(
    "row",
    [
        extended(ms=30_000, skipped=True, reason_end="fwdbtn"),
        extended(ms=5_000, skipped=False, reason_end="trackdone"),
        extended(ms=5_000, skipped=None, reason_end="trackdone"),
        extended(skipped=True, reason_end="fwdbtn"),
        extended(incognito_mode=None),
        extended("2006-01-01T00:00:00Z"),
        extended("2026-11-22T13:00:00Z"),
        extended("2026-05-09T17:48:14+02:00"),
        extended("2026-05-09 15:48:14"),
        extended(ms=200_000.0),
        account(ms=30_000),
        account("2026-05-09 15:48:59"),
    ],
)
def test_what_is_listening_is_a_play(row: Row) -> None:
    found = read_rows(row)
    assert len(found.plays) == 1
    assert found.left_out == {}


WRONG: list[Any] = [None, True, [], {}, [1], {"a": 1}, "", "x", -1, 1e300, float("nan")]


@pytest.mark.parametrize("value", [*WRONG, "200000", float("inf"), 10**30, 86_400_001])
@pytest.mark.parametrize("row", [extended(), account()])
def test_a_duration_of_the_wrong_kind_loses_only_its_row(row: Row, value: Any) -> None:
    name = "ms_played" if "ms_played" in row else "msPlayed"
    found = read_rows({**row, name: value}, row)
    assert len(found.plays) == 1
    assert found.left_out == {LeftOut.UNREADABLE: 1}


@pytest.mark.parametrize("value", [*WRONG, "soon", "2026-02-30T00:00:00Z", "9" * 99])
@pytest.mark.parametrize("name", ["ts", "endTime"])
def test_a_moment_of_the_wrong_kind_loses_only_its_row(name: str, value: Any) -> None:
    row = extended() if name == "ts" else account()
    found = read_rows({**row, name: value}, row)
    assert len(found.plays) == 1
    assert found.left_out == {LeftOut.UNREADABLE: 1}


@pytest.mark.parametrize("value", [v for v in WRONG if v != "x"])
def test_a_name_of_the_wrong_kind_is_none(value: Any) -> None:
    found = read_rows(extended(track=value), account(artist=value), extended())
    assert len(found.plays) == 1
    assert found.left_out == {LeftOut.NAMELESS: 2}


@pytest.mark.parametrize(
    ("uri", "track_id"),
    [
        (f"spotify:track:{TRACK_ID}", TRACK_ID),
        ("spotify:local:Artist:Album:Track:200", None),
        (f"spotify:track:{TRACK_ID}x", None),
        ("spotify:track:ТракТракТракТракТракТр", None),
        (None, None),
        (7, None),
        ([TRACK_ID], None),
    ],
)
def test_an_id_is_taken_where_it_is_one(uri: Any, track_id: str | None) -> None:
    (play,) = read_rows(extended(spotify_track_uri=uri)).plays
    assert play.track_id == track_id


def test_names_are_fit_to_be_stored() -> None:
    data = json.dumps(
        [extended(artist=" A\x00B ", track="\ud83d half a face")]
    ).encode()
    (play,) = read((AUDIO, bare(data))).plays
    assert (play.artist, play.track) == ("AB", "? half a face")
    (play,) = read_rows(extended(artist="a" * 50_000, track="b" * 50_000)).plays
    assert (len(play.artist), len(play.track)) == (200, 300)


def test_podcasts_among_old_account_data_are_known_from_extended_history() -> None:
    mixed = account(artist="The Slow Desk", track="Episode 7", ms=900_000)
    other = account(artist="The Slow Desk", track="Theme", ms=90_000)
    alone = read((MUSIC, bare(rows(mixed, other))))
    assert alone.tracks == ["Episode 7", "Theme"]
    both = read(
        (MUSIC, bare(rows(mixed, other))), (AUDIO, bare(rows(extended(**PODCAST))))
    )
    assert both.tracks == ["Theme"]
    assert both.left_out == {LeftOut.PODCAST: 2}


def test_rows_need_no_order() -> None:
    moments = ["2026-05-09T15:48:14Z", "2019-01-01T00:00:00Z", "2024-02-29T00:00:00Z"]
    found = read_rows(*(extended(moment) for moment in moments))
    assert [play.ended_at for play in found.plays] == [at(m[:-1]) for m in moments]


columns = st.sampled_from([*extended(), *account(), "podcastName", "x"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2026-05-09T15:48:14Z", "2026-05-09 15:48", 45_000]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(columns, inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    st.sampled_from([extended(), account(), {}]),
    st.dictionaries(columns, values),
    values,
)
def test_any_row_is_a_play_fit_to_be_kept_or_left_out(
    row: Row, changes: Row, other: Any
) -> None:
    sieve = shapes.Sieve(now=int(NOW.timestamp()))
    found = [sieve.play({**row, **changes}), sieve.play(other)]
    plays = [play for play in found if play is not None and not play.is_private]
    assert sieve.plays == len(plays)
    assert sieve.left_out.total() == 2 - len(plays)
    for play in plays:
        assert name_key(play.artist)
        assert name_key(play.track)
        assert shapes.EARLIEST <= play.ended_at <= NOW.timestamp() + 3600
        assert 0 < play.ms <= 24 * 3600 * 1000
        f"{play.artist}{play.track}".encode()


# --- Nobody's business ----------------------------------------------------


def _strings_in_reach(*roots: object) -> Iterable[str]:
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        if isinstance(thing, str):
            yield thing
        waiting.extend(gc.get_referents(thing))


def test_private_columns_are_kept_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good = rows(extended(track="One"), extended(**PODCAST), extended(ms="x"))
    bad = good[:-40] + b', "ip_addr": "' + SECRET.encode() + b'\x00"'
    history = History(now=NOW)
    files = [
        ("a.zip", archive({AUDIO: good, "endsong_1.json": bad})),
        ("b.json", bare(bad)),
        ("c.json", bare(rows(account()))),
        ("d.json", bare(b'[{"username": "' + SECRET.encode() + b'"}]')),
    ]
    with open_upload(files, now=NOW) as upload:
        upload.read_into(history)
        assert history.months
        assert upload.problems
        caches = [
            thing
            for module in (shapes, history_module)
            for thing in vars(module).values()
            if isinstance(thing, _lru_cache_wrapper)
        ]
        assert len(caches) > 2
        found = set(_strings_in_reach(upload, upload.problems, history, *caches))
    assert "One" in found
    assert not [text for text in found if SECRET in text]
    assert caplog.records == []


def test_what_was_left_out_is_said_in_words() -> None:
    assert in_words(0, {}) == "0 plays"
    assert in_words(1, {LeftOut.SHORT: 0}) == "1 play"
    left_out = {LeftOut.PRIVATE: 45, LeftOut.PODCAST: 1_210, LeftOut.DUPLICATE: 1}
    assert in_words(12_345, left_out) == (
        "12,345 plays; left out: 1,210 podcast episodes, 45 plays in private sessions,"
        " 1 that was there twice"
    )
