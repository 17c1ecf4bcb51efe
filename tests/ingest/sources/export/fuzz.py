"""Mutated uploads by the hundred thousand; what must never be is an exception.

python -m tests.ingest.sources.export.fuzz --runs 100000 --seed 1
"""

import argparse
import io
import json
import struct
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from ingest.names import name_key
from ingest.sources.export import (
    History,
    Limits,
    artists_of,
    in_words,
    merged_month,
    open_upload,
    pack_month,
    top_lists,
    top_tracks,
    unpack_month,
)
from ingest.sources.export.shapes import EARLIEST
from tests.ingest.sources.export.builders import (
    AUDIO,
    MUSIC,
    NOW,
    SECRET,
    File,
    account,
    archive,
    extended,
    rows,
)

LIMITS = Limits(packed=300_000, unpacked=2_000_000, members=20, rows=3_000)
_LATEST = int(NOW.timestamp()) + 3600
_TOKENS = [
    *("{", "}", "[", "]", ",", ":", '"', "\\", "\n", "\x00", "null", "NaN", "1e999"),
    *('{"', '"}', "},{", '{"ts":', '"ms_played":', "\\ud800", "\ufeff", "9" * 4400),
    *("{" * 1200, "[" * 1200, '{"a":' * 1100, " " * 70_000, '"' + "x" * 70_000),
]
_VALUES = [
    *(None, True, False, 0, -1, 1, 10**18, 10**400, 1.5, float("nan"), float("inf")),
    *("", " ", "x", "\x00", "\ud800", "é" * 3000, "2026-05-09T15:48:14Z", "2026-05-09"),
    *("1970-01-01 00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"),
    *([], {}, [[]], [{"ts": 1}], {"ts": {}}, "spotify:track:", "spotify:episode:1"),
]
_NAMES = [
    *(AUDIO, MUSIC, "endsong_0.json", "a/b/StreamingHistory0.json", "Userdata.json"),
    *(
        "../endsong_1.json",
        "/endsong_2.json",
        "C:\\endsong_3.json",
        "\x00endsong_4.json",
    ),
    *("endsong_5.json/", "x.zip", "ReadMeFirst_TechnicalLogInformation.pdf", "é"),
]


def _moment(rng: Random) -> str:
    month, day = rng.randrange(1, 13), rng.randrange(1, 29)
    time_of_day = f"{rng.randrange(24):02}:{rng.randrange(60):02}"
    return f"{rng.randrange(2024, 2027)}-{month:02}-{day:02}T{time_of_day}:00Z"


def _row(rng: Random) -> Any:
    make = rng.choice([extended, account])
    artist, track = rng.choice(["Brae", "Low", "Ёлка"]), f"Track {rng.randrange(9)}"
    row: Any = make(_moment(rng), artist, track, rng.randrange(400_000))
    while rng.random() < 0.4:
        row[rng.choice(list(row))] = rng.choice(_VALUES)
    if rng.random() < 0.2:
        del row[rng.choice(list(row))]
    return rng.choice(_VALUES) if rng.random() < 0.05 else row


def _text(rng: Random) -> str:
    found = [_row(rng) for _ in range(rng.randrange(12))]
    return json.dumps(
        found, indent=rng.choice([None, 2]), ensure_ascii=rng.random() < 0.5
    )


def _mutated_text(rng: Random) -> str:
    text = _text(rng)
    for _ in range(rng.randrange(1, 6)):
        at, to = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        match rng.randrange(4):
            case 0:
                text = text[:at] + rng.choice(_TOKENS) + text[at:]
            case 1:
                text = text[:at] + text[min(to, at + rng.randrange(40)) :]
            case 2:
                text = text[:at] + text[at:to][:4000] + text[at:]
            case _:
                text = text[:to] if rng.random() < 0.3 else text
    return text


def _encoded(text: str, rng: Random) -> bytes:
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
    return text.encode(encoding, "surrogatepass" if rng.random() < 0.5 else "replace")


def _mutated_bytes(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 8)):
        if not changed:
            break
        at = rng.randrange(len(changed))
        match rng.randrange(5):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at : at + 1] = rng.randbytes(rng.randrange(5))
            case 2:
                del changed[at : at + rng.randrange(60)]
            case 3:
                size = rng.choice([0, 1, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF])
                changed[at : at + 4] = struct.pack("<I", size)
            case _:
                if rng.random() < 0.3:
                    del changed[at:]
    return bytes(changed)


