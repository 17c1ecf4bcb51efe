"""What goes wrong with rows and files on their way to an upload."""

import json
from random import Random
from typing import Any

_Row = dict[str, Any]
_RARELY = 0.004


def messy_row(row: _Row, rng: Random) -> str:
    """The row as JSON, now and then damaged."""
    text = json.dumps(row, ensure_ascii=rng.random() < 0.5)
    if rng.random() >= _RARELY:
        return text
    return rng.choice(_WAYS)(row, text, rng)


def _cut(_: _Row, text: str, rng: Random) -> str:
    return text[: rng.randrange(1, len(text))]


def _wrong_type(row: _Row, _: str, rng: Random) -> str:
    column = rng.choice(list(row))
    return json.dumps({**row, column: rng.choice([None, [], {}, "", -1, True, 1e300])})


def _other_date(row: _Row, _: str, rng: Random) -> str:
    dates = ["1970-01-01T00:00:00Z", "2999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
    column = "ts" if "ts" in row else "endTime"
    return json.dumps({**row, column: rng.choice(dates)})


def _odd_name(row: _Row, _: str, rng: Random) -> str:
    column = "trackName" if "trackName" in row else "master_metadata_track_name"
    return json.dumps({**row, column: rng.choice(["\ud83d", "\x00", "\u202e", " "])})


def _very_long(row: _Row, _: str, __: Random) -> str:
    return json.dumps({**row, "platform": "x" * 300_000})


def _huge_number(row: _Row, _: str, __: Random) -> str:
    return (
        json.dumps({**row, "offline_timestamp": 0})[:-1] + ', "n": ' + "9" * 5000 + "}"
    )


def _no_row(_: _Row, __: str, rng: Random) -> str:
    return rng.choice(["null", "NaN", '"text"', "[]", "{}", "[" * 2000, "{" * 50])


_WAYS = (_cut, _wrong_type, _other_date, _odd_name, _very_long, _huge_number, _no_row)


def messy_file(text: str, rng: Random) -> bytes:
    """The whole file in some encoding, perhaps without its end."""
    if rng.random() < 0.15:
        text = text[: int(len(text) * 0.98)]
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"])
    return text.encode(encoding, "replace")
