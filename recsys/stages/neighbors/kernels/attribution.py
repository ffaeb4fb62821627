"""How much of a listener's score for a track comes from each track the listener rated: the scores as linear forms, factored.

With the neighbours N fixed, and so the gain α and the shrinkage β (:class:`recsys.stages.neighbors.near.Near`), the votes for a
track t are linear in the listener's standardised row z: with e = M_N,t − Q_N S_t (votes M, factors' votes S = QᵀM),
f = α (R_NN + λI)⁻¹ e and h = α S_t − β S_t / (d + λ) − d Q_Nᵀ f they are z · (Z_Nᵀ f + T h), T the factors on the side of the
tracks. The ALS score is Σ_i c_i p_i y_i · A⁻¹ y_t, A the listener's normal equations (Hu, Koren & Volinsky 2008, section 5).
So the contributions of all own tracks to all targets are one product of an (own, width) and a (width, targets) matrix.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, LEAN_INNER, Float32s, Floats, Ints, Offsets
from recsys.matrices.prefetch import prefetch
from recsys.stages.neighbors.kernels.dense import product
from recsys.stages.neighbors.kernels.interpolation import (
    Chains,
    NeighborRows,
    cholesky,
    cholesky_solve_columns,
    correlations,
    subtract,
)
from recsys.stages.neighbors.kernels.least_squares import normal_equations
from recsys.stages.neighbors.kernels.near_rows import TOGETHER, NearRows, columns_of, near_rows, products

_CHUNK = 512
"""Own tracks looked at together: bounds memory for long histories."""
LISTED = 3
"""Own tracks named for each target."""


class LinearForm(NamedTuple):
    """The model as the linear forms read it; the arrays of :class:`recsys.stages.neighbors.model.Model`, by track."""

    rows: NeighborRows
    votes: Float32s
    """Of the entries of ``rows``."""
    vectors: Floats
    values: Floats
    tracks: Floats
    """(tracks, r) T."""
    shared: Float32s
    """(tracks, r) S."""
    shared_gram: Floats
    als: Float32s
    """(tracks, r) ALS vectors."""
    als_missing: Floats
    """(r, r) what "not heard" adds to the normal equations: ``missing`` times the Gram matrix."""
    confidence: Floats
    """(tracks,) ALS confidence of a standardised rating of 1."""
    missing: float
    ridge: float
    als_ridge: float
    als_share: float
    track_share: float
    side: tuple[Offsets, Ints, Float32s]
    """(tracks, tracks) the track side."""


class Voters(NamedTuple):
    """n listeners: own ``rows``, and their columns of ``Near`` and ALS vectors."""

    rows: NeighborRows
    indices: Ints
    weight: Floats
    low_rank: Floats
    gain: Floats
    shrinkage: Floats
    als: Float32s
    votes: Float32s
    """Own votes, of the entries of ``rows``."""


class Shares(NamedTuple):
    """Per pair: the liked own ``tracks`` (pairs, 3) with the greatest share, −1 for none, their ``share`` and the ``rest``
    (pairs,)."""

    tracks: Ints
    share: Floats
    rest: Floats


@njit(nogil=True, cache=True)
def attribute_rows(
    form: LinearForm, subjects: Voters, pairs: tuple[Offsets, Ints], first: int, last: int, shares: Shares
) -> None:
    """Fills ``shares`` for the pairs of the listeners ``first`` … ``last`` − 1: of row u, the tracks indptr[u] … of ``pairs``."""
    indptr, tracks = pairs
    items = form.tracks.shape[0]
    number, room = np.full(items, -1, np.int32), (np.zeros(items), np.full(items, -1, np.int32))
    for row in range(first, last):
        part = slice(indptr[row], indptr[row + 1])
        if part.start < part.stop:
            near = near_rows(form.rows, form.votes, form.vectors, _chosen(subjects.indices[row]), number)
            scales = _scales(form, subjects, row, near, room[0])
            right = _targets(form, subjects, row, near, tracks[part], number, scales[1])
            parts = shares.tracks[part], shares.share[part], shares.rest[part]
            _divide(form, subjects, row, near, tracks[part], (scales, right, number, room[1]), parts)
            for track in near.tracks:
                number[track] = -1


@njit(**INNER)
def _chosen(indices: Ints) -> Ints:
    count = 0
    while count < indices.size and indices[count] >= 0:
        count += 1
    return indices[:count]


@njit(**INNER)
def _scales(form: LinearForm, subjects: Voters, row: int, near: NearRows, sums: Floats) -> tuple[float, float, float]:
    """What votes, ALS scores and track side are multiplied by in the blend: their share ÷ root mean square over all tracks."""
    items = form.tracks.shape[0]
    votes_square = _votes_square(form, subjects.low_rank[row], subjects.weight[row], near)
    # that Gram matrix is stored times the weight of what is missing
    als_square = _quadratic(form.als_missing, subjects.als[row].astype(np.float64)) / form.missing
    side, share = form.track_share, form.als_share
    votes = (1.0 - side) * (1.0 - share) / np.sqrt(votes_square / items) if votes_square > 0.0 else 0.0
    als_scale = (1.0 - side) * share / np.sqrt(als_square / items) if als_square > 0.0 else 0.0
    side_square = _side_square(form, subjects, row, sums) if side > 0.0 else 0.0
    return votes, als_scale, side / np.sqrt(side_square / items) if side_square > 0.0 else 0.0


@njit(**INNER)
def _votes_square(form: LinearForm, low_rank: Floats, weight: Floats, near: NearRows) -> float:
    """Sum of the squares of a listener's votes over all tracks.

    |S d + v|² = dᵀ (SᵀS) d + Σ v (v + 2 S d): all tracks from one Gram matrix, one by one only where neighbours voted.
    """
    (indptr, indices, _, _, _), votes = near.rows, near.votes
    sums, shared = np.zeros(near.tracks.size), np.empty(near.tracks.size)
    for at in range(indptr.size - 1):
        for entry in range(indptr[at], indptr[at + 1]):
            sums[indices[entry]] += weight[at] * votes[entry]
    products(form.shared, near.tracks, low_rank, shared)
    total = _quadratic(form.shared_gram, low_rank)
    for at in range(sums.size):
        total += sums[at] * (sums[at] + 2.0 * shared[at])
    return total


@njit(**LEAN_INNER)
def _side_square(form: LinearForm, subjects: Voters, row: int, sums: Floats) -> float:
    """Sum of the squares of a listener's track side over all tracks."""
    (indptr, columns, weights), bounds = form.side, subjects.rows.indptr
    tracks, votes, total = subjects.rows.indices, subjects.votes, 0.0
    for own in tracks[bounds[row] : bounds[row + 1]]:
        prefetch(columns, indptr[own], indptr[own + 1] - indptr[own])
        prefetch(weights, indptr[own], indptr[own + 1] - indptr[own])
    for entry in range(bounds[row], bounds[row + 1]):
        own, vote = tracks[entry], votes[entry]
        for at in range(indptr[own], indptr[own + 1]):
            sums[columns[at]] += vote * weights[at]
    for entry in range(bounds[row], bounds[row + 1]):
        own = tracks[entry]
        for at in range(indptr[own], indptr[own + 1]):
            total += sums[columns[at]] ** 2
            sums[columns[at]] = 0.0
    return total


