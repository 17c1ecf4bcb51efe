"""Whatever is uploaded, reading ends and says so in words. See ``fuzz`` for more."""

import io
import os
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.sources.export.builders import AUDIO, archive, extended, read, rows
from tests.ingest.sources.export.fuzz import KINDS, survive

RUNS = int(os.environ.get("FUZZ_RUNS", "300"))
ZIPPED = archive({AUDIO: rows(*[extended()] * 3), "endsong_0.json": rows()}).getvalue()
edits = st.lists(
    st.tuples(st.integers(0, len(ZIPPED) - 1), st.binary(max_size=4)), max_size=6
)


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_uploads_are_survived(kind: str) -> None:
    plays = 0
    for number in range(RUNS):
        plays += survive(KINDS[kind](Random(f"suite:{number}")))
    assert plays > 0


@given(edits)
def test_an_archive_with_changed_bytes_is_survived(
    changes: list[tuple[int, bytes]],
) -> None:
    data = bytearray(ZIPPED)
    for place, value in changes:
        data[place : place + len(value)] = value
    assert survive([bytes(data)]) <= 1


@given(st.binary(max_size=200), st.sampled_from([b"", b"[", b'[{"', b"PK\x03\x04"]))
def test_any_bytes_are_survived(data: bytes, beginning: bytes) -> None:
    assert survive([beginning + data]) == 0


@given(st.text(max_size=300), st.integers(0, 700))
def test_text_anywhere_in_a_file_leaves_the_plays_before_it(text: str, at: int) -> None:
    whole = rows(*(extended(track=f"Track {n}") for n in range(4))).decode()
    at = whole.index("Track 1") + at
    data = (whole[:at] + text + whole[at:]).encode("utf-8", "replace")
    found = read((AUDIO, io.BytesIO(data)))
    assert found.tracks[0] == "Track 0"
    assert "Track 3" in found.tracks
