"""Near: the listeners most like a listener, and how much each one's opinion weighs, beside what all have in common.

The ridge regression of one listener on all others needs P = (C + λI)⁻¹, C the correlation between all listeners. With C = Q
diag(d) Qᵀ + R, Q the leading factors (:mod:`.low_rank`), P is Q diag(1 / (d + λ)) Qᵀ plus (R + λI)⁻¹ on what Q leaves over.
The second part is local, so it is solved among the nearest listeners alone. How much near and low rank count is thus not a
choice: it follows from how much of the correlation the factors hold. With every listener near or every factor kept, it is
exact.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from recsys.matrices.arrays import Flags, Floats, Ints, pattern
from recsys.stages.neighbors.kernels.interpolation import NeighborRows, interpolate
from recsys.stages.neighbors.kernels.sparse import sparse_product
from recsys.stages.neighbors.low_rank import Factors, Standardised
from recsys.stages.neighbors.search.nearest import nearest_blocks
from recsys.stages.neighbors.search.search import Nearest

_TASKS = 8
"""Blocks of listeners per thread."""
_BLOCK = 8192
"""Listeners whose pools of neighbours are in memory at once."""


class Near(NamedTuple):
    """Neighbours and factor weights of n listeners: a predicted vote is weight · their votes + low_rank · the factors' votes.

    ``indices`` (n, kept): neighbours in ascending index, −1 for none; ``similarity`` their correlation over the catalogue,
    (0, 1]; ``overlap`` tracks both rated; ``weight`` of a vote. ``low_rank`` (n, r): weight of each factor's votes Qᵀ · votes.
    ``explained`` (n,) in 0–1: share of the listener's ratings that the others explain, the evidence behind the prediction.
    ``gain``, ``shrinkage`` (n,): with w the local weights and q the listener's vector, weight = gain · w and
    low_rank = gain · (q − Σ w Q_N) − shrinkage · q / (d + λ); w and q are linear in the listener's ratings.
    """

    indices: Ints
    similarity: Floats
    overlap: Ints
    weight: Floats
    low_rank: Floats
    explained: Floats
    gain: Floats
    shrinkage: Floats

    def part(self, first: int, last: int) -> Near:
        """The listeners ``first`` (inclusive) to ``last`` (exclusive)."""
        columns: list[Any] = [column[first:last] for column in self]
        return Near(*columns)


class OwnRatings(NamedTuple):
    """Of n listeners: ``vectors`` (n, r) in the factors' space, whether the ratings are ``varied``, and whether each is in the
    ``fitted`` rows, so that the regression leaves the listener out.
    """

    vectors: Floats
    varied: Flags
    fitted: Flags


def fit_near(
    ratings: Standardised, factors: Factors, *, pool: int, kept: int, ridge: float, threads: int = 1,
    last: int | None = None,
) -> Near:  # fmt: skip
    """Neighbours of the listeners up to ``last`` (exclusive; none = all), whose pools are in memory a block at a time.

    Of the ``pool`` most similar listeners, the ``kept`` that
    the factors explain least take part. ``ridge`` ≥ 0 in units of a listener's variance, which is 1.
    """
    last, whole, first = ratings.weights.shape[0] if last is None else last, list[Any](), 0
    for neighbors in nearest_blocks(ratings.weights, pool, "catalogue", threads, (0, last), _BLOCK):
        part = slice(first, first + len(neighbors.indices))
        own = OwnRatings(factors.vectors[part], ratings.varied[part], np.ones(len(neighbors.indices), np.bool_))
        near = weighed(ratings, factors, neighbors, own, kept=kept, ridge=ridge, threads=threads)
        # into place at once: parts that are joined in the end are there twice
        whole = whole or [np.empty((last, *column.shape[1:]), column.dtype) for column in near]
        for column, values in zip(whole, near, strict=True):
            column[part] = values
        first = part.stop
    return Near(*whole)


def weighed(
    ratings: Standardised, factors: Factors, neighbors: Nearest, own: OwnRatings, *, kept: int, ridge: float, threads: int = 1
) -> Near:
    """The ridge regression of n listeners on the rows ``ratings``, given the nearest rows of each; ``neighbors`` is used up."""
    items = ratings.weights.shape[1]
    rows = _rows(ratings)
    count = len(own.varied)
    weight, scale = np.zeros((count, min(kept, neighbors.indices.shape[1]))), np.zeros(count)

    def fill(begin: int, end: int) -> None:
        part = (neighbors.indices[begin:end], neighbors.similarity[begin:end], neighbors.overlap[begin:end])
        mine = own.vectors[begin:end], own.varied[begin:end]
        interpolate(rows, items, factors[:2], ridge, mine, part, (weight[begin:end], scale[begin:end]))

    if items and count:
        bounds = np.linspace(0, count, _TASKS * threads + 1).astype(np.int64)
        with ThreadPoolExecutor(threads) as workers:
            list(workers.map(fill, bounds[:-1], bounds[1:]))
    width = weight.shape[1]
    indices = neighbors.indices[:, :width]
    joined = _joined(indices, weight, scale, own, factors, ridge)
    return Near(indices, neighbors.similarity[:, :width], neighbors.overlap[:, :width], weight, *joined)


def _rows(ratings: Standardised) -> NeighborRows:
    matrix = ratings.weights
    return NeighborRows(*pattern(matrix), matrix.data.astype(np.float64, copy=False), ratings.mean, ratings.scale)


def _joined(
    indices: Ints, weight: Floats, scale: Floats, own: OwnRatings, factors: Factors, ridge: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Low rank, explained, gain and shrinkage; multiplies ``weight`` by the gain. They are one row of the regression.

    A fitted listener's row is P's, divided by its diagonal so that the listener's own weight is −1; a new one's is
    (C + λI)⁻¹ c, c the correlation with the fitted. The latter is what the former would be if the rows included the new one.
    """
    apart = own.vectors - _summed(indices, weight, factors.vectors)
    shared = own.vectors / (factors.values + ridge)
    precision = (own.vectors * (shared - scale[:, None] * apart)).sum(axis=1) + scale
    whole = np.where(own.fitted, precision, scale)
    left = np.divide(1.0, whole, out=np.zeros_like(whole), where=whole > 0.0)
    gain = np.where(own.fitted, scale * left, 1.0)
    shrinkage = np.where(own.fitted, left, ridge)
    # what is left of a new listener lacks the part of the factors that the ridge holds back
    left += np.where(own.fitted, 0.0, ridge * (factors.values * own.vectors * shared).sum(axis=1))
    weight *= gain[:, None]
    low_rank = gain[:, None] * apart - shrinkage[:, None] * shared
    return low_rank, np.clip(own.varied + ridge - left, 0.0, 1.0) * own.varied, gain, shrinkage


def _summed(indices: Ints, weight: Floats, vectors: Floats) -> Floats:
    """Σ weight × vector over each listener's neighbours, (n, r)."""
    taken = indices >= 0
    indptr = np.r_[0, np.cumsum(taken.sum(axis=1))]
    out = np.empty((len(indices), vectors.shape[1]))
    sparse_product((indptr, indices[taken], weight[taken]), vectors, np.ones(len(vectors)), 0, out)
    return out