@njit(**LEAN_INNER)
def _quadratic(matrix: Floats, vector: Floats) -> float:
    total = 0.0
    for a in range(vector.size):
        for b in range(vector.size):
            total += vector[a] * matrix[a, b] * vector[b]
    return total


@njit(**INNER)
def _targets(form: LinearForm, subjects: Voters, row: int, near: NearRows, tracks: Ints, number: Ints, als: float) -> Floats:
    """(width, targets): f, h and the ALS part of every target, one below the other; the last target again up to whole lanes."""
    values, als_rank, count = form.values, form.als.shape[1], near.rows.mean.size
    # filled up: loops over the rest of a row would take longer than the arithmetic
    targets = np.full((tracks.size + TOGETHER - 1) // TOGETHER * TOGETHER, tracks[-1], np.int32)
    for at in range(tracks.size):
        targets[at] = tracks[at]
    out = np.empty((count + values.size + als_rank, targets.size))
    local, shared, hidden = out[:count], out[count : count + values.size], out[count + values.size :]
    columns_of(form.shared, targets, shared)
    columns_of(form.als, targets, hidden)
    if count:
        _local(form, near, tracks, number, shared, local)
    gain, shrinkage = subjects.gain[row], subjects.shrinkage[row]
    for nth in range(count):
        for at in range(targets.size):
            local[nth, at] *= gain
    back = np.empty((values.size, targets.size))
    product(_turned(near.vectors), local, back)
    # h_k = (g − s / (ν_k + λ)) S_k − ν_k (Q_Nᵀ f)_k
    for k in range(values.size):
        own, value = gain - shrinkage / (values[k] + form.ridge), values[k]
        for at in range(targets.size):
            shared[k, at] = own * shared[k, at] - value * back[k, at]
    # ALS: x = A⁻¹ Σ c y, so that a target's form in c y is A⁻¹ y_t
    for k in range(als_rank):
        for at in range(targets.size):
            hidden[k, at] = als * hidden[k, at]
    indices, sure = _confidence(form, subjects.rows, row)
    matrix = np.empty((als_rank, als_rank))
    normal_equations(indices, sure, form.als, form.als_missing, form.als_ridge, matrix)
    cholesky(matrix, als_rank)
    cholesky_solve_columns(matrix, hidden)
    return out


@njit(**INNER)
def _turned(vectors: Floats) -> Floats:
    """Rows as columns."""
    out = np.empty((vectors.shape[1], vectors.shape[0]))
    for at in range(vectors.shape[0]):
        for k in range(vectors.shape[1]):
            out[k, at] = vectors[at, k]
    return out


@njit(**INNER)
def _local(form: LinearForm, near: NearRows, tracks: Ints, number: Ints, shared: Floats, local: Floats) -> None:
    """``local`` (neighbours, targets) becomes (R_NN + λI)⁻¹ (M_N,t − Q_N S_t)."""
    product(-near.vectors, shared, local)
    (indptr, indices, _, _, _), votes = near.rows, near.votes
    place = _places(tracks, near.tracks.size, number)
    everybody = np.arange(indptr.size - 1).astype(np.int32)
    for at in everybody:
        for entry in range(indptr[at], indptr[at + 1]):
            to = place[indices[entry]]
            if to >= 0:
                local[at, to] += votes[entry]
    size = indices.size
    chains = Chains(np.full(near.tracks.size, -1, np.int32), np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size))
    matrix = np.empty((everybody.size, everybody.size))
    correlations(near.rows, form.tracks.shape[0], everybody, chains, matrix)
    subtract(near.vectors, form.values, everybody, matrix, form.ridge)
    cholesky(matrix, everybody.size)
    cholesky_solve_columns(matrix, local)


