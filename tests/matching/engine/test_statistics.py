import math
from typing import Any

import numpy as np
import pytest

from matching.engine import ArtistVectors, Index, Taste, explain, scan
from matching.engine.columns import Columns
from matching.engine.constants import TYPICAL_REACH
from matching.engine.fit import fit_statistics
from matching.engine.ragged import Postings, Ragged, weighted_sums
from matching.engine.rows import measure
from matching.engine.vectors import CentredMatrix, Sparse, fit_vectors


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint32)


def scenes(kit: Any, size: int) -> dict[int, Taste]:
    """Two scenes that share no artist: even people 0..19, odd people 20..39."""
    rng = np.random.default_rng(size)
    return {
        person: kit.taste((rng.permutation(20)[:6] + 20 * (person % 2)).tolist())
        for person in range(size)
    }


def test_listeners_are_counted(kit: Any) -> None:
    index = kit.index({1: kit.taste([4, 6]), 2: kit.taste([6]), 3: Taste.empty})
    statistics = index.statistics
    assert statistics.people == 2
    assert statistics.artists[ids(4, 6, 99)].tolist() == [1, 2, 0]
    expected = [(52 / (n + 1)) ** 0.3 for n in (1, 2, 0)]
    assert statistics.rarity(ids(4, 6, 99)) == pytest.approx(expected)
    assert statistics.genre_idf(ids(4, 99)) == pytest.approx([math.log(2)] * 2)


def test_the_mean_of_everyone_with_themselves_is_one(kit: Any) -> None:
    view = kit.index(kit.crowd(25, full=False)).view()
    oracle = kit.oracle(view)
    selves = [
        sum(x * x for x in known.x.values())
        for known in oracle.known.values()
        if known.x
    ]
    assert sum(selves) / len(selves) == pytest.approx(1)


def test_small_communities_lean_on_the_constant(kit: Any) -> None:
    small, large = kit.index(kit.crowd(20)), kit.index(kit.crowd(60))
    assert small.statistics.median_reach == TYPICAL_REACH
    assert large.statistics.people >= 30
    assert large.statistics.median_reach != TYPICAL_REACH


def test_vectors_need_two_hundred_people(kit: Any) -> None:
    people = scenes(kit, 240)
    assert len(kit.index(people).statistics.vectors) == 40
    assert len(kit.index(scenes(kit, 199)).statistics.vectors) == 0
    assert len(kit.index(people, fit_rows=range(200)).statistics.vectors) == 40
    assert len(kit.index(people, fit_rows=range(199)).statistics.vectors) == 0


def test_a_community_without_vectors_scores_without_them(kit: Any) -> None:
    index = kit.index(scenes(kit, 60))
    assert not index.content.segment.rows.vectors.any()
    assert {row.kind for row in explain(index.view(), 0, 2).rows} == {"artist", "genre"}


def test_vectors_put_scenes_apart(kit: Any) -> None:
    vectors = kit.index(scenes(kit, 240)).statistics.vectors
    assert vectors.matrix.dtype == np.float32
    lengths = np.linalg.norm(vectors.matrix, axis=1)
    assert lengths == pytest.approx(np.ones(40), abs=1e-5)
    cosines = vectors.matrix @ vectors.matrix.T
    assert cosines[:20, :20].mean() > cosines[:20, 20:].mean() + 0.05


def test_the_seed_decides_the_bytes(kit: Any) -> None:
    people = Columns.of(scenes(kit, 240).items())
    one, two, other = (
        fit_statistics(people, fit_on=None, seed=seed).vectors.matrix.tobytes()
        for seed in (7, 7, 8)
    )
    assert one == two
    assert one != other


def test_the_fit_equals_a_dense_decomposition() -> None:
    rng = np.random.default_rng(3)
    dense = rng.integers(1, 250, (30, 12)) * (rng.random((30, 12)) < 0.5)
    rows, columns = np.nonzero(dense)
    pointers = np.searchsorted(rows, np.arange(31))
    weights = dense[rows, columns].astype(np.uint8)
    artists = Ragged(pointers, columns.astype(np.uint32), weights)
    fitted = fit_vectors(artists, np.ones(len(columns)), seed=1)
    lengths = np.linalg.norm(dense, axis=1)[:, None]
    exact = dense / np.where(lengths > 0, lengths, 1)
    exact = exact - exact.mean(axis=0)
    loads = np.linalg.svd(exact, full_matrices=False)
    expected = loads.Vh.T * loads.S
    expected /= np.linalg.norm(expected, axis=1)[:, None]
    cosines = fitted.matrix @ fitted.matrix.T
    assert cosines == pytest.approx(expected @ expected.T, abs=1e-3)


