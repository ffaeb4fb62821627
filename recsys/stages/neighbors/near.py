"""Near: the listeners most like a listener, and how much each one's opinion weighs, beside what all have in common.

The ridge regression of one listener on all others needs P = (C + λI)⁻¹, C the correlation between all listeners. With C = Q
diag(d) Qᵀ + R, Q the leading factors (:mod:`.low_rank`), P is Q diag(1 / (d + λ)) Qᵀ plus (R + λI)⁻¹ on what Q leaves over.
The second part is local, so it is solved among the nearest listeners alone. How much near and low rank count is thus not a
choice: it follows from how much of the correlation the factors hold. With every listener near or every factor kept, it is
exact.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Floats, Ints, pattern
from recsys.stages.neighbors.kernels.interpolation import Rows, interpolate
from recsys.stages.neighbors.low_rank import Factors, Standardised
from recsys.stages.neighbors.search.nearest import nearest

TASKS = 8
"""Blocks of listeners per thread."""


class Near(NamedTuple):
    """Neighbours and factor weights of n listeners: a predicted vote is weight · their votes + low_rank · the factors' votes.

    ``indices`` (n, kept): neighbours in ascending index, −1 for none; ``similarity`` their correlation over the catalogue,
    (0, 1]; ``overlap`` tracks both rated; ``weight`` of a vote. ``low_rank`` (n, r): weight of each factor's votes Qᵀ · votes.
    ``explained`` (n,) in 0–1: share of the listener's ratings that the others explain, the evidence behind the prediction.
    """

    indices: Ints
    similarity: Floats
    overlap: Ints
    weight: Floats
    low_rank: Floats
    explained: Floats


def fit_near(
    ratings: Standardised, factors: Factors, *, pool: int, kept: int, ridge: float, threads: int = 1,
    first: int = 0, last: int | None = None,
) -> Near:  # fmt: skip
    """Neighbours of the listeners ``first`` (inclusive) to ``last`` (exclusive; none = all).

    Of the ``pool`` most similar listeners, the ``kept`` that
    the factors explain least take part. ``ridge`` ≥ 0 in units of a listener's variance, which is 1.
    """
    users, items = ratings.weights.shape
    last = users if last is None else last
    found = nearest(ratings.weights, pool, "catalogue", threads, first, last)
    rows = _rows(ratings)
    count = last - first
    weight, scale = np.zeros((count, min(kept, pool))), np.zeros(count)

    def fill(begin: int, end: int) -> None:
        part = (found.indices[begin:end], found.similarity[begin:end], found.overlap[begin:end])
        out = (weight[begin:end], scale[begin:end])
        interpolate(rows, items, factors.vectors, factors.values, ridge, first + begin, part, *out)

    if items and count:
        bounds = np.linspace(0, count, TASKS * threads + 1).astype(np.int64)
        with ThreadPoolExecutor(threads) as workers:
            list(workers.map(fill, bounds[:-1], bounds[1:]))
    width = weight.shape[1]
    varied = (ratings.scale[first:last] > 0.0).astype(float)
    part = Near(
        found.indices[:, :width], found.similarity[:, :width], found.overlap[:, :width], weight, np.zeros((count, 0)), varied
    )
    return _joined(part, factors.vectors[first:last], factors, scale, ridge)


def _rows(ratings: Standardised) -> Rows:
    matrix = ratings.weights
    return Rows(*pattern(matrix), matrix.data.astype(np.float64, copy=False), ratings.mean, ratings.scale)


def _joined(part: Near, own: Floats, factors: Factors, scale: Floats, ridge: float) -> Near:
    """Near and low rank as one row of P, divided by its diagonal so that the listener's own weight is −1."""
    local = scale[:, None] * (own - _summed(part, factors.vectors))
    shared = own / (factors.values + ridge) if factors.values.size else own
    precision = (own * shared).sum(axis=1) + scale - (local * own).sum(axis=1)
    inverse = np.divide(1.0, precision, out=np.zeros_like(precision), where=precision > 0.0)
    return part._replace(
        weight=part.weight * (scale * inverse)[:, None],
        low_rank=(local - shared) * inverse[:, None],
        explained=np.clip(part.explained + ridge - inverse, 0.0, 1.0) * part.explained,
    )


def _summed(part: Near, vectors: Floats) -> Floats:
    """Σ weight × vector over each listener's neighbours, (n, r)."""
    taken = part.indices >= 0
    indptr = np.r_[0, np.cumsum(taken.sum(axis=1))]
    shape = (len(part.indices), len(vectors))
    return np.asarray(csr_array((part.weight[taken], part.indices[taken], indptr), shape=shape) @ vectors)