def _zipped(rng: Random) -> bytes:
    members: list[tuple[Any, bytes]] = []
    for _ in range(rng.randrange(1, 4)):
        info = zipfile.ZipInfo(rng.choice(_NAMES), (2026, 1, 1, 0, 0, 0))
        info.compress_type = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        if rng.random() < 0.1:
            info.external_attr = rng.getrandbits(32)
        if info.filename not in {other.filename for other, _ in members}:
            members.append((info, _encoded(_text(rng), rng)))
    data = archive(members).getvalue()
    # The library cannot write a name that begins with a null byte, but reads one.
    return data.replace(b"n\x00", b"\x00n") if rng.random() < 0.2 else data


def _structured(rng: Random) -> list[bytes]:
    return [_encoded(_text(rng), rng) for _ in range(rng.randrange(1, 3))]


def _json_bytes(rng: Random) -> list[bytes]:
    data = _encoded(_mutated_text(rng), rng)
    return [_mutated_bytes(data, rng) if rng.random() < 0.5 else data]


def _zip_bytes(rng: Random) -> list[bytes]:
    return [_mutated_bytes(_zipped(rng), rng)]


def _zip_of_mutated(rng: Random) -> list[bytes]:
    texts = {AUDIO: _mutated_text(rng), rng.choice(_NAMES[1:4]): _mutated_text(rng)}
    members = {name: _encoded(text, rng) for name, text in texts.items()}
    return [archive(members).getvalue(), rows(_row(rng))]


KINDS: dict[str, Callable[[Random], list[bytes]]] = {
    "structured rows": _structured,
    "JSON bytes": _json_bytes,
    "ZIP bytes": _zip_bytes,
    "ZIPs of mutated JSON": _zip_of_mutated,
}


def survive(data: list[bytes]) -> int:
    """Read and fold an upload, and check all that must hold; gives its plays."""
    files: list[File] = [(f"file {n}", io.BytesIO(d)) for n, d in enumerate(data)]
    history = History(now=NOW)
    with open_upload(files, now=NOW, limits=LIMITS) as upload:
        upload.read_into(history)
        sentences = [str(problem) for problem in upload.problems]
    assert all(s.endswith(".") and SECRET not in s for s in sentences)
    assert upload.found == history.plays + history.left_out.total()
    assert in_words(history.plays, upload.left_out)
    for play in history.recent_plays:
        assert EARLIEST <= play.ended_at <= _LATEST
        assert 0 < play.ms <= 24 * 3600 * 1000
        assert name_key(play.artist)
        assert SECRET not in f"{play.artist}{play.track}"
        f"{play.artist}{play.track}{play.track_id}".encode()
    numbers = {key: n for n, key in enumerate(sorted(history.names))}
    for month in history.months.values():
        assert merged_month(month, month) is month
        found = {numbers[key]: listened for key, listened in month.artists.items()}
        by_number = replace(month, artists=found, firsts={}, lasts={})
        assert unpack_month(pack_month(by_number)) == by_number
    recent = history.recent_plays
    top_lists(artists_of(recent), history.months, now=NOW)
    top_tracks(recent, now=NOW)
    return history.plays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began, slowest = time.perf_counter(), 0.0
    runs: Counter[str] = Counter()
    plays: Counter[str] = Counter()
    for number in range(options.runs):
        rng = Random(f"{options.seed}:{number}")
        kind = rng.choice(list(KINDS))
        data = KINDS[kind](rng)
        start = time.process_time()
        try:
            plays[kind] += survive(data)
        except BaseException:
            sys.stdout.write(f"Run {number} of seed {options.seed} ({kind}) failed.\n")
            raise
        runs[kind] += 1
        slowest = max(slowest, time.process_time() - start)
    for kind in KINDS:
        sys.stdout.write(f"{kind}: {runs[kind]:,} uploads, {plays[kind]:,} plays\n")
    seconds = time.perf_counter() - began
    sys.stdout.write(
        f"{options.runs:,} uploads in {seconds:.0f} s, the slowest {slowest:.2f} s\n"
    )


if __name__ == "__main__":
    main()
