import math
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from matching.engine import ArtistVectors, Columns, Index, Taste, explain, scan
from matching.engine.constants import TYPICAL_REACH
from matching.engine.fit import fit_statistics
from matching.engine.postings import Postings
from matching.engine.ragged import Ragged, find, pointers_of
from matching.engine.rows import Rows, measure
from matching.engine.sparse import product
from matching.engine.statistics import Listeners, Statistics
from matching.engine.vectors import CentredMatrix, fit_vectors


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint32)


def statistics_of(index: Index) -> Statistics:
    return index.statistics.content


def rows_of(index: Index) -> Rows:
    ((segment, _),) = index.segments
    return segment.content.people.rows


def scenes(kit: Any, size: int) -> dict[int, Taste]:
    """Two scenes that share no artist: even people 0..19, odd people 20..39."""
    rng = np.random.default_rng(size)
    return {
        person: kit.taste((rng.permutation(20)[:6] + 20 * (person % 2)).tolist())
        for person in range(size)
    }


def test_listeners_are_counted(kit: Any) -> None:
    index = kit.index({1: kit.taste([4, 6]), 2: kit.taste([6]), 3: Taste.empty})
    statistics = statistics_of(index)
    assert statistics.people == 2
    assert statistics.artists[ids(4, 6, 99)].tolist() == [1, 2, 0]
    expected = [(52 / (n + 1)) ** 0.6 for n in (1, 2, 0)]
    worth = statistics.artist_worth(ids(4, 6, 99))
    assert worth == pytest.approx(expected, abs=0.5 / 1024)
    assert (worth * 1024 % 1).tolist() == [0, 0, 0]
    worth = statistics.genre_worth(ids(4, 99))
    assert worth == pytest.approx([math.log(2) ** 2] * 2, abs=0.5 / 1024)
    assert (worth * 1024 % 1).tolist() == [0, 0]


def test_scattered_ids_are_counted_and_found_alike() -> None:
    """Far apart or close together, the same counts by another way."""
    for top in (300, 4_000_000_000):
        some = np.array([7, top, 7, 12, top, 7], np.uint32)
        listeners = Listeners.of(some)
        assert listeners.ids.tolist() == [7, 12, top]
        assert listeners.counts.tolist() == [3, 1, 2]
    table = np.arange(0, 3_000, 3, dtype=np.uint32)
    wanted = np.random.default_rng(1).integers(0, 4_000, 1 << 18).astype(np.uint32)
    at, known = find(table, wanted)
    assert known.tolist() == np.isin(wanted, table).tolist()
    assert table[at[known]].tolist() == wanted[known].tolist()


def test_the_mean_of_everyone_with_themselves_is_one(kit: Any) -> None:
    oracle = kit.oracle(kit.index(kit.crowd(25, full=False)).view())
    selves = [
        oracle.artists(known, known) for known in oracle.known.values() if known.artists
    ]
    assert sum(selves) / len(selves) == pytest.approx(1, abs=1e-6)


def test_small_communities_lean_on_the_constant(kit: Any) -> None:
    small, large = (statistics_of(kit.index(kit.crowd(size))) for size in (20, 60))
    assert small.median_reach == TYPICAL_REACH
    assert large.people >= 30
    assert large.median_reach != TYPICAL_REACH


def test_vectors_need_two_hundred_people(kit: Any) -> None:
    people = scenes(kit, 240)
    assert len(statistics_of(kit.index(people)).vectors) == 40
    assert len(statistics_of(kit.index(scenes(kit, 199))).vectors) == 0
    for count, artists in ((200, 40), (199, 0)):
        index = kit.index(people, fit_rows=range(count))
        assert len(statistics_of(index).vectors) == artists


def test_a_community_without_vectors_scores_without_them(kit: Any) -> None:
    index = kit.index(scenes(kit, 60))
    assert not rows_of(index).directions[:, :48].any()
    assert {row.kind for row in explain(index.view(), 0, 2).rows} == {"artist", "genre"}


def test_vectors_put_scenes_apart(kit: Any) -> None:
    vectors = statistics_of(kit.index(scenes(kit, 240))).vectors
    assert vectors.steps.dtype == np.int8
    matrix = vectors.of_artists(vectors.ids)
    assert np.linalg.norm(matrix, axis=1) == pytest.approx(np.ones(40), abs=0.03)
    cosines = matrix @ matrix.T
    assert cosines[:20, :20].mean() > cosines[:20, 20:].mean() + 0.05


