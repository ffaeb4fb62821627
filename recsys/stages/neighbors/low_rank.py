"""Far: what all listeners have in common, as the leading factors of the correlation between them.

With rows standardised over the whole catalogue (mean 0, length 1), Z, the correlation of all listeners is C = Z Zᵀ. Its
leading eigenpairs come from a randomised SVD of Z (Halko, Martinsson & Tropp 2011, algorithm 4.4 and 5.1) in which the means
are taken off implicitly, so that Z stays sparse: no listeners × listeners and no listeners × tracks array exists.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Flags, Floats, Ints, Offsets, pattern
from recsys.stages.neighbors.kernels.dense import eigen, gram, product
from recsys.stages.neighbors.kernels.sparse import sparse_product

_TASKS = 8
"""Blocks of rows per thread."""
_ROWS = 8192
"""Rows worked on at once where a whole array more would be large."""
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
        product = self.weights @ right
        self.centre(product, right.sum(axis=0))
        return product

    def centre(self, product: Floats, sums: Floats, first: int = 0) -> None:
        """Makes Z · right of the rows from ``first`` on of weights · right; ``sums`` are those of the columns of ``right``."""
        part = slice(first, first + len(product))
        product -= np.outer(self.mean[part], sums)
        product *= self.scale[part, None]

    def transposed_times(self, left: Floats, threads: int = 1) -> Floats:
        """Zᵀ · left, (tracks, k)."""
        return Products(self, threads).up(left)


class Products:
    """Products of Z with a few columns, again and again. Threads share the rows of the result, so they change no bit of it."""

    def __init__(self, rows: Standardised, threads: int) -> None:
        self._rows, self._threads = rows, threads

    def down(self, right: Floats) -> Floats:
        """Z · right, (listeners, k)."""
        sums = right.sum(axis=0)
        ones = np.ones(len(right))
        return self._filled(self._by_listener, right, ones, lambda block, first: self._rows.centre(block, sums, first))

    def up(self, left: Floats) -> Floats:
        """Zᵀ · left, (tracks, k)."""
        means = _weighted_sums(self._rows.mean, left, self._rows.scale)
        return self._filled(self._by_track, left, self._rows.scale, lambda block, _: np.subtract(block, means, out=block))

    @cached_property
    def _by_listener(self) -> _Entries:
        return _entries(self._rows.weights)

    @cached_property
    def _by_track(self) -> _Entries:
        return _entries(self._rows.weights.T.tocsr())

    def _filled(self, entries: _Entries, right: Floats, scale: Floats, finish: Callable[[Floats, int], object]) -> Floats:
        """The product with the scaled rows of ``right``, block by block, each finished in its place: no second copy of either."""
        right = np.ascontiguousarray(right)
        out = np.empty((len(entries[0]) - 1, right.shape[1]))
        bounds = np.linspace(0, len(out), (_TASKS * self._threads if self._threads > 1 else 1) + 1).astype(int)

        def fill(first: int, last: int) -> None:
            sparse_product(entries, right, scale, first, out[first:last])
            finish(out[first:last], first)

        with ThreadPoolExecutor(self._threads) as workers:
            list(workers.map(fill, bounds[:-1], bounds[1:]))
        return out


_Entries = tuple[Offsets, Ints, Floats]
"""A sparse matrix as the kernel reads it."""


def _entries(matrix: csr_array) -> _Entries:
    return *pattern(matrix), matrix.data.astype(np.float64, copy=False)


def _weighted_sums(weights: Floats, columns: Floats, scale: Floats) -> Floats:
    """Σ weight × scaled row, (k,), added row after row as ``(weights[:, None] * rows).sum(axis=0)`` is, a block at a time."""
    total = np.zeros(columns.shape[1])
    for first in range(0, len(columns), _ROWS):
        rows = slice(first, first + _ROWS)
        part = columns[rows] * scale[rows, None]
        part *= weights[rows, None]
        part[0] += total
        total = part.sum(axis=0)
    return total


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
    basis = _orthonormal(passes.down(random.standard_normal((items, width))), threads)
    for _ in range(PASSES):
        wide = passes.up(basis)
        del basis  # before the next is made: each is as large as several columns of ratings
        basis = passes.down(wide)
        del wide
        basis = _orthonormal(basis, threads)
    # the last step on the side of the tracks (Rayleigh-Ritz): the vectors are then linear in the rows to the last bit
    right = _orthonormal(passes.up(basis), threads)
    del basis
    values, inner = eigen(gram(passes.down(right)))
    kept = values[:rank] > RANK_NOISE * max(values.max(initial=0.0), RANK_NOISE)
    values = values[:rank][kept]
    tracks = _times(right, inner[:, :rank][:, kept] / np.sqrt(values), threads)
    vectors = passes.down(tracks)
    sign = _signs(vectors)
    vectors *= sign
    return Factors(vectors, values, tracks * sign)


def _orthonormal(columns: Floats, threads: int) -> Floats:
    """A basis of the columns' span, by two rounds of Gram matrix and eigenvectors; ``columns`` is used up."""
    for _ in range(2):
        values, vectors = eigen(gram(columns))
        kept = values > RANK_NOISE * max(values.max(initial=0.0), np.finfo(float).tiny)
        columns = _times(columns, vectors[:, kept] / np.sqrt(values[kept]), threads)
    return columns


def _times(left: Floats, right: Floats, threads: int) -> Floats:
    """``left`` · ``right``, in the place of ``left`` where it is as wide: a row of the product is made of the same row alone."""
    right, square = np.ascontiguousarray(right), right.shape[0] == right.shape[1]
    out = left if square else np.empty((len(left), right.shape[1]))

    def fill(first: int) -> None:
        part = slice(first, first + _ROWS)
        product(left[part].copy() if square else left[part], right, out[part])

    with ThreadPoolExecutor(threads) as workers:
        list(workers.map(fill, range(0, len(left), _ROWS)))
    return out


def _signs(vectors: Floats) -> Floats:
    """Per column 1 or −1, so that its entry of greatest magnitude becomes positive: eigenvectors have no sign of their own."""
    if not vectors.size:
        return np.ones(vectors.shape[1])
    peak = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None, :], axis=0)[0]
    return np.where(peak < 0.0, -1.0, 1.0)
