"""What may be uploaded is read, what may not is told in words, and the rest is read."""

import io
import json
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from ingest.sources.export import History, LeftOut, Limits, Trouble, open_upload
from ingest.sources.export.archive import _LONGEST_READ
from tests.ingest.sources.export.builders import (
    AUDIO,
    MUSIC,
    NOW,
    account,
    archive,
    bare,
    extended,
    read,
    rows,
)

ONE = rows(extended(track="One"))
TWO = rows(extended("2026-05-10T08:00:00Z", track="Two"))
MB = 1024 * 1024


# --- What is read ---------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        AUDIO,
        "Spotify Extended Streaming History/Streaming_History_Audio_2018_1.json",
        "MyData/endsong_12.json",
        "a/b/c/d/STREAMING_HISTORY_AUDIO_2018_1.JSON",
        "Spotify Account Data/StreamingHistory_music_3.json",
        "MyData/StreamingHistory0.json",
        "StreamingHistory0 (1).json",
    ],
)
def test_history_is_found_by_its_base_name_at_any_depth(name: str) -> None:
    found = read(("my_spotify_data.zip", archive({name: ONE})))
    assert found.tracks == ["One"]
    assert found.troubles == []


@pytest.mark.parametrize(
    "name",
    [
        "Userdata.json",
        "YourLibrary.json",
        "Playlist1.json",
        "Identity.json",
        "StreamingHistory_podcast_0.json",
        "StreamingHistory_audiobook_0.json",
        "Streaming_History_Video_2018-2024.json",
        "__MACOSX/._Streaming_History_Audio_2018_1.json",
        "endsong_0.json.bak",
        "my endsong_0.json",
    ],
)
def test_nothing_else_in_an_archive_is_opened(name: str) -> None:
    found = read(("my_spotify_data.zip", archive({AUDIO: ONE, name: TWO})))
    assert found.tracks == ["One"]
    assert found.troubles == []


def test_several_files_at_once_whatever_their_names_say() -> None:
    found = read(
        ("history.json", archive({AUDIO: ONE})),
        ("my_spotify_data.zip", bare(TWO)),
        ("holiday.jpg", bare(rows(account(track="Three")))),
    )
    assert found.tracks == ["One", "Two", "Three"]
    assert found.troubles == []


def test_extended_history_is_read_first() -> None:
    data = rows(account(track="Account"))
    found = read(
        ("b.json", bare(data)),
        ("a.zip", archive({MUSIC: data, AUDIO: ONE})),
    )
    assert found.tracks == ["One", "Account", "Account"]


def test_a_file_on_disk_is_closed_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(archive({AUDIO: ONE}).getvalue())
    assert read(("my_spotify_data.zip", path)).tracks == ["One"]
    path.unlink()


def test_a_path_that_is_not_there_is_the_callers_error(tmp_path: Path) -> None:
    there = tmp_path / "a.json"
    there.write_bytes(ONE)
    with pytest.raises(FileNotFoundError):
        open_upload([("a.json", there), ("b.json", tmp_path / "b")], now=NOW)


def test_a_file_given_open_stays_open() -> None:
    file = bare(ONE)
    assert read(("a.json", file)).tracks == ["One"]
    assert not file.closed


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_read(encoding: str) -> None:
    data = json.dumps([extended(track="Дорога 夜")], ensure_ascii=False)
    found = read(("a.json", bare(data.encode(encoding))))
    assert found.tracks == ["Дорога 夜"]
    assert found.troubles == []


def test_progress_is_told_in_bytes() -> None:
    said: list[tuple[int, int]] = []
    many = rows(*(extended(track=f"Track {n}") for n in range(1000)))
    files = [("a.zip", archive({AUDIO: many})), ("b.json", bare(ONE))]
    with open_upload(files, now=NOW) as upload:
        assert upload.total_bytes == len(many) + len(ONE)
        upload.read_into(
            History(now=NOW),
            on_progress=lambda done, whole: said.append((done, whole)),
        )
    assert len(said) > 3
    assert said == sorted(said)
    assert said[-1] == (upload.total_bytes, upload.total_bytes)


def test_what_the_caller_raises_while_reading_reaches_the_caller() -> None:
    def stop(_: int, __: int) -> None:
        raise ValueError("somebody else took over")

    with (
        open_upload([("a.json", bare(ONE))], now=NOW) as upload,
        pytest.raises(ValueError, match="somebody else"),
    ):
        upload.read_into(History(now=NOW), on_progress=stop)


# --- What is not ----------------------------------------------------------


