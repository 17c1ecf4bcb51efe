"""Months of several uploads meet, and are kept as few bytes that cannot lie."""

import zlib
from datetime import UTC, datetime
from functools import reduce
from itertools import compress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.export import (
    CorruptMonth,
    History,
    Listened,
    Month,
    Play,
    YearMonth,
    counted_parts,
    merged_month,
    pack_month,
    parts_of,
    unpack_month,
)
from tests.ingest.sources.export.builders import NOW, at

START = at("2026-05-01T00:00:00")
Kept = dict[YearMonth, Month[str]]


def month(
    first: int, last: int, plays: int = 10, *, is_exact: bool = True, artist: str = "a"
) -> Month[str]:
    return Month(first, last, {artist: Listened(plays, plays * 1000)}, is_exact)


# --- Meeting --------------------------------------------------------------


def test_spans_that_do_not_meet_add_up() -> None:
    early, late = month(1, 10, artist="a"), month(20, 30, artist="b")
    whole = Month(1, 30, {"a": Listened(10, 10_000), "b": Listened(10, 10_000)}, True)
    assert merged_month(early, late) == merged_month(late, early) == whole
    twice = merged_month(early, month(20, 30))
    assert twice.artists == {"a": Listened(20, 20_000)}


def test_spans_that_share_one_second_add_up() -> None:
    # A file ended between two plays of one second.
    assert merged_month(month(1, 10), month(10, 20)).plays == 20


def test_the_month_that_covers_the_other_stands() -> None:
    wide, narrow = month(1, 30, 5), month(10, 20, 50)
    assert merged_month(wide, narrow) is wide
    assert merged_month(narrow, wide) is wide
    assert merged_month(month(1, 20), wide) is wide
    assert merged_month(month(10, 30), wide) is wide


def test_of_two_that_overlap_the_longer_stands() -> None:
    longer, shorter = month(1, 20, 5), month(15, 30, 50)
    assert merged_month(longer, shorter) == longer
    assert merged_month(shorter, longer) == longer


def test_of_equal_spans_the_one_with_more_plays_stands_and_else_the_stored_one() -> (
    None
):
    thin, full = month(1, 30, 5), month(1, 30, 6)
    assert merged_month(thin, full) is full
    assert merged_month(full, thin) is full
    again = month(1, 30, 6, artist="b")
    assert merged_month(full, again) is full


@pytest.mark.parametrize("span", [(1, 30), (5, 10), (1, 8), (8, 30), (5, 30)])
def test_extended_history_stands_where_account_data_overlaps(
    span: tuple[int, int],
) -> None:
    exact, rough = month(5, 10, 5), month(*span, 50, is_exact=False)
    assert merged_month(exact, rough) == exact
    assert merged_month(rough, exact) == exact


def test_where_they_do_not_overlap_both_count_and_count_as_extended() -> None:
    exact, rough = month(20, 30), month(1, 10, is_exact=False)
    both = merged_month(rough, exact)
    assert (both.plays, both.is_exact) == (20, True)
    assert merged_month(both, rough) == merged_month(both, exact) == both


spans = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(sorted)
some_months = st.builds(
    lambda span, plays, is_exact: month(*span, plays, is_exact=is_exact),
    spans,
    st.integers(1, 3),
    st.booleans(),
)


@given(some_months, some_months)
def test_uploading_the_same_again_changes_nothing(
    stored: Month[str], new: Month[str]
) -> None:
    merged = merged_month(stored, new)
    assert merged_month(stored, stored) == stored
    assert merged_month(merged, new) == merged
    assert merged_month(merged, stored) == merged
    swapped = merged_month(new, stored)
    assert (swapped.plays, swapped.is_exact) == (merged.plays, merged.is_exact)


@given(st.lists(some_months, min_size=1, max_size=5), st.randoms())
def test_in_which_order_uploads_come_makes_no_difference(
    said: list[Month[str]], random: Random
) -> None:
    """Nor does it how often they come."""
    whole = reduce(merged_month, said)
    others = [*said, random.choice(said)]
    random.shuffle(others)
    again = reduce(merged_month, others)
    assert (again, parts_of(again)) == (whole, parts_of(whole))


@given(st.lists(some_months, min_size=1, max_size=5))
def test_no_two_parts_that_count_overlap(said: list[Month[str]]) -> None:
    whole = reduce(merged_month, said)
    counted = counted_parts(whole)
    assert counted
    assert sum(part.plays for part in counted) == whole.plays
    for one, other in zip(counted, counted[1:], strict=False):
        assert one.last_at <= other.first_at


