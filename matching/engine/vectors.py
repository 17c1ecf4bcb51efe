"""Artist vectors: a truncated singular value decomposition of people × artists.

Seeded randomised subspace iteration (Halko, Martinsson and Tropp, 2011, algorithm 4.4)
over sparse rows, so that nothing of the size people × artists is ever held.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from matching.engine.arrays import Doubles, Floats
from matching.engine.constants import DIMENSIONS, POWER_ITERATIONS, SPARE_DIMENSIONS
from matching.engine.ragged import Ragged
from matching.engine.rows import inverse
from matching.engine.statistics import ArtistVectors


@dataclass(frozen=True, slots=True)
class CentredMatrix:
    """People × artists minus the column means, which are never subtracted in memory."""

    by_person: Any
    by_artist: Any
    mean: Floats

    @classmethod
    def of(cls, by_person: Any) -> Self:
        mean = np.asarray(by_person.mean(axis=0), np.float32)
        return cls(by_person, by_person.T.tocsr(), mean)

    def times(self, matrix: Floats) -> Floats:
        """Multiply with float32[artists, width] from the right."""
        product: Floats = self.by_person @ matrix
        product -= self.mean @ matrix
        return product

    def transposed_times(self, matrix: Floats) -> Floats:
        """Multiply the transposed matrix with float32[people, width]."""
        product: Floats = self.by_artist @ matrix
        product -= np.outer(self.mean, matrix.sum(axis=0))
        return product

    def range_basis(self, width: int, *, seed: int) -> Floats:
        """Find an orthonormal basis, float32[artists, width], of the top directions."""
        generator = np.random.default_rng(seed)
        basis = generator.standard_normal((len(self.mean), width), np.float32)
        for _ in range(POWER_ITERATIONS):
            people = _orthonormal(self.times(basis))
            basis = _orthonormal(self.transposed_times(people))
        return basis


def _orthonormal(matrix: Floats) -> Floats:
    """Turn the columns of a tall matrix into an orthonormal basis of their span.

    By the eigenvectors of its small Gram matrix in float64, which for tens of columns
    takes a tenth of the time of Householder's way. A column without strength of its own
    becomes zero.
    """
    wide = matrix.astype(np.float64)
    strengths, turns = np.linalg.eigh(wide.T @ wide)
    kept = strengths > strengths[-1] * 1e-12
    scale = np.where(kept, 1.0 / np.sqrt(np.where(kept, strengths, 1.0)), 0.0)
    return np.asarray(wide @ (turns * scale), np.float32)


def fit_vectors(artists: Ragged, idf: Doubles, *, seed: int) -> ArtistVectors:
    """Fit a direction of 48 numbers for each artist of these people.

    artists are the rows of the people in the fit, idf is ln(N / n_a) of each entry.
    Rows of w · ln(N / n_a) are made unit and centred; an artist's direction is its row
    of V · Σ, made unit. The sign of each dimension is fixed, so equal input gives equal
    bytes.
    """
    worth = artists.weights * idf
    scale = inverse(np.sqrt(artists.sums(np.square(worth))))
    values = (worth * scale[artists.rows()]).astype(np.float32)
    ids, columns = np.unique(artists.ids, return_inverse=True)
    shape = (len(artists), len(ids))
    cells = (values, columns.astype(np.int32), artists.pointers)
    matrix = CentredMatrix.of(sparse.csr_array(cells, shape=shape))
    width = min(DIMENSIONS + SPARE_DIMENSIONS, *shape)
    basis = matrix.range_basis(width, seed=seed)
    _, strengths, turns = np.linalg.svd(matrix.times(basis), full_matrices=False)
    turned = (turns[:DIMENSIONS] * strengths[:DIMENSIONS, None]).T
    kept = np.zeros((len(ids), DIMENSIONS), np.float32)
    np.matmul(basis, turned, out=kept[:, : turned.shape[1]])
    peaks = kept[np.abs(kept).argmax(axis=0), np.arange(DIMENSIONS)]
    kept *= np.where(peaks < 0, -1, 1).astype(np.float32)
    return ArtistVectors.of(ids, kept)