@njit(**INNER)
def _places(tracks: Ints, numbers: int, number: Ints) -> Ints:
    """(numbers,) place of each numbered track among some tracks, −1 for none."""
    out = np.full(numbers, -1, np.int32)
    for at in range(tracks.size):
        if number[tracks[at]] >= 0:
            out[number[tracks[at]]] = at
    return out


@njit(**INNER)
def _confidence(form: LinearForm, rows: NeighborRows, row: int) -> tuple[Ints, Float32s]:
    """Tracks of a row, and the ALS confidence in each."""
    begin, values, confidence = rows.indptr[row], rows.values, form.confidence
    indices = rows.indices[begin : rows.indptr[row + 1]]
    sure = np.empty(indices.size, np.float32)
    for at in range(indices.size):
        sure[at] = abs(values[begin + at]) * confidence[indices[at]]
    return indices, sure


@njit(**INNER)
def _divide(
    form: LinearForm, subjects: Voters, row: int, near: NearRows, targets: Ints,
    forms: tuple[tuple[float, float, float], Floats, Ints, Ints], parts: tuple[Ints, Floats, Floats],
) -> None:  # fmt: skip
    """Contributions of the own tracks, some at a time: the greatest of each target, and what is left of the sum.

    A disliked track that others dislike as well speaks for what they like: it has its part of the rest, but is not named.
    """
    scales, right, number, place = forms
    tracks, share, rest = parts
    for at in range(rest.size):
        rest[at] = 0.0
        for nth in range(LISTED):
            tracks[at, nth], share[at, nth] = -1, 0.0
    begin, end = subjects.rows.indptr[row], subjects.rows.indptr[row + 1]
    for first in range(begin, end, _CHUNK):
        last = min(first + _CHUNK, end)
        part = np.empty((last - first, right.shape[1]))
        product(_own(form, subjects.rows, row, near, scales[0], number, (first, last)), right, part)
        if form.track_share > 0.0:
            _add_side(form, subjects, targets, scales[2], place, first, part)
        own, values = subjects.rows.indices, subjects.rows.values
        for at in range(last - first):
            _offer(own[first + at], values[first + at] > 0.0, part[at, : rest.size], tracks, share, rest)
    for at in range(rest.size):
        # a sum of 0 or less has no shares
        if rest[at] > 0.0:
            named = 0.0
            for nth in range(LISTED):
                share[at, nth] /= rest[at]
                named += share[at, nth]
            rest[at] = 1.0 - named
        else:
            rest[at] = 1.0
            for nth in range(LISTED):
                tracks[at, nth], share[at, nth] = -1, 0.0