def test_the_middle_may_come_last() -> None:
    parts = [month(1, 5), month(20, 30), month(8, 12)]
    assert reduce(merged_month, parts) == month(1, 30, 30)


def test_more_parts_than_there_can_be_are_not_kept() -> None:
    many = [month(n * 10, n * 10 + 1 + n % 3) for n in range(100)]
    whole = reduce(merged_month, many)
    assert len(parts_of(whole)) == 30
    assert all(part.last_at - part.first_at == 3 for part in parts_of(whole))


def edged(first: int, last: int, *, is_exact: bool = True) -> Month[str]:
    """Two plays of an artist, the first and the last."""
    one, two = Listened(1, 1000), Listened(2, 2000)
    return Month(first, last, {"a": two}, is_exact, {"a": one}, {"a": one})


@pytest.mark.parametrize(
    ("late", "plays"),
    [
        (edged(100, 200), 3),
        (edged(101, 200), 4),
        (edged(140, 200, is_exact=False), 3),
        (edged(60, 200, is_exact=False), 3),
        (edged(160, 260, is_exact=False), 4),
        (edged(40, 200, is_exact=False), 2),
    ],
)
def test_a_play_that_ends_one_file_and_begins_the_next_counts_once(
    late: Month[str], plays: int
) -> None:
    early = edged(10, 100)
    both = merged_month(early, late)
    assert (both.plays, both.ms) == (plays, plays * 1000)
    assert merged_month(late, early) == both
    assert reduce(merged_month, [both, late, early]) == both


def test_other_plays_of_that_moment_count_each() -> None:
    early, late = edged(10, 100), edged(100, 200)
    other = Month(100, 200, {"b": Listened(2, 2)}, True, {"b": Listened(1, 1)}, {})
    assert merged_month(early, other).plays == 4
    assert merged_month(early, late).artists == {"a": Listened(3, 3000)}


def folded(plays: list[Play]) -> Kept:
    history = History(now=NOW)
    for play in plays:
        history.add(play)
    return history.months


def uploaded(*uploads: list[Play]) -> Kept:
    """What is kept after several uploads, one after the other."""
    kept: Kept = {}
    for plays in uploads:
        for key, new in folded(plays).items():
            kept[key] = merged_month(kept[key], new) if key in kept else new
    return kept


@st.composite
def exports(draw: st.DrawFn) -> list[Play]:
    """One export, in order: no two plays of a second, months with many and with few."""
    is_exact = draw(st.booleans())
    steps = st.integers(1, 40) | st.just(30 * 24 * 60)
    found, moment = [], START
    for minutes in draw(st.lists(steps, min_size=1, max_size=20)):
        moment += 60 * minutes
        artist = draw(st.sampled_from(["A", "B", "C"]))
        found.append(Play(moment, 60_000, artist, "T", None, is_exact))
    return found


