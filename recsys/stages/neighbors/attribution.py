"""Which of a listener's own tracks a score comes from: exact shares, for the model's scores are linear in the own ratings.

Linear once the neighbours are fixed: a share says how much of the score would go with the own track if everything else, the
neighbours and their number included, stayed. Shares of one score add up to 1; disliked and unlike tracks have shares below 0.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from recsys.matrices.arrays import Ints, Offsets, pattern
from recsys.stages.neighbors import als
from recsys.stages.neighbors.kernels.attribution import LISTED, LinearForm, Shares, Voters, attribute_rows
from recsys.stages.neighbors.kernels.dense import gram
from recsys.stages.neighbors.kernels.interpolation import NeighborRows
from recsys.stages.neighbors.low_rank import Standardised
from recsys.stages.neighbors.model import Listeners, Model, sparse_arrays

_TASKS = 8
"""Blocks of listeners per thread."""


def form(model: Model) -> LinearForm:
    """The model as :func:`attribute` reads it; made once, it takes tracks × 2 r × 4 bytes."""
    shared = np.ascontiguousarray(model.factor_votes.T)
    tracks, together = model.als
    parameters, (rarity, confidence, _) = model.parameters, model.weights
    sure = confidence / np.maximum(rarity, np.finfo(float).tiny)
    of_votes = _rows_of(model.rows), model.votes.data, *model.factors, shared, gram(shared.astype(np.float64))
    of_als = tracks, together, sure, als.MISSING, parameters.ridge, parameters.als_ridge, parameters.als_share
    return LinearForm(*of_votes, *of_als, parameters.track_share, sparse_arrays(model.track_side))


def attribute(
    model: LinearForm, rows: Standardised, listeners: Listeners, pairs: tuple[Offsets, Ints], threads: int = 1
) -> Shares:
    """The three liked own tracks with the greatest share of each score, per pair of a listener and a track.

    ``rows`` and ``listeners``: the standardised ratings of n listeners and what the model knows of them: of fitted ones
    ``model.rows`` and the fit's, of others `Model.standardised` and `Model.listeners`. ``pairs``: bounds (n + 1) and tracks, of
    listener u ``tracks[bounds[u]:bounds[u + 1]]``, no track twice. Where a score is not above 0 nothing is named and the rest
    is 1. The same bits in any company and for any number of threads.
    """
    indptr, tracks = np.ascontiguousarray(pairs[0], np.int64), np.ascontiguousarray(pairs[1], np.int32)
    shares = nothing_known(len(tracks))
    near = listeners.near
    subjects = Voters(
        _rows_of(rows),
        np.ascontiguousarray(near.indices),
        near.weight,
        near.low_rank,
        near.gain,
        near.shrinkage,
        listeners.als,
        listeners.votes.data,
    )

    def fill(first: int, last: int) -> None:
        attribute_rows(model, subjects, (indptr, tracks), first, last, shares)

    if threads == 1:  # as one task: each has rows of its own as long as the catalogue to fill
        fill(0, len(indptr) - 1)
        return shares
    bounds = np.linspace(0, len(indptr) - 1, _TASKS * threads + 1).astype(np.int64)
    with ThreadPoolExecutor(threads) as workers:
        list(workers.map(fill, bounds[:-1], bounds[1:]))
    return shares


def nothing_known(pairs: int) -> Shares:
    """Shares of pairs of which nothing is known: all of the votes is rest."""
    return Shares(np.full((pairs, LISTED), -1, np.int32), np.zeros((pairs, LISTED)), np.ones(pairs))


def _rows_of(rows: Standardised) -> NeighborRows:
    """Standardised rows as the kernels read them."""
    return NeighborRows(*pattern(rows.weights), rows.weights.data.astype(np.float64, copy=False), rows.mean, rows.scale)
