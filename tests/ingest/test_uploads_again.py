"""The same listening in several uploads counts once, in whatever order they come."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from ingest.models import ImportRun, ListeningMonth
from tests.factories import make_person
from tests.ingest.test_exports import Row, advance, file, kept, row, upload

__all__ = ["advance", "upload"]

Upload = Callable[..., ImportRun]
# Long before the listens that are kept one by one, and within them.
OLD, NEW = datetime(2019, 3, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
NAMES = ["Portishead", "Grouper", "Sade", "Burial", "Can"]
EXTENDED, ACCOUNT = "Streaming_History_Audio_0.json", "StreamingHistory_music_0.json"


@pytest.fixture(autouse=True)
def _uploads(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def people(db: None) -> Iterator[User]:
    """Somebody new each time."""
    return (make_person(f"person_{n}") for n in range(1000))


def plays(since: datetime, days: Sequence[float]) -> list[Row]:
    """A play at each of these days, to the second, all of them of other music."""
    return [
        row(
            since + timedelta(days=day, seconds=41),
            NAMES[n % len(NAMES)],
            f"Song {int(day * 24)}",
        )
        for n, day in enumerate(days)
    ]


def month(since: datetime, first: int, last: int) -> list[Row]:
    """Two plays a day of some days of one diary, which is always the same."""
    days = [n / 2 for n in range(62)]
    return plays(since, days)[first * 2 : last * 2]


def account(rows: list[Row], *, name: str = ACCOUNT) -> Any:
    """The same plays as account data has them: to the minute."""
    return file(
        [
            {
                "endTime": r["ts"][:16].replace("T", " "),
                "artistName": r["master_metadata_album_artist_name"],
                "trackName": r["master_metadata_track_name"],
                "msPlayed": r["ms_played"],
            }
            for r in rows
        ],
        name,
    )


def zipped(rows: list[Row]) -> Any:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(f"MyData/{EXTENDED}", json.dumps(rows))
    return SimpleUploadedFile("my_spotify_data.zip", held.getvalue())


def after(person: User, upload: Upload, *files: Any) -> dict[str, Any]:
    """What is kept after several uploads, one after the other."""
    for one in files:
        assert upload(person, one).state == "done"
    return kept(person)


def count(person: User) -> int:
    months = ListeningMonth.objects.filter(person=person)
    return sum(months.values_list("plays", flat=True))


@pytest.mark.parametrize("since", [OLD, NEW])
def test_the_same_file_under_other_names_counts_once(
    since: datetime, people: Iterator[User], upload: Upload
) -> None:
    rows = month(since, 0, 31)
    person = next(people)
    once = after(person, upload, file(rows))
    assert count(person) == 62
    for again in (
        file(rows, "copy of it (1).json"),
        file(rows, "endsong_3.json"),
        zipped(rows),
        file(rows[::-1], "turned round.json"),
    ):
        assert after(person, upload, again) == once
    assert after(next(people), upload, zipped(rows), file(rows)) == once


@pytest.mark.parametrize("since", [OLD, NEW])
def test_files_that_overlap_give_the_same_in_every_order(
    since: datetime, people: Iterator[User], upload: Upload
) -> None:
    a, b = month(since, 0, 20), month(since, 8, 31)
    person = next(people)
    once = after(person, upload, file(a), file(b))
    # Which of the two plays are the same nobody can tell: the longer one stands.
    assert count(person) == len(b)
    assert after(next(people), upload, file(b), file(a)) == once
    assert after(next(people), upload, file(b), file(a), file(b), file(a)) == once


@pytest.mark.parametrize("since", [OLD, NEW])
def test_what_covers_them_all_takes_the_place_of_parts(
    since: datetime, people: Iterator[User], upload: Upload
) -> None:
    rows = month(since, 0, 31)
    parts = [file(rows, "whole.json"), file(rows[4:20]), file(rows[10:50])]
    once = after(next(people), upload, parts[0])
    for order in permutations(parts):
        assert after(next(people), upload, *order) == once


@pytest.mark.parametrize("since", [OLD, NEW])
def test_the_file_in_the_middle_may_come_last(
    since: datetime, people: Iterator[User], upload: Upload
) -> None:
    rows = month(since, 0, 31)
    parts = [file(rows[:20]), file(rows[20:40]), file(rows[40:])]
    once = after(next(people), upload, file(rows))
    for order in permutations(parts):
        assert after(next(people), upload, *order) == once


@pytest.mark.parametrize("since", [OLD, NEW])
def test_the_play_that_ends_one_file_and_begins_the_next_counts_once(
    since: datetime, people: Iterator[User], upload: Upload
) -> None:
    rows = month(since, 0, 31)
    parts = [file(rows[:31]), file(rows[30:])]
    once = after(next(people), upload, file(rows))
    for order in permutations(parts):
        assert after(next(people), upload, *order) == once


@pytest.mark.parametrize("since", [OLD, NEW])
@pytest.mark.parametrize(("first", "last"), [(0, 31), (0, 12), (9, 22), (15, 31)])
def test_account_data_adds_nothing_to_extended_history(
    since: datetime, first: int, last: int, people: Iterator[User], upload: Upload
) -> None:
    rows = month(since, 0, 31)
    whole, part = file(rows), account(rows[first * 2 : last * 2])
    once = after(next(people), upload, whole)
    assert after(next(people), upload, part, whole) == once
    assert after(next(people), upload, whole, part, part) == once


@pytest.mark.parametrize("since", [OLD, NEW])
def test_account_data_goes_on_where_extended_history_ends(
    since: datetime, people: Iterator[User], upload: Upload
) -> None:
    """They share one play, which one of them has to the minute only."""
    rows = month(since, 0, 31)
    person = next(people)
    once = after(person, upload, file(rows[:31]), account(rows[30:]))
    assert count(person) == len(rows)
    if since == NEW:
        assert len(once["listens"]) == len(rows)
    again = after(next(people), upload, account(rows[30:]), file(rows[:31]))
    assert again["months"] == once["months"]
    assert len(again["listens"]) == len(once["listens"])


def test_years_that_come_year_by_year_with_a_month_in_common(
    people: Iterator[User], upload: Upload
) -> None:
    """As of people who ask for their data every year, a few days earlier or later."""
    days = [n * 1.5 for n in range(500)]
    rows = plays(OLD, days)
    years = [rows[:250], rows[230:480], rows[240:]]
    once = after(next(people), upload, *map(file, years))
    for order in permutations(years):
        assert after(next(people), upload, *map(file, order)) == once