@given(exports(), st.lists(st.integers(0, 20)))
def test_files_of_one_export_one_by_one_are_the_whole_export(
    plays: list[Play], cuts: list[int]
) -> None:
    whole = folded(plays)
    edges = sorted({0, len(plays), *(cut for cut in cuts if cut <= len(plays))})
    files = [plays[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    assert uploaded(*files) == whole
    assert uploaded(*reversed(files)) == whole
    assert uploaded(*files, *files) == whole
    assert uploaded(plays, *files) == whole
    assert uploaded(*files, plays) == whole


@given(exports(), st.integers(0, 20), st.randoms(use_true_random=False))
def test_two_files_that_share_a_month_may_come_in_any_order_with_others(
    plays: list[Play], cut: int, random: Random
) -> None:
    files = [plays[:cut], plays[cut:]]
    random.shuffle(files)
    assert uploaded(*files) == folded(plays)


@given(exports(), st.lists(st.integers(0, 20)))
def test_files_that_share_the_play_between_them_are_the_whole_export(
    plays: list[Play], cuts: list[int]
) -> None:
    edges = sorted({0, len(plays), *(cut for cut in cuts if cut <= len(plays))})
    files = [plays[a : b + 1] for a, b in zip(edges, edges[1:], strict=False)]
    assert uploaded(*files) == folded(plays)
    assert uploaded(*reversed(files)) == folded(plays)


@given(exports(), st.data())
def test_a_part_of_what_is_there_changes_nothing(
    plays: list[Play], data: st.DataObject
) -> None:
    part = [play for play in plays if data.draw(st.booleans())]
    assert uploaded(plays, part) == folded(plays)
    assert uploaded(part, plays) == folded(plays)


@given(exports(), st.integers(1, 20))
def test_a_later_and_longer_export_takes_the_place_of_the_earlier(
    plays: list[Play], cut: int
) -> None:
    assert uploaded(plays[:cut], plays) == folded(plays)


# --- Packing --------------------------------------------------------------


def sealed(version: int, kept: bytes) -> bytes:
    return bytes([version]) + zlib.crc32(kept, version).to_bytes(4, "big") + kept


ids = st.integers(0, 2**63 - 1)
numbers = st.integers(0, 2**40)
artists = st.dictionaries(ids, st.builds(Listened, numbers, numbers), max_size=10)


@st.composite
def some_parts(draw: st.DrawFn) -> Month[int]:
    """A part as an upload gives it: its edges are of it."""
    found = draw(artists)
    flags = st.lists(st.booleans(), min_size=len(found), max_size=len(found))
    firsts, lasts = (dict(compress(found.items(), draw(flags))) for _ in range(2))
    return Month(*draw(spans), found, draw(st.booleans()), firsts, lasts)


packed_months = st.lists(some_parts(), min_size=1, max_size=4).map(
    lambda parts: reduce(merged_month, parts)
)


def of(found: dict[int, Listened]) -> Month[int]:
    return Month(1, 2, found, True)


@given(packed_months)
def test_what_is_packed_is_unpacked(found: Month[int]) -> None:
    packed = pack_month(found)
    for again in (unpack_month(packed), unpack_month(memoryview(packed))):
        assert again == found
        assert parts_of(again) == parts_of(found)
        assert [(p.firsts, p.lasts) for p in parts_of(again)] == [
            (p.firsts, p.lasts) for p in parts_of(found)
        ]
        assert pack_month(again) == packed


def test_packing_knows_no_order() -> None:
    found = {7: Listened(1, 2), 3: Listened(3, 4)}
    assert pack_month(of(found)) == pack_month(of(dict(reversed(found.items()))))


@pytest.mark.parametrize("numbers", [(1, -1), (-1, 1), (2**63, 1)])
def test_numbers_that_cannot_be_are_not_packed(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot be packed"):
        pack_month(of({1: Listened(*numbers)}))


@given(packed_months, st.data())
def test_changed_bytes_are_no_month(found: Month[int], data: st.DataObject) -> None:
    packed = bytearray(pack_month(found))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptMonth):
        unpack_month(bytes(packed))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_month_or_one_named_error(kept: bytes) -> None:
    for data in (kept, *(sealed(version, kept) for version in (1, 2, 3, 4))):
        try:
            found = unpack_month(data)
        except CorruptMonth:
            continue
        assert unpack_month(pack_month(found)) == found


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"\x00",
        b"\x01",
        b"\x01\x02\x01\x01\x00\x00\x00",
        b"\x01\x01\x01\x01\x01\x01\x01",
        b"\x01\x01\x01\x01\x02\x01\x00\x01\x01\x01\x01\x00\x00",
        b"\x01\x01\x01\x01\x00\x00\x00\x00",
        b"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x02\x01\x00",
        b"\x01\x01\x01\x01\x00\x01\x01\x01\x01\x00",
        b"\x01\x80",
        b"\x01" + b"\xff" * 9,
    ],
)
def test_bytes_with_the_right_checksum_may_be_no_month(kept: bytes) -> None:
    with pytest.raises(CorruptMonth):
        unpack_month(sealed(3, kept))


def test_deflated_bytes_that_never_end_are_no_month() -> None:
    deflate = zlib.compressobj(9, wbits=-15)
    kept = deflate.compress(bytes(64 * 1024 * 1024)) + deflate.flush()
    with pytest.raises(CorruptMonth):
        unpack_month(sealed(4, kept))


def test_ten_years_take_little_room() -> None:
    random = Random(7)
    bytes_kept = pairs = plays = 0
    for _ in range(120):
        found = {
            random.randrange(1, 20_000): Listened(
                n, n * random.randrange(150_000, 260_000)
            )
            for n in (max(1, int(random.paretovariate(0.8))) for _ in range(100))
        }
        bytes_kept += len(pack_month(of(found)))
        pairs += len(found)
        plays += sum(listened.plays for listened in found.values())
    assert plays > 100_000
    assert bytes_kept < 120_000
    assert bytes_kept / pairs < 12


def test_the_moments_of_a_month_are_in_utc() -> None:
    play = Play(at("2026-05-31T23:59:59"), 1, "A", "T", None, True)
    ((key, found),) = folded([play]).items()
    assert key == (2026, 5)
    assert datetime.fromtimestamp(found.last_at, UTC).month == 5
