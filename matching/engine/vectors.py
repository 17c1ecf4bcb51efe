"""Artist vectors: a truncated singular value decomposition of people × artists.

Seeded randomised subspace iteration (Halko, Martinsson and Tropp, 2011, algorithm 4.4)
over sparse rows, so that nothing of the size people × artists is ever held.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Doubles, Floats, Ids, Whole
from matching.engine.constants import DIMENSIONS, POWER_ITERATIONS, SPARE_DIMENSIONS
from matching.engine.ragged import Ragged, find, pointers_of, weighted_sums
from matching.engine.rows import inverse, lengths
from matching.engine.statistics import ArtistVectors


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse matrix by rows: row i has its entries at pointers[i]:pointers[i + 1]."""

    pointers: Whole
    columns: Whole
    values: Floats

    def __matmul__(self, matrix: Floats) -> Floats:
        return weighted_sums(self.pointers, self.columns, self.values, matrix)

    def transposed(self, width: int) -> Self:
        order = np.argsort(self.columns, kind="stable")
        rows = np.repeat(np.arange(len(self.pointers) - 1), np.diff(self.pointers))
        counts = np.bincount(self.columns, minlength=width)
        return type(self)(pointers_of(counts), rows[order], self.values[order])


@dataclass(frozen=True, slots=True)
class CentredMatrix:
    """People × artists minus the column means, which are never subtracted in memory."""

    by_person: Sparse
    by_artist: Sparse
    mean: Floats

    @classmethod
    def of(cls, by_person: Sparse, artists: int) -> Self:
        people = len(by_person.pointers) - 1
        mean = np.bincount(by_person.columns, by_person.values, artists) / people
        return cls(by_person, by_person.transposed(artists), mean.astype(np.float32))

    def times(self, matrix: Floats) -> Floats:
        """Multiply with float32[artists, width] from the right."""
        product = self.by_person @ matrix
        product -= self.mean @ matrix
        return product

    def transposed_times(self, matrix: Floats) -> Floats:
        """Multiply the transposed matrix with float32[people, width]."""
        product = self.by_artist @ matrix
        product -= np.outer(self.mean, matrix.sum(axis=0))
        return product

    def range_basis(self, width: int, *, seed: int) -> Floats:
        """Find an orthonormal basis, float32[artists, width], of the top directions."""
        generator = np.random.default_rng(seed)
        basis = generator.standard_normal((len(self.mean), width), np.float32)
        for _ in range(POWER_ITERATIONS):
            people = np.linalg.qr(self.times(basis)).Q
            del basis
            basis = np.linalg.qr(self.transposed_times(people)).Q
        return basis


def fit_vectors(artists: Ragged, idf: Doubles, *, seed: int) -> ArtistVectors:
    """Fit a direction of 64 numbers for each artist of these people.

    artists are the rows of the people in the fit, idf is ln(N / n_a) of each entry.
    Rows of w · ln(N / n_a) are made unit and centred; an artist's direction is its row
    of V · Σ, made unit. The sign of each dimension is fixed, so equal input gives equal
    bytes.
    """
    scale = inverse(lengths(artists, idf))
    values = (artists.weights * idf * scale[artists.rows()]).astype(np.float32)
    ids, columns = np.unique(artists.ids, return_inverse=True)
    by_person = Sparse(artists.pointers, columns.astype(np.int64), values)
    matrix = CentredMatrix.of(by_person, len(ids))
    width = min(DIMENSIONS + SPARE_DIMENSIONS, len(ids), len(artists))
    basis = matrix.range_basis(width, seed=seed)
    _, strengths, turns = np.linalg.svd(matrix.times(basis), full_matrices=False)
    turned = (turns[:DIMENSIONS] * strengths[:DIMENSIONS, None]).T
    kept = np.zeros((len(ids), DIMENSIONS), np.float32)
    np.matmul(basis, turned, out=kept[:, : turned.shape[1]])
    peaks = kept[np.abs(kept).argmax(axis=0), np.arange(DIMENSIONS)]
    kept *= np.where(peaks < 0, -1, 1).astype(np.float32)
    return _without_zeros(ids, kept)


def mean_vectors(missing: Ids, artists: Ragged, directions: Doubles) -> ArtistVectors:
    """Give artists without a direction that of the mean of their listeners.

    directions is float64[n, 64], one row for each person of artists; an artist none of
    whose listeners has one is left out.
    """
    at, wanted = find(missing, artists.ids)
    order = np.argsort(at[wanted], kind="stable")
    people = artists.rows()[wanted][order]
    pointers = pointers_of(np.bincount(at[wanted], minlength=len(missing)))
    ones = np.ones(len(people), np.float32)
    sums = weighted_sums(pointers, people, ones, directions.astype(np.float32))
    return _without_zeros(missing, sums)


def _without_zeros(ids: Ids, matrix: Floats) -> ArtistVectors:
    filled = matrix.any(axis=1)
    kept = matrix[filled]
    kept /= np.sqrt(np.einsum("ij,ij->i", kept, kept))[:, None]
    return ArtistVectors(ids[filled], kept)