@njit(**LEAN_INNER)
def _add_side(form: LinearForm, subjects: Voters, targets: Ints, scale: float, place: Ints, first: int, part: Floats) -> None:
    """Adds to ``part`` (own, targets) what the own tracks of the entries ``first`` … say by the track side."""
    (indptr, columns, weights), tracks, votes = form.side, subjects.rows.indices, subjects.votes
    for at in range(targets.size):
        place[targets[at]] = at
    for nth in range(part.shape[0]):
        own, vote = tracks[first + nth], scale * votes[first + nth]
        for at in range(indptr[own], indptr[own + 1]):
            to = place[columns[at]]
            if to >= 0:
                part[nth, to] += vote * weights[at]
    for at in range(targets.size):
        place[targets[at]] = -1


@njit(**INNER)
def _own(
    form: LinearForm, rows: NeighborRows, row: int, near: NearRows, scale: float, number: Ints, part: tuple[int, int]
) -> Floats:
    """(own, width) the rows of the own tracks of a ``part`` of the entries: Z_N, T and the ALS vectors, scaled."""
    first, last = part
    rank, count = form.values.size, near.rows.mean.size
    out = np.empty((last - first, count + rank + form.als.shape[1]))
    for track in rows.indices[first:last]:
        prefetch(form.tracks, track * rank, rank)
    _own_of_neighbors(near.rows, _places(rows.indices[first:last], near.tracks.size, number), out)
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loops
    own, values, sizes, of_tracks, als, confidence = rows.indices, rows.values, rows.scale, form.tracks, form.als, form.confidence
    for at in range(last - first):
        track, value = own[first + at], values[first + at]
        factor = scale * sizes[row] * value
        for k in range(count):
            out[at, k] *= factor
        for k in range(rank):
            out[at, count + k] = of_tracks[track, k] * factor
        sure = np.float32(abs(value) * confidence[track]) * np.sign(value)
        for k in range(als.shape[1]):
            out[at, count + rank + k] = sure * als[track, k]
    return out


@njit(**INNER)
def _own_of_neighbors(near: NeighborRows, place: Ints, out: Floats) -> None:
    """The first columns of ``out`` (own, width): the neighbours' standardised rows at the own tracks, row ``place`` of each.

    A row is −m s where nothing is rated, (r − m) s where something is.
    """
    indptr, indices, values, mean, scale = near
    nothing = -mean * scale
    for at in range(out.shape[0]):
        for nth in range(nothing.size):
            out[at, nth] = nothing[nth]
    for nth in range(nothing.size):
        own = scale[nth]
        for entry in range(indptr[nth], indptr[nth + 1]):
            to = place[indices[entry]]
            if to >= 0:
                out[to, nth] += values[entry] * own


@njit(**LEAN_INNER)
def _offer(own: int, liked: bool, values: Floats, tracks: Ints, share: Floats, total: Floats) -> None:
    """Adds an own track's contributions to the totals, and names it where it is liked and among the greatest above 0."""
    for at in range(values.size):
        value = values[at]
        total[at] += value
        # insertion into the few greatest: most values fail this one test
        if liked and value > share[at, LISTED - 1]:
            nth = LISTED - 1
            while nth > 0 and value > share[at, nth - 1]:
                share[at, nth], tracks[at, nth] = share[at, nth - 1], tracks[at, nth - 1]
                nth -= 1
            share[at, nth], tracks[at, nth] = value, own
