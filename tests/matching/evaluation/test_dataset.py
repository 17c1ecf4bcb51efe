"""Data sets of other people: read as they are, or a sentence with file and line."""

from pathlib import Path

import numpy as np
import pytest

from matching.evaluation import Dataset, DatasetError, read_dataset

LISTENS = """\
\ufeffplays, User ,artist,rank,note
5,ana,sade,2,"x, y"
9,ana,low,1,
1,18446744073709551616,low,1,

4,ana,sade,7,twice
1,ü b,grouper,1,
2,ü b,low,,
3,ü b,sade,,
"""
TIES = """\
user_a,user_b,since
ana,ü b,2009
ü b,ana,2010
ana,ana,2011
ana,nobody,2012
18446744073709551616,ana,2013
"""
ARTISTS = """\
artist,name,genres,tempo,energy,valence,danceability,acousticness,loudness
low,Low,slowcore| rock |,80,.2,.2,.2,.9,-18
sade,Sade,,,,,,,
other,Other,pop,100,.1,.1,.1,.1,-5
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def listening(data: Dataset) -> list[list[tuple[int, int]]]:
    """(artist, rank) by person."""
    lists = data.lists
    spans = [lists.of(person) for person in range(len(data))]
    return [
        list(zip(lists.artists[s].tolist(), lists.ranks[s].tolist(), strict=True))
        for s in spans
    ]


def test_rank_leads_then_plays_and_duplicates_go(tmp_path: Path) -> None:
    data = read_dataset(write(tmp_path, user_artists=LISTENS, friends=TIES))
    sade, low, grouper = 0, 1, 2
    assert listening(data) == [
        [(low, 1), (sade, 2)],
        [(low, 1)],
        [(grouper, 1), (sade, 2), (low, 3)],
    ]
    assert data.artist_count == 3


def test_ties_count_once_and_only_between_known_people(tmp_path: Path) -> None:
    data = read_dataset(write(tmp_path, user_artists=LISTENS, friends_x=TIES))
    assert {p: friends.tolist() for p, friends in data.ties.items()} == {
        0: [1, 2],
        1: [0],
        2: [0],
    }
    assert data.asked.tolist() == [0, 1, 2]
    assert data.unknown_ties == 1
    assert not data.is_restricted


def test_ties_of_several_files_are_put_together(tmp_path: Path) -> None:
    write(tmp_path, user_artists=LISTENS, friends_a="user_a,user_b\nana,ü b\n")
    data = read_dataset(
        write(tmp_path, friends_b="user_b,user_a\nana,18446744073709551616\n")
    )
    assert data.ties[0].tolist() == [1, 2]


def test_a_list_restricts_candidates_and_may_name_someone_silent(
    tmp_path: Path,
) -> None:
    listed = "user,half\nana,a\nsilent,a\nü b,a\n"
    ties = TIES + "silent,ana,2014\n"
    data = read_dataset(
        write(tmp_path, user_artists=LISTENS, friends=ties, dev_users=listed)
    )
    assert len(data) == 4
    assert data.candidates.tolist() == [0, 2, 3]
    assert data.is_restricted
    assert data.ties[0].tolist() == [2, 3]
    assert data.unknown_ties == 2
    assert listening(data)[3] == []


@pytest.mark.parametrize("rank", ["", ",rank"])
def test_without_an_order_all_artists_weigh_the_same(tmp_path: Path, rank: str) -> None:
    cells = ",1" if rank else ""
    rows = "".join(f"u,{artist}{cells}\nv,{artist}{cells}\n" for artist in "cab")
    data = read_dataset(
        write(
            tmp_path,
            user_artists=f"user,artist{rank}\n{rows}",
            friends="user_a,user_b\nu,v\n",
        )
    )
    assert listening(data)[0] == [(0, 1), (1, 1), (2, 1)]


def test_a_line_without_an_artist_names_a_person(tmp_path: Path) -> None:
    data = read_dataset(
        write(tmp_path, user_artists=LISTENS + ",empty,,,\n", friends=TIES)
    )
    assert len(data) == 4
    assert listening(data)[3] == []


def test_genres_and_audio_are_optional(tmp_path: Path) -> None:
    write(tmp_path, user_artists=LISTENS, friends=TIES)
    without = read_dataset(tmp_path)
    assert without.genres == {}
    assert np.isnan(without.audio).all()
    data = read_dataset(write(tmp_path, artists=ARTISTS))
    low = 1
    assert data.genres == {low: (0, 1)}
    assert data.audio[low].tolist() == [80, 0.2, 0.2, 0.2, 0.9, -18]
    assert np.isnan(data.audio[[0, 2]]).all()
    assert read_dataset(write(tmp_path, artists="artist\nlow\n")).genres == {}


MALFORMED = [
    ("user_artists", None, "user_artists.csv is not there."),
    ("user_artists", "", "line 1: no column is called user."),
    ("user_artists", "user,name\n", "line 1: no column is called artist."),
    ("user_artists", "user,artist\n", "names nobody with an artist."),
    ("user_artists", LISTENS + "1,,low,1,\n", "line 10: user is empty."),
    ("user_artists", LISTENS + "1,x,low,first,\n", "rank is not a number: 'first'."),
    ("user_artists", LISTENS + "nan,x,low,1,\n", "plays is not a number: 'nan'."),
    ("user_artists", LISTENS + '1,"x,low,1,\n', "this is not CSV"),
    ("friends", None, "holds no file of ties, friends*.csv."),
    ("friends", "a,b\n1,2\n", "line 1: no column is called user_a."),
    ("friends", TIES + "ana\n", "line 7: a tie needs two people."),
    ("friends", "user_a,user_b\nana,nobody\n", "ties no two of the candidates."),
    ("artists", "id\n1\n", "line 1: no column is called artist."),
    ("artists", ARTISTS + "low,,,fast\n", "line 5: tempo is not a number: 'fast'."),
    ("dev_users", "person\nana\n", "line 1: no column is called user."),
]


@pytest.mark.parametrize(("name", "text", "says"), MALFORMED)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, text: str | None, says: str
) -> None:
    files = {"user_artists": LISTENS, "friends": TIES, "artists": ARTISTS}
    write(tmp_path, **{k: v for k, v in files.items() if k != name})
    if text is not None:
        write(tmp_path, **{name: text})
    with pytest.raises(DatasetError) as error:
        read_dataset(tmp_path)
    assert says in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    write(tmp_path, friends=TIES)
    (tmp_path / "user_artists.csv").write_bytes(b"user,artist\n1,\xff\xfe\n")
    with pytest.raises(DatasetError, match=r"user_artists\.csv cannot be read"):
        read_dataset(tmp_path)


def test_a_missing_folder_and_two_lists_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        read_dataset(tmp_path / "none")
    write(tmp_path, user_artists=LISTENS, friends=TIES)
    write(tmp_path, a_users="user\nana\n", b_users="user\nana\n")
    with pytest.raises(DatasetError, match=r"several lists .*: a_users\.csv, b_users"):
        read_dataset(tmp_path)
