"""What a vector database would do: 128 numbers per person, searched with faiss.

The numbers are a truncated singular value decomposition of the artist part of the
score, x, fitted on some of the people and made unit: of the ways tried (random
projections, without unit length, scaled as the score is) this finds the most of our
boards. Searching them is approximate even where faiss is exact.
"""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from matching.bench.synthetic import Block, rank_weights
from matching.engine.arrays import Doubles, Floats, Whole

DIMENSIONS = 128
NEIGHBOURS, EF_CONSTRUCTION, EF_SEARCH = 32, 40, 128
_FIT_PEOPLE = 20_000
_BUILD_THREADS = 2


class FaissMissing(ImportError):
    """The faiss package is not installed."""

    def __str__(self) -> str:
        return (
            "faiss is not installed, so the times beside it are left out."
            " The tools for development bring it: pip install faiss-cpu."
        )


def load_faiss() -> Any:
    """Import faiss with one thread; raise :class:`FaissMissing` without it."""
    try:
        faiss = importlib.import_module("faiss")
    except ImportError as error:
        raise FaissMissing from error
    faiss.omp_set_num_threads(1)
    return faiss


def embed(blocks: Sequence[Block], listeners: Whole, *, seed: int) -> Floats:
    """Give everyone 128 numbers: float32[n, 128], person i + 1 in row i, unit."""
    people = sum(len(block) for block in blocks)
    rarity = ((people + 50) / (listeners + 1)) ** 0.3
    basis = _basis(blocks, rarity, seed)
    matrix = np.empty((people, DIMENSIONS), np.float32)
    for block in blocks:
        rows = slice(int(block.person_ids[0]) - 1, int(block.person_ids[-1]))
        matrix[rows] = _parts(block, rarity) @ basis
    lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
    matrix /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
    return matrix


def _parts(block: Block, rarity: Doubles) -> sparse.csr_array:
    """The artist part of the score, x, but for a constant: float32[people, artists]."""
    lengths = np.diff(block.pointers)
    ranks = np.arange(len(block.artist_ids)) - np.repeat(block.pointers[:-1], lengths)
    weights = rank_weights().astype(np.float64)
    norms = np.sqrt(np.cumsum(np.square(weights)))[lengths - 1]
    values = weights[ranks] * rarity[block.artist_ids] / np.repeat(norms, lengths)
    shape = len(block), len(rarity)
    return sparse.csr_array(
        (values.astype(np.float32), block.artist_ids, block.pointers), shape
    )


def _basis(blocks: Sequence[Block], rarity: Doubles, seed: int) -> Floats:
    """Fit 128 directions of artists: float32[artists, 128]."""
    wanted = -(-_FIT_PEOPLE // len(blocks[0]))
    fit_on = sparse.vstack([_parts(block, rarity) for block in blocks[:wanted]])
    heard = np.flatnonzero(fit_on.sum(axis=0))
    most = min(DIMENSIONS, min(fit_on.shape[0], len(heard)) - 1)
    columns = fit_on.tocsc()[:, heard]
    _, _, directions = svds(columns, k=most, random_state=seed)
    basis = np.zeros((len(rarity), DIMENSIONS), np.float32)
    basis[heard, :most] = directions.T
    return basis


def flat(faiss: Any, matrix: Floats) -> Any:
    """An index that looks at everyone."""
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(matrix)
    return index


def hnsw(faiss: Any, matrix: Floats) -> Any:
    """An index that follows a graph; built with two threads, searched with one."""
    index = faiss.IndexHNSWFlat(matrix.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    index.hnsw.efSearch = EF_SEARCH
    faiss.omp_set_num_threads(_BUILD_THREADS)
    index.add(matrix)
    faiss.omp_set_num_threads(1)
    return index


def found(index: Any, query: Floats, count: int) -> Whole:
    """The people an index finds for one row, closest first; oneself among them."""
    _, rows = index.search(query[None, :], count + 1)
    return np.asarray(rows[0], np.int64) + 1
