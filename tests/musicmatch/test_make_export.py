"""Made-up exports have the shape of real ones, and are read as what they are."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from ingest.sources.export import (
    History,
    LeftOut,
    Month,
    Trouble,
    Upload,
    YearMonth,
    merged_month,
    open_upload,
)
from musicmatch.demo.catalogue import load_catalogue
from musicmatch.standins.exports import packages
from musicmatch.standins.exports.records import TAIL, tail_name
from musicmatch.standins.exports.shapes import USER_NAME

UNTIL = datetime(2026, 11, 22, 23, tzinfo=UTC)
EXTENDED, ACCOUNT = "my_spotify_data_extended", "my_spotify_data_account"
NUMBERS = ("--years=3", "--plays=6000", "--until=2026-11-22")


def make(out: Path, *options: str) -> str:
    said = StringIO()
    call_command("make_export", f"--out={out}", *NUMBERS, *options, stdout=said)
    return said.getvalue()


def fold(*paths: Path) -> tuple[Upload, History]:
    history = History(now=UNTIL)
    with open_upload([(path.name, path) for path in paths], now=UNTIL) as upload:
        upload.read_into(history)
    return upload, history


def members(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_both_packages_of_one_listener(tmp_path: Path) -> None:
    said = make(tmp_path)
    assert f"{EXTENDED}.zip: 6,0" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{ACCOUNT}.zip",
        f"{EXTENDED}.zip",
    ]
    assert list(members(tmp_path / f"{EXTENDED}.zip")) == [
        "Spotify Extended Streaming History/Streaming_History_Audio_2023-2026_0.json",
        "Spotify Extended Streaming History/ReadMeFirst_ExtendedStreamingHistory.pdf",
        "Spotify Extended Streaming History/Streaming_History_Video_2018-2024.json",
    ]
    assert list(members(tmp_path / f"{ACCOUNT}.zip")) == [
        "Spotify Account Data/StreamingHistory_music_0.json",
        "Spotify Account Data/StreamingHistory_podcast_0.json",
        "Spotify Account Data/Userdata.json",
        "Spotify Account Data/Read_Me_First.pdf",
    ]


def test_rows_hold_what_is_to_be_left_out(tmp_path: Path) -> None:
    make(tmp_path, "--extended")
    upload, history = fold(tmp_path / f"{EXTENDED}.zip")
    assert upload.problems == []
    assert 6000 < upload.found + upload.left_out.total() < 6060
    assert 4800 < history.plays < 5400
    for reason in (
        LeftOut.PODCAST,
        LeftOut.AUDIOBOOK,
        LeftOut.PRIVATE,
        LeftOut.SHORT,
        LeftOut.NAMELESS,
    ):
        assert upload.left_out[reason] > 0
    assert history.left_out[LeftOut.DUPLICATE] > 0
    assert {upload.left_out[LeftOut.DATE], upload.left_out[LeftOut.UNREADABLE]} == {0}
    found = members(tmp_path / f"{EXTENDED}.zip")
    rows: list[dict[str, Any]] = json.loads(next(iter(found.values())))
    assert all(row["ip_addr"] and row["platform"] for row in rows)
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)
    assert 600 < sum(len(json.dumps(row)) for row in rows) / len(rows) < 800


def test_old_rows_have_the_old_columns(tmp_path: Path) -> None:
    said = StringIO()
    numbers = ["--years=9", "--plays=900", "--until=2026-11-22", "--extended"]
    call_command("make_export", f"--out={tmp_path}", *numbers, stdout=said)
    found = members(tmp_path / f"{EXTENDED}.zip")
    first, *_, last = json.loads(next(iter(found.values())))
    assert first["username"] == USER_NAME
    assert "ip_addr_decrypted" in first
    assert (first["skipped"], first["offline_timestamp"] > 10**12) == (None, True)
    assert "username" not in last
    assert last["offline_timestamp"] < 10**10


def test_artists_are_of_the_catalogue_and_of_a_long_tail(tmp_path: Path) -> None:
    make(tmp_path, "--extended")
    _, history = fold(tmp_path / f"{EXTENDED}.zip")
    names = set(history.names.values())
    known = names & {artist.name for artist in load_catalogue()}
    assert len(known) > 100
    assert len(names - known) > 100
    assert len({tail_name(number) for number in range(TAIL)}) == TAIL
    months = [month for month in history.months.values() if month.plays > 100]
    assert all(40 < len(month.artists) < 120 for month in months)


def test_account_data_is_the_last_year_of_the_same_listening(tmp_path: Path) -> None:
    make(tmp_path)
    extended, account = tmp_path / f"{EXTENDED}.zip", tmp_path / f"{ACCOUNT}.zip"
    (_, exact), (upload, rough) = fold(extended), fold(account)
    assert upload.problems == []
    assert 1500 < rough.plays < 2200
    assert not any(month.is_exact for month in rough.months.values())
    _, both = fold(account, extended)
    assert both.months == exact.months
    assert both.recent_plays == exact.recent_plays


def test_the_same_numbers_give_the_same_files(tmp_path: Path) -> None:
    for folder, options in {
        "a": ["--messy"],
        "b": ["--messy"],
        "c": ["--messy", "--seed=8"],
        "d": ["--messy", "--account"],
    }.items():
        make(tmp_path / folder, *options)
    a, b, c, d = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in "abcd"
    )
    assert a == b
    assert a != c
    assert d == {f"{ACCOUNT}.zip": a[f"{ACCOUNT}.zip"]}


def test_bare_files_lie_in_folders(tmp_path: Path) -> None:
    make(tmp_path / "zip")
    make(tmp_path / "bare", "--bare")
    paths = sorted((tmp_path / "bare").rglob("*Audio*.json"))
    assert [path.parent.name for path in paths] == [
        "Spotify Extended Streaming History"
    ]
    _, bare = fold(*paths)
    _, packed = fold(tmp_path / "zip" / f"{EXTENDED}.zip")
    assert bare.months == packed.months


def test_files_are_split_as_spotify_splits_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert packages._SPLIT_BYTES == 12 * 1024 * 1024
    assert packages._SPLIT_ROWS == 10_000
    make(tmp_path / "whole")
    monkeypatch.setattr(packages, "_SPLIT_BYTES", 500_000)
    monkeypatch.setattr(packages, "_SPLIT_ROWS", 800)
    said = make(tmp_path / "split")
    names = [path.name for path in (tmp_path / "split").iterdir()]
    found = members(tmp_path / "split" / f"{EXTENDED}.zip")
    audio = {name: data for name, data in found.items() if "Audio" in name}
    assert f"rows in {len(audio)} files." in said
    assert len(audio) > 5
    assert all(len(data) < 500_100 for data in audio.values())
    assert any("Audio_2024_" in name for name in audio)
    for name in names:
        (_, split), (_, whole) = (
            fold(tmp_path / "split" / name),
            fold(tmp_path / "whole" / name),
        )
        assert split.months == whole.months


def test_files_uploaded_one_by_one_are_the_whole_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "_SPLIT_BYTES", 500_000)
    make(tmp_path, "--extended", "--bare")
    paths = sorted(tmp_path.rglob("*Audio*.json"))
    assert len(paths) > 5
    _, whole = fold(*paths)
    for order in (paths, paths[::-1]):
        kept: dict[YearMonth, Month[str]] = {}
        for path in [*order, paths[0]]:
            for key, new in fold(path)[1].months.items():
                kept[key] = merged_month(kept[key], new) if key in kept else new
        assert kept == whole.months


def test_a_messy_export_is_read_for_what_is_left_of_it(tmp_path: Path) -> None:
    make(tmp_path / "good", "--extended")
    make(tmp_path / "messy", "--extended", "--messy")
    upload, messy = fold(tmp_path / "messy" / f"{EXTENDED}.zip")
    _, good = fold(tmp_path / "good" / f"{EXTENDED}.zip")
    assert good.plays * 0.97 < messy.plays < good.plays
    troubles = {problem.trouble for problem in upload.problems}
    assert Trouble.NESTED in troubles
    assert troubles & {Trouble.DAMAGED, Trouble.CUT_SHORT}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--years=0"], "Give from 1 to 20 years."),
        (["--years=21"], "Give from 1 to 20 years."),
        (["--plays=0"], "Give from 1 to 164,400 plays for so many years."),
        (["--plays=164401"], "Give from 1 to 164,400 plays for so many years."),
        (["--until=yesterday"], "'yesterday' is no day such as 2026-11-22"),
        (["--zip", "--bare"], "not allowed with"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    options: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=message.replace(".", r"\.")):
        make(tmp_path, *options)
    assert list(tmp_path.iterdir()) == []


def test_as_many_plays_as_fit_into_a_day_do_not_overlap(tmp_path: Path) -> None:
    numbers = ["--years=1", "--plays=54750", "--until=2026-11-22", "--extended"]
    call_command("make_export", f"--out={tmp_path}", *numbers, stdout=StringIO())
    _, history = fold(tmp_path / f"{EXTENDED}.zip")
    times = sorted((p.ended_at, p.ms) for p in history.recent_plays)
    overlaps = sum(
        after - ms // 1000 < before - 1
        for (before, _), (after, ms) in zip(times, times[1:], strict=False)
    )
    assert overlaps == 0
