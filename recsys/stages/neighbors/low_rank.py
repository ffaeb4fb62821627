"""Far: what all listeners have in common, as the leading factors of the correlation between them.

With rows standardised over the whole catalogue (mean 0, length 1), Z, the correlation of all listeners is C = Z Zᵀ. Its
leading eigenpairs come from a randomised SVD of Z (Halko, Martinsson & Tropp 2011, algorithm 4.4 and 5.1) in which the means
are taken off implicitly, so that Z stays sparse: no listeners × listeners and no listeners × tracks array exists.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Flags, Floats
from recsys.stages.neighbors.kernels.dense import eigen, gram, product

_TASKS = 8
"""Blocks of rows per thread."""
OVERSAMPLING = 10
"""Directions tried beyond the wanted ones (Halko et al., section 4.2)."""
PASSES = 4
"""Power iterations: each sharpens the gap between wanted and unwanted directions."""
VARIANCE_NOISE = 1e-12
"""A listener whose ratings differ by no more than this share of the greatest rated everything alike."""
RANK_NOISE = 1e-10
"""A direction this much weaker than the strongest is rounding noise."""


class Factors(NamedTuple):
    """Leading eigenpairs of the correlation between listeners: ``vectors`` (listeners, r) with columns of length 1, and
    ``values`` (r,) ≥ 0, greatest first. r may be smaller than asked, down to 0, when the data have fewer directions.

    ``vectors`` = Z · ``tracks`` (tracks, r), row by row: what a listener's vector is made of, fitted or new.
    """

    vectors: Floats
    values: Floats
    tracks: Floats

    def leading(self, rank: int) -> Factors:
        """The ``rank`` of greatest value, or all where there are fewer."""
        if rank >= len(self.values):
            return self
        vectors, values, tracks = (np.ascontiguousarray(part[..., :rank]) for part in self)
        return Factors(vectors, values, tracks)


class Standardised(NamedTuple):
    """Z in parts: ``weights`` (listeners × tracks, sparse), of which each row loses ``mean`` and is multiplied by ``scale``.

    ``scale`` is 0 for a listener without variance, whose row of Z is 0.
    """

    weights: csr_array
    mean: Floats
    scale: Floats

    @property
    def varied(self) -> Flags:
        """(listeners,) whether a listener's ratings differ at all."""
        return self.scale > 0.0

    def part(self, first: int, last: int) -> Standardised:
        """The rows ``first`` (inclusive) to ``last`` (exclusive)."""
        return Standardised(self.weights[first:last], self.mean[first:last], self.scale[first:last])

    def times(self, right: Floats) -> Floats:
        """Z · right, (listeners, k); row by row the bits of :meth:`Products.down`."""
        return Products.centred(self.weights @ right, self, right)

    def transposed_times(self, left: Floats) -> Floats:
        """Zᵀ · left, (tracks, k)."""
        return Products(self, 1).up(left)


class Products:
    """Products of Z with a few columns, again and again. Threads share the rows of the result, so they change no bit of it."""

    def __init__(self, rows: Standardised, threads: int) -> None:
        self._rows, self._scale, self._threads = rows, rows.scale[:, None], threads
        self._down, self._up = self._blocks(rows.weights), self._blocks(rows.weights.T.tocsr())

    def down(self, right: Floats) -> Floats:
        """Z · right, (listeners, k)."""
        return self.centred(self._product(self._down, right), self._rows, right)

    @staticmethod
    def centred(product: Floats, rows: Standardised, right: Floats) -> Floats:
        """The product of Z from that of its sparse weights."""
        return np.asarray((product - np.outer(rows.mean, right.sum(axis=0))) * rows.scale[:, None])

    def up(self, left: Floats) -> Floats:
        """Zᵀ · left, (tracks, k)."""
        scaled = left * self._scale
        return self._product(self._up, scaled) - (self._rows.mean[:, None] * scaled).sum(axis=0)

    def _blocks(self, matrix: csr_array) -> list[csr_array]:
        bounds = np.linspace(0, matrix.shape[0], (_TASKS * self._threads if self._threads > 1 else 1) + 1).astype(int)
        return [_rows_of(matrix, first, last) for first, last in pairwise(bounds)]

    def _product(self, blocks: list[csr_array], right: Floats) -> Floats:
        with ThreadPoolExecutor(self._threads) as workers:
            return np.concatenate(list(workers.map(lambda block: block @ right, blocks)))