def entry(name: str, **fields: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2026, 11, 22, 12, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def patched(file: io.BytesIO, name: str, offset: int, value: bytes) -> io.BytesIO:
    """Write over a field of a member in the archive's list of members."""
    data = bytearray(file.getvalue())
    place = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
    data[place + offset : place + offset + len(value)] = value
    return io.BytesIO(bytes(data))


BAD = "bad/Streaming_History_Audio_2020_9.json"


def with_bad(data: bytes = TWO) -> io.BytesIO:
    return archive({AUDIO: ONE, BAD: data})


def named(name: str) -> io.BytesIO:
    return archive([(entry(AUDIO), ONE), (entry(name), TWO)])


GUARDED = {
    "encrypted": (patched(with_bad(), BAD, 8, b"\x01\x00"), Trouble.PASSWORD),
    "strongly": (patched(with_bad(), BAD, 8, b"\x41\x00"), Trouble.PASSWORD),
    "packed with LZMA": (patched(with_bad(), BAD, 10, b"\x0e\x00"), Trouble.PACKING),
    "packed with 99": (patched(with_bad(), BAD, 10, b"\x63\x00"), Trouble.PACKING),
    "parent": (named("../../endsong_0.json"), Trouble.UNSAFE_NAME),
    "parent inside": (named("a/../../endsong_0.json"), Trouble.UNSAFE_NAME),
    "absolute": (named("/etc/endsong_0.json"), Trouble.UNSAFE_NAME),
    "backslash": (named("MyData\\endsong_0.json"), Trouble.UNSAFE_NAME),
    "null byte": (
        io.BytesIO(named("nn/endsong_0.json").getvalue().replace(b"nn/", b"\x00n/")),
        Trouble.UNSAFE_NAME,
    ),
    "drive": (named("C:/endsong_0.json"), Trouble.UNSAFE_NAME),
    "link": (
        archive(
            [
                (entry(AUDIO), ONE),
                (
                    entry(BAD, external_attr=(stat.S_IFLNK | 0o777) << 16),
                    b"/etc/passwd",
                ),
            ]
        ),
        Trouble.LINK,
    ),
    "nested": (archive({AUDIO: ONE, "old/first.zip": TWO}), Trouble.NESTED),
    "nested in secret": (with_bad(archive({AUDIO: TWO}).getvalue()), Trouble.NESTED),
    "bomb": (with_bad(b" " * 20 * MB), Trouble.BOMB),
    "empty": (with_bad(b""), Trouble.EMPTY),
    "white": (with_bad(b" \n\n"), Trouble.EMPTY),
    "no rows": (with_bad(b"[\n]\n"), Trouble.EMPTY),
    "no JSON": (with_bad(b"<!doctype html>{}"), Trouble.STRANGE),
    "no history": (with_bad(b'[{"name": "Ana", "email": "a@b"}]'), Trouble.NO_HISTORY),
    "another object": (with_bad(b'{"tracks": [{"artist": 1}]}'), Trouble.NO_HISTORY),
    "damaged": (patched(with_bad(), BAD, 42, b"\x07\x00\x00\x00"), Trouble.DAMAGED),
}


@pytest.mark.parametrize("name", GUARDED)
def test_one_bad_member_is_told_and_the_others_are_read(name: str) -> None:
    file, trouble = GUARDED[name]
    found = read(("my_spotify_data.zip", file))
    assert "One" in found.tracks
    assert found.troubles == [trouble]
    (sentence,) = found.sentences
    assert " in my_spotify_data.zip " in sentence
    assert sentence.endswith(".")
    assert "Two" not in found.tracks


def test_names_that_only_look_odd_are_read() -> None:
    names = ["a/.../endsong_0.json", "é ü/endsong_1.json", "ab:c/endsong_2.json"]
    found = read(("a.zip", archive(dict.fromkeys(names, ONE))))
    assert (len(found.plays), found.troubles) == (3, [])


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_of_two_members_of_one_name_the_first_is_read() -> None:
    found = read(("a.zip", archive([(AUDIO, ONE), (AUDIO, TWO)])))
    assert found.tracks == ["One"]
    assert found.troubles == [Trouble.TWICE]


def test_a_member_that_grows_beyond_what_it_says_stops_there() -> None:
    long = rows(*(extended(track=f"Track {n}") for n in range(2000)))
    file = patched(archive({AUDIO: ONE, BAD: long}), BAD, 24, struct.pack("<I", 50_000))
    found = read(("a.zip", file))
    assert 30 < len(found.plays) < 60
    assert found.troubles == [Trouble.DAMAGED]


def test_a_member_that_ends_before_it_should_keeps_its_beginning() -> None:
    long = rows(*(extended(track=f"Track {n}") for n in range(2000)))
    size = struct.pack("<I", 4000)
    file = patched(archive({AUDIO: ONE, BAD: long}), BAD, 20, size)
    found = read(("a.zip", file))
    assert 1 < len(found.plays) < 2001
    assert found.troubles == [Trouble.DAMAGED]


def test_a_member_whose_checksum_is_wrong_loses_little_more_than_its_end() -> None:
    long = rows(*(extended(track=f"Track {n}") for n in range(2000)))
    file = patched(archive({AUDIO: ONE, BAD: long}), BAD, 16, b"\x00\x00\x00\x00")
    found = read(("a.zip", file))
    assert 1980 < len(found.plays) < 2001
    assert found.troubles == [Trouble.DAMAGED]


def test_members_that_share_their_bytes_are_refused() -> None:
    file = archive({f"endsong_{n}.json": TWO * 50 for n in range(3)})
    for n in range(3):
        size = struct.pack("<I", len(file.getvalue()) // 2)
        file = patched(file, f"endsong_{n}.json", 20, size)
    found = read(("a.zip", file), ("b.json", bare(ONE)))
    assert (found.tracks, found.troubles) == (["One"], [Trouble.BOMB])


REFUSED = {
    "empty": (b"", Trouble.EMPTY),
    "text": (b"Dear Spotify,", Trouble.STRANGE),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(1000), Trouble.STRANGE),
    "cut off": (archive({AUDIO: TWO}).getvalue()[:-30], Trouble.BROKEN_ZIP),
    "only a beginning": (b"PK\x03\x04", Trouble.BROKEN_ZIP),
    "no members": (archive({}).getvalue(), Trouble.EMPTY),
    "only folders": (archive({"MyData/": b""}).getvalue(), Trouble.EMPTY),
    "photos": (archive({"a.jpg": b"1"}).getvalue(), Trouble.NO_HISTORY),
    "technical log": (
        archive({"T/ReadMeFirst_TechnicalLogInformation.pdf": b"1", "x.json": TWO}),
        Trouble.TECHNICAL_LOG,
    ),
    "account data": (
        archive({"Spotify Account Data/Userdata.json": b"{}"}),
        Trouble.ONLY_ACCOUNT,
    ),
    "only podcasts": (
        archive({"StreamingHistory_podcast_0.json": b"[]", "Read_Me_First.pdf": b"1"}),
        Trouble.ONLY_ACCOUNT,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_one_bad_file_is_told_and_the_others_are_read(name: str) -> None:
    data, trouble = REFUSED[name]
    file = data if isinstance(data, io.BytesIO) else bare(data)
    found = read(("bad file.zip", file), ("good.json", bare(ONE)))
    assert found.tracks == ["One"]
    assert found.troubles == [trouble]
    assert found.sentences[0].startswith("bad file.zip ")


def test_the_sentence_says_which_package_to_ask_for() -> None:
    log = archive({"ReadMeFirst_TechnicalLogInformation.pdf": b"1"})
    assert read(("my_spotify_data.zip", log)).sentences == [
        "my_spotify_data.zip is Spotify’s technical log, which holds no listening."
        " Ask for “Extended streaming history” on"
        " https://www.spotify.com/account/privacy/ and upload that."
    ]


# --- Limits ---------------------------------------------------------------


def test_an_upload_within_its_limits_is_read_and_one_beyond_is_not() -> None:
    size = len(ONE)
    files = [("a.json", bare(ONE)), ("b.json", bare(TWO)), ("c.json", bare(b"[]"))]
    assert read(*files, limits=Limits(packed=10 * size)).tracks == ["One", "Two"]
    found = read(*files, limits=Limits(packed=size + 5))
    assert found.tracks == ["One"]
    assert found.troubles == [Trouble.TOO_LARGE, Trouble.EMPTY]
    assert found.sentences[0].startswith("b.json makes the upload larger than 0 MB.")


def test_unpacked_size_is_counted_over_all_files() -> None:
    file = archive({AUDIO: ONE, MUSIC: TWO, "photo.jpg": bytes(5000)})
    whole = len(ONE) + len(TWO) + 5000
    assert len(read(("a.zip", file), limits=Limits(unpacked=whole)).plays) == 2
    found = read(("b.json", bare(ONE)), ("a.zip", file), limits=Limits(unpacked=whole))
    assert (found.tracks, found.troubles) == (["One"], [Trouble.TOO_LARGE_UNPACKED])
    found = read(("b.json", bare(ONE)), limits=Limits(unpacked=len(ONE) - 1))
    assert (found.tracks, found.troubles) == ([], [Trouble.TOO_LARGE_UNPACKED])


class Growing(io.BytesIO):
    """Says that it is small."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        found = super().seek(offset, whence)
        return 100 if whence == io.SEEK_END else found


def test_a_file_larger_than_it_says_ends_at_the_limit() -> None:
    long = rows(*(extended(track=f"Track {n}") for n in range(2000)))
    found = read(("a.json", Growing(long)), limits=Limits(unpacked=MB))
    assert 0 < len(found.plays) < 2000
    assert found.troubles == [Trouble.TOO_LARGE_UNPACKED]


def test_files_are_counted_over_the_whole_upload() -> None:
    file = archive({f"photos/{n}.jpg": b"1" for n in range(9)} | {AUDIO: ONE})
    assert len(read(("a.zip", file), limits=Limits(members=10)).plays) == 1
    files = [("b.json", bare(TWO)), ("a.zip", file)]
    found = read(*files, limits=Limits(members=10))
    assert (found.tracks, found.troubles) == (["Two"], [Trouble.TOO_MANY])
    found = read(*reversed(files), limits=Limits(members=10))
    assert (found.tracks, found.troubles) == (["One"], [Trouble.TOO_MANY])
    assert "an upload may hold 10." in found.sentences[0]


def test_more_rows_than_anybody_has_are_not_read() -> None:
    data = rows(*(extended(track=f"Track {n}") for n in range(10)))
    files = [("a.json", bare(data)), ("b.json", bare(data))]
    assert read(*files, limits=Limits(rows=20)).troubles == []
    found = read(*files, limits=Limits(rows=12))
    assert len(found.plays) == 13
    assert found.sentences == [
        "b.json makes the upload longer than 12 rows, which no listening is. It was"
        " read up to there."
    ]
    found = read(*files, ("c.json", bare(data)), limits=Limits(rows=5))
    assert (len(found.plays), found.troubles) == (6, [Trouble.TOO_LONG] * 3)


def test_a_file_of_anything_but_rows_is_given_up() -> None:
    found = read(("a.json", bare(b"[" + b"1," * 9000 + ONE + b"]")))
    assert (found.plays, found.troubles) == ([], [Trouble.NO_HISTORY])
    found = read(("a.json", bare(ONE + b"1," * 9000 + TWO)))
    assert (found.tracks, found.troubles) == (["One"], [Trouble.DAMAGED])
    found = read(("a.json", bare(b"[" + b"null," * 900 + ONE + b"]")))
    assert (found.tracks, found.left_out) == (["One"], {LeftOut.UNREADABLE: 900})


def test_a_list_of_members_too_long_to_be_read_is_not_read() -> None:
    name = "photos/" + "n" * 60_000
    file = archive({f"{name}{n}.jpg": b"" for n in range(20)} | {AUDIO: ONE})
    assert len(file.getvalue()) > 2 * _LONGEST_READ
    found = read(("a.zip", file))
    assert (found.plays, found.troubles) == ([], [Trouble.TOO_MANY])


def test_the_limits_are_those_people_are_told() -> None:
    limits = Limits()
    with open_upload([], now=NOW) as upload:
        assert list(upload.plays()) == []
        assert upload.problems == []
    assert (limits.packed, limits.members) == (300 * MB, 500)
    assert limits.unpacked == 1536 * MB


# --- Words ----------------------------------------------------------------


def test_the_same_trouble_in_one_archive_is_told_once() -> None:
    file = archive({f"endsong_{n}.json": b"" for n in range(4)})
    assert read(("a.zip", file)).sentences == [
        "endsong_0.json in a.zip is empty. If that cannot be right, download the"
        " export from Spotify again. The same is true of 3 more files."
    ]
    file = archive({f"endsong_{n}.json": b"" for n in range(2)})
    assert read(("a.zip", file)).sentences[0].endswith("true of 1 more file.")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\Ana\\my data.zip", "my data.zip"),
        ("/home/ana/my data.zip", "my data.zip"),
        ("gpj.\u202edata\x00.zip", "gpj.data.zip"),
        ("", "A file without a name"),
        ("\u202e\n", "A file without a name"),
        ("{file}.zip", "{file}.zip"),
        ("a" * 500 + ".zip", "a" * 60 + "…" + "a" * 15 + ".zip"),
    ],
)
def test_names_are_shown_cleaned(name: str, shown: str) -> None:
    assert read((name, bare(b""))).sentences[0].startswith(f"{shown} is empty.")


def test_counts_are_there_for_the_page() -> None:
    data = rows(extended(), extended(incognito_mode=True), extended(track=None))
    found = read(("a.json", bare(data)))
    assert found.left_out == {LeftOut.PRIVATE: 1, LeftOut.NAMELESS: 1}