def test_a_centred_matrix_multiplies_like_a_dense_one() -> None:
    rng = np.random.default_rng(4)
    dense = rng.random((9, 6)).astype(np.float32) * (rng.random((9, 6)) < 0.5)
    rows, columns = np.nonzero(dense)
    pointers = np.searchsorted(rows, np.arange(10))
    matrix = CentredMatrix.of(Sparse(pointers, columns, dense[rows, columns]), 6)
    centred = dense - dense.mean(axis=0)
    right, left = (rng.random((size, 3)).astype(np.float32) for size in (6, 9))
    assert matrix.times(right) == pytest.approx(centred @ right, abs=1e-5)
    assert matrix.transposed_times(left) == pytest.approx(centred.T @ left, abs=1e-5)


def test_a_new_artist_gets_the_mean_of_the_listeners(kit: Any) -> None:
    people = {person: kit.taste([person % 5, 60]) for person in range(10)}
    people |= {50: kit.taste([70]), 51: kit.taste([1])}
    statistics = kit.index(people, vectors=kit.vectors(5)).statistics
    assert statistics.vectors.ids.tolist() == [0, 1, 2, 3, 4, 60]
    assert statistics.vectors.matrix[:5] == pytest.approx(kit.vectors(5).matrix)
    assert np.linalg.norm(statistics.vectors.matrix[5]) == pytest.approx(1, abs=1e-5)


def test_directions_are_whole_steps_of_the_formula(kit: Any) -> None:
    people = kit.crowd(50)
    index = kit.index(people, vectors=kit.vectors())
    statistics, rows = index.statistics, index.content.segment.rows
    for row, person in enumerate(rows.person_ids.tolist()):
        taste = people[person]
        if not len(taste):
            assert not rows.vectors[row].any()
            continue
        idf = np.log(statistics.people / statistics.artists[taste.artist_ids])
        raw = (taste.artist_weights * idf) @ statistics.vectors.matrix[taste.artist_ids]
        centred = raw / np.linalg.norm(raw) - statistics.taste_mean
        exact = centred / np.linalg.norm(centred)
        assert np.abs(rows.vectors[row] / 2048 - exact).max() < 0.6 / 2048


def test_the_same_audio_everywhere_says_nothing(kit: Any) -> None:
    people = {person: kit.taste([person], audio=kit.audio(1)) for person in range(5)}
    board = scan(kit.index(people).view(), 1)
    assert board.similarity.tolist() == [0, 0, 0, 0]


def test_statistics_come_back_from_files(kit: Any, tmp_path: Any) -> None:
    index: Index = kit.index(kit.crowd(40), vectors=kit.vectors())
    index.save(tmp_path)
    statistics = Index.load(tmp_path).statistics
    assert statistics.norm == index.statistics.norm
    assert statistics.median_reach == index.statistics.median_reach
    columns = Columns.of(kit.crowd(11).items())
    ours, loaded = measure(columns, index.statistics), measure(columns, statistics)
    assert ours.vectors.tobytes() == loaded.vectors.tobytes()


def test_postings_are_the_rows_turned_around() -> None:
    rows = Ragged(
        np.array([0, 2, 2, 4]), ids(3, 8, 3, 9), np.array([1, 2, 3, 4], np.uint8)
    )
    postings = Postings.of(rows)
    assert postings.ids.tolist() == [3, 8, 9]
    assert postings.members_of(3).tolist() == [0, 2]
    assert postings.members_of(4).tolist() == []
    assert rows.take(np.array([2, 1])).ids.tolist() == [3, 9]


def test_blocks_do_not_change_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    pointers = np.concatenate([[0], np.cumsum(rng.integers(0, 6, 50))])
    columns = rng.integers(0, 30, pointers[-1])
    values = rng.random(pointers[-1]).astype(np.float32)
    matrix = rng.random((30, 8)).astype(np.float32)
    whole = weighted_sums(pointers, columns, values, matrix)
    monkeypatch.setattr("matching.engine.ragged.MEMORY_BUDGET", 256)
    assert weighted_sums(pointers, columns, values, matrix).tobytes() == whole.tobytes()
    assert whole.shape == (50, 8)
    assert ArtistVectors.none().matrix.shape == (0, 64)