def standardised(weights: csr_array) -> Standardised:
    """Rows of length 1 and mean 0 over all tracks, a missing entry counting as 0."""
    users, items = weights.shape
    filled = np.diff(weights.indptr)
    total = np.asarray(weights.sum(axis=1), np.float64).ravel()
    mean = total / max(items, 1)
    apart = csr_array((np.square(weights.data - np.repeat(mean, filled)), weights.indices, weights.indptr), shape=weights.shape)
    squares = np.asarray(apart.sum(axis=1)).ravel() + (items - filled) * mean**2
    largest = np.asarray(abs(weights).max(axis=1).toarray()).ravel() if items else np.zeros(users)
    varied = squares > items * np.square(VARIANCE_NOISE * largest)
    scale = np.divide(1.0, np.sqrt(squares), out=np.zeros(users), where=varied)
    return Standardised(weights, mean, scale)


def factors(rows: Standardised, rank: int, seed: int = 0, threads: int = 1) -> Factors:
    """The ``rank`` leading eigenpairs of C = Z Zᵀ; the same bits for the same seed and any ``threads``. ``rank`` = 0: none."""
    users, items = rows.weights.shape
    width = min(rank + OVERSAMPLING, users, items)
    if rank < 1 or width < 1:
        return Factors(np.zeros((users, 0)), np.zeros(0), np.zeros((items, 0)))
    random = np.random.Generator(np.random.PCG64(seed))
    passes = Products(rows, threads)
    basis = _orthonormal(passes.down(random.standard_normal((items, width))))
    for _ in range(PASSES):
        basis = _orthonormal(passes.down(passes.up(basis)))
    # the last step on the side of the tracks (Rayleigh-Ritz): the vectors are then linear in the rows to the last bit
    right = _orthonormal(passes.up(basis))
    values, inner = eigen(gram(passes.down(right)))
    kept = values[:rank] > RANK_NOISE * max(values.max(initial=0.0), RANK_NOISE)
    values = values[:rank][kept]
    tracks = _times(right, inner[:, :rank][:, kept] / np.sqrt(values))
    vectors = passes.down(tracks)
    sign = _signs(vectors)
    return Factors(vectors * sign, values, tracks * sign)


def _rows_of(matrix: csr_array, first: int, last: int) -> csr_array:
    """Rows ``first`` … ``last`` − 1, which share the matrix's memory: a slice of SciPy's copies them."""
    begin, end = matrix.indptr[first], matrix.indptr[last]
    part = matrix.data[begin:end], matrix.indices[begin:end], matrix.indptr[first : last + 1] - begin
    return csr_array(part, shape=(last - first, matrix.shape[1]))


def _orthonormal(columns: Floats) -> Floats:
    """A basis of the columns' span, by two rounds of Gram matrix and eigenvectors."""
    for _ in range(2):
        values, vectors = eigen(gram(columns))
        kept = values > RANK_NOISE * max(values.max(initial=0.0), np.finfo(float).tiny)
        columns = _times(columns, vectors[:, kept] / np.sqrt(values[kept]))
    return columns


def _times(left: Floats, right: Floats) -> Floats:
    out = np.empty((left.shape[0], right.shape[1]))
    product(np.ascontiguousarray(left), np.ascontiguousarray(right), out)
    return out


def _signs(vectors: Floats) -> Floats:
    """Per column 1 or −1, so that its entry of greatest magnitude becomes positive: eigenvectors have no sign of their own."""
    if not vectors.size:
        return np.ones(vectors.shape[1])
    peak = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None, :], axis=0)[0]
    return np.where(peak < 0.0, -1.0, 1.0)
