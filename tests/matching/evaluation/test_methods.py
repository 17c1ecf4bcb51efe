"""Each method against its formula, by hand."""

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from matching.engine import RankedList, build_index, merge_ranks, scan
from matching.evaluation import METHODS, Dataset, read_dataset

ARTISTS = """\
artist,genres,tempo,energy,valence,danceability,acousticness,loudness
a,x|y,100,0,0,0,0,-10
b,y,200,1,1,1,1,0
c,z,,,,,,
"""
# Four people; the last one has no artists.
LISTENS = "user,artist,rank\n0,a,1\n0,b,2\n1,b,1\n2,c,1\n2,b,2\n3,,\n"
EVERYONE = np.arange(4)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    (tmp_path / "user_artists.csv").write_text(LISTENS)
    (tmp_path / "artists.csv").write_text(ARTISTS)
    (tmp_path / "friends.csv").write_text("user_a,user_b\n0,1\n1,3\n")
    return read_dataset(tmp_path)


def test_jaccard(data: Dataset) -> None:
    scores = METHODS["jaccard"](data, 1)(EVERYONE)
    assert scores[0].tolist() == pytest.approx([1, 1 / 2, 1 / 3, 0])
    assert scores[3].tolist() == [0, 0, 0, 0]
    assert np.array_equal(scores, scores.T)


def test_tfidf(data: Dataset) -> None:
    scores = METHODS["tfidf"](data, 1)(EVERYONE)
    # b has everyone who has any artist and is worth ln(3 / 3).
    assert scores[0].tolist() == pytest.approx([1, 0, 0, 0])


def test_tfidf_weighs_by_rank(tmp_path: Path) -> None:
    rows = "0,a,1\n0,b,2\n1,a,1\n1,c,2\n2,d,1\n"
    (tmp_path / "user_artists.csv").write_text("user,artist,rank\n" + rows)
    (tmp_path / "friends.csv").write_text("user_a,user_b\n0,1\n")
    scores = METHODS["tfidf"](read_dataset(tmp_path), 1)(np.arange(3))
    shared, own = math.log(3 / 2), math.log(3) / math.log2(3)
    assert scores[0, 1] == pytest.approx(shared**2 / (shared**2 + own**2))


def test_predecessor(data: Dataset) -> None:
    scores = METHODS["predecessor"](data, 1)(EVERYONE)
    # Mean audio: 0 is half-way between a and b; 1 and 2 are b, as c is not known.
    assert scores[0, 1] == pytest.approx(0.4 / 2 + 0.2 / 2 + 0.4 * 0.5)
    assert scores[1, 2] == pytest.approx(0.4 / 2 + 0.2 / 2 + 0.4 * 1)
    assert scores[0].tolist()[3] == 0


def test_predecessor_without_genres_and_audio_is_jaccard(
    data: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "artists.csv").unlink()
    bare = read_dataset(tmp_path)
    scores = METHODS["predecessor"](bare, 1)(EVERYONE)
    assert scores == pytest.approx(0.4 * METHODS["jaccard"](bare, 1)(EVERYONE))


def test_popularity_is_the_same_for_everyone(data: Dataset) -> None:
    scores = METHODS["popularity"](data, 1)(EVERYONE)
    assert scores[0].tolist() == [2, 3, 2, 0]
    assert (scores == scores[0]).all()


def test_chance_depends_on_the_seed_only(data: Dataset) -> None:
    one, again = (METHODS["random"](data, 1)(EVERYONE) for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, METHODS["random"](data, 2)(EVERYONE))
    assert not np.array_equal(one[0], one[1])


def test_product_is_the_score_of_the_site(data: Dataset) -> None:
    scores = METHODS["product"](data, 1)(EVERYONE)
    genres = {0: (0, 1), 1: (1,), 2: (2,)}
    known, audio_of_b = {0: [0, 1], 1: [1], 2: [2, 1], 3: []}, [200, 1, 1, 1, 1, 0]
    sound = {0: [150, 0.5, 0.5, 0.5, 0.5, -5], 1: audio_of_b, 2: audio_of_b, 3: None}
    tastes = {
        person: merge_ranks(
            [RankedList("any", "long_term", artists)] if artists else [],
            genres_of=genres,
            audio=sound[person],
        )
        for person, artists in known.items()
    }
    index = build_index(tastes.items(), watermark=0, built_at=datetime.now(UTC))
    board = scan(index.view(), 0)
    assert scores[0, board.person_ids].tolist() == board.similarity.tolist()
    assert scores[0, 1] > scores[0, 3]


def test_artists_without_an_order_weigh_the_same_in_the_product(tmp_path: Path) -> None:
    rows = "".join(f"{person},{artist}\n" for person in "012" for artist in "abc")
    (tmp_path / "user_artists.csv").write_text("user,artist\n" + rows + "3,a\n4,c\n")
    (tmp_path / "friends.csv").write_text("user_a,user_b\n0,1\n")
    scores = METHODS["product"](read_dataset(tmp_path), 1)(np.arange(5))
    assert scores[0, 3] == pytest.approx(scores[0, 4])
