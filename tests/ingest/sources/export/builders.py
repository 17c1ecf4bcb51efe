"""Rows, files and archives of made-up exports, and one way to read them."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from ingest.sources.export import LIMITS, LeftOut, Limits, Play, Trouble, open_upload

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AUDIO = "Streaming_History_Audio_2024-2026_0.json"
MUSIC = "StreamingHistory_music_0.json"
# Stands in every column that is nobody's business.
SECRET = "nobody-may-know-this"
TRACK_ID = "0000000000000000Lantern"[-22:]

Row = dict[str, Any]
File = tuple[str, IO[bytes] | Path]


def at(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


def extended(
    moment: str = "2026-05-09T15:48:14Z",
    artist: str | None = "Pelter & Vane",
    track: str | None = "Lantern, Going Out",
    ms: Any = 200_000,
    **columns: Any,
) -> Row:
    """A row as extended history has it, with all its private columns."""
    return {
        "ts": moment,
        "username": SECRET,
        "platform": SECRET,
        "ms_played": ms,
        "conn_country": SECRET,
        "ip_addr": SECRET,
        "ip_addr_decrypted": SECRET,
        "user_agent_decrypted": SECRET,
        "master_metadata_track_name": track,
        "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": "Harbour Lights",
        "spotify_track_uri": f"spotify:track:{TRACK_ID}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": 1_715_269_693,
        "incognito_mode": False,
        **columns,
    }


def account(
    moment: str = "2026-05-09 15:48",
    artist: str | None = "Pelter & Vane",
    track: str | None = "Lantern, Going Out",
    ms: Any = 200_000,
    **columns: Any,
) -> Row:
    """A row as account data has it."""
    row = {
        "endTime": moment,
        "artistName": artist,
        "trackName": track,
        "msPlayed": ms,
    }
    return {**row, **columns}


def rows(*found: Row) -> bytes:
    return json.dumps(list(found), indent=2).encode()


def archive(members: dict[str, bytes] | Sequence[tuple[Any, bytes]]) -> io.BytesIO:
    """A ZIP of these members; a name may be a ``ZipInfo``, and may come twice."""
    file = io.BytesIO()
    pairs = members.items() if isinstance(members, dict) else members
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in pairs:
            packed.writestr(name, data)
    file.seek(0)
    return file


def bare(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)


@dataclass(frozen=True)
class Reading:
    plays: list[Play]
    left_out: Counter[LeftOut]
    troubles: list[Trouble]
    sentences: list[str]

    @property
    def tracks(self) -> list[str]:
        return [play.track for play in self.plays]


def read(*files: File, limits: Limits = LIMITS) -> Reading:
    with open_upload(files, now=NOW, limits=limits) as upload:
        plays = list(upload.plays())
        return Reading(
            plays,
            upload.left_out,
            [problem.trouble for problem in upload.problems],
            [str(problem) for problem in upload.problems],
        )


def read_rows(*found: Row) -> Reading:
    return read((AUDIO, bare(rows(*found))))