def test_the_seed_decides_the_bytes(kit: Any) -> None:
    """More artists than directions are asked for, so some strength is left out."""
    people = Columns.of(kit.crowd(320, artists=300).items())
    one, two, other = (
        fit_statistics(people, fit_on=None, seed=seed).vectors.steps.tobytes()
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
    found = fitted.of_artists(fitted.ids)
    assert found @ found.T == pytest.approx(expected @ expected.T, abs=0.03)


def test_everyone_alike_leaves_nothing_to_fit() -> None:
    """Rows that are all the mean have no directions; the fit says so."""
    pointers = pointers_of(np.full(250, 3))
    artists = Ragged(
        pointers,
        np.tile(np.array([4, 6, 9], np.uint32), 250),
        np.tile(np.array([250, 100, 50], np.uint8), 250),
    )
    fitted = fit_vectors(artists, np.ones(750), seed=1)
    assert (np.abs(np.linalg.norm(fitted.steps.astype(float), axis=1) - 127) < 4).all()


def test_a_centred_matrix_multiplies_like_a_dense_one() -> None:
    rng = np.random.default_rng(4)
    dense = rng.random((9, 6)).astype(np.float32) * (rng.random((9, 6)) < 0.5)
    matrix = CentredMatrix.of(sparse.csr_array(dense))
    centred = dense - dense.mean(axis=0)
    right, left = (rng.random((size, 3)).astype(np.float32) for size in (6, 9))
    assert matrix.times(right) == pytest.approx(centred @ right, abs=1e-5)
    assert matrix.transposed_times(left) == pytest.approx(centred.T @ left, abs=1e-5)


def test_a_new_artist_gets_the_mean_of_the_listeners(kit: Any) -> None:
    people = {person: kit.taste([person % 5, 60]) for person in range(10)}
    people |= {50: kit.taste([70]), 51: kit.taste([1])}
    vectors = statistics_of(kit.index(people, vectors=kit.vectors(5))).vectors
    assert vectors.ids.tolist() == [0, 1, 2, 3, 4, 60]
    assert vectors.steps[:5].tolist() == kit.vectors(5).steps.tolist()
    assert np.linalg.norm(vectors.of_artists(ids(60, 70)), axis=1) == pytest.approx(
        [1, 0], abs=0.03
    )


def test_directions_are_whole_steps_of_the_formula(kit: Any) -> None:
    people = kit.crowd(50)
    index = kit.index(people, vectors=kit.vectors())
    statistics, rows = statistics_of(index), rows_of(index)
    vectors = rows.directions[:, :48]
    for row, person in enumerate(rows.person_ids.tolist()):
        taste = people[person]
        if not len(taste):
            assert not vectors[row].any()
            continue
        idf = np.log(statistics.people / statistics.artists[taste.artist_ids])
        artists = statistics.vectors.steps[taste.artist_ids].astype(float)
        raw = (taste.artist_weights * idf) @ artists
        centred = raw / np.linalg.norm(raw) - statistics.taste_mean
        exact = centred / np.linalg.norm(centred)
        assert np.abs(vectors[row] / 127 - exact).max() < 0.51 / 127


def test_audio_is_whole_steps_of_what_is_standardised(kit: Any) -> None:
    people = kit.crowd(50)
    rows = rows_of(kit.index(people))
    known = {p: t.audio for p, t in people.items() if t.audio is not None}
    audio = np.array(list(known.values()), np.float64)
    mean, spread = audio.mean(axis=0), audio.std(axis=0)
    for row, person in enumerate(rows.person_ids.tolist()):
        tones = rows.directions[row, 48:] / 127
        if person not in known:
            assert not tones.any()
            continue
        exact = (known[person] - mean) / spread
        exact /= np.linalg.norm(exact)
        assert np.abs(tones - exact).max() < 0.51 / 127


def test_the_same_audio_everywhere_says_nothing(kit: Any) -> None:
    people = {person: kit.taste([person], audio=kit.audio(1)) for person in range(5)}
    board = scan(kit.index(people).view(), 1)
    assert board.similarity.tolist() == [0, 0, 0, 0]


def test_statistics_come_back_from_files(kit: Any, tmp_path: Any) -> None:
    index: Index = kit.index(kit.crowd(40), vectors=kit.vectors())
    index.save(tmp_path)
    ours, loaded = statistics_of(index), statistics_of(Index.load(tmp_path))
    assert loaded.norm == ours.norm
    assert loaded.median_reach == ours.median_reach
    columns = Columns.of(kit.crowd(11).items())
    measured = [measure(columns, of).directions.tobytes() for of in (ours, loaded)]
    assert measured[0] == measured[1]


@pytest.mark.parametrize("far", [0, 4_000_000_000])
def test_postings_are_the_rows_turned_around(far: int) -> None:
    """Whether ids lie close together or far apart."""
    rows = Ragged(
        np.array([0, 2, 2, 4]),
        ids(3 + far, 8 + far, 3 + far, 9 + far),
        np.array([1, 2, 3, 4], np.uint8),
    )
    postings = Postings.of(rows)
    assert postings.ids.tolist() == [3 + far, 8 + far, 9 + far]
    assert postings.members_of(3 + far).tolist() == [0, 2]
    assert postings.members_of(4 + far).tolist() == []
    members, weights = postings.lists(ids(3 + far))
    assert (members.tolist(), weights.tolist()) == ([0, 2], [1, 3])
    assert rows.take(np.array([2, 1])).ids.tolist() == [3 + far, 9 + far]


def test_a_row_gives_the_same_product_in_any_company() -> None:
    rng = np.random.default_rng(2)
    pointers = pointers_of(rng.integers(0, 6, 50))
    total = int(pointers[-1])
    ragged = Ragged(pointers, np.zeros(total, np.uint32), np.zeros(total, np.uint8))
    columns = rng.integers(0, 30, total)
    values = rng.random(total).astype(np.float32)
    table = rng.random((30, 8)).astype(np.float32)
    whole = product(ragged, columns, values, table)
    assert whole.shape == (50, 8)
    for row in range(50):
        span = ragged.span(row)
        alone = product(ragged.part(row, row + 1), columns[span], values[span], table)
        assert alone.tobytes() == whole[row].tobytes()
    assert ArtistVectors.none().steps.shape == (0, 48)
