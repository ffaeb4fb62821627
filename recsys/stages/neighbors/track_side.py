"""The track side: what the tracks a listener knows say about others, through the listeners of both.

Two views, as one sparse matrix of (own track, other track) weights. *Near* is :mod:`.near` on the transposed ratings: the ridge
regression of each track on its nearest tracks. *Two-hop* is RP3β (Paudel et al. 2017): the probability to walk from a track to
a listener and on to another track, damped by that track's popularity. Both see what neighbours of a listener cannot: that two
tracks go together though no listener resembles this one. On sparse data with local structure they help, on dense data they may
hurt, so their share is chosen by :mod:`.tuning`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Floats, pattern
from recsys.stages.neighbors import low_rank
from recsys.stages.neighbors.kernels.two_hop import walk
from recsys.stages.neighbors.near import fit_near
from recsys.stages.neighbors.weighting import rarity, strength

WALKS = 100
"""Tracks of greatest weight that speak for a track by two hops."""
ALPHA = 0.6
"""Power of both steps' probabilities: below 1, short histories and rare tracks count less than their due."""
BETA = 0.4
"""Power of the popularity that a track's weight is divided by."""
_TASKS = 8
"""Blocks of tracks per thread."""


def none(tracks: int) -> csr_array:
    """No track side."""
    return csr_array((tracks, tracks), dtype=np.float32)


def track_side(rated: csr_array, near: csr_array | None, hops: csr_array | None, two_hop_share: float) -> csr_array:
    """(own track, other track) float32 weights: :func:`near_tracks` and :func:`two_hop` of the ratings, each on its own scale.

    ``two_hop_share`` (0–1) of the result is two-hop; none for a view without a share.
    """
    heard = np.bincount(rated.indices, minlength=rated.shape[1]).astype(np.float64)
    out = csr_array((rated.shape[1], rated.shape[1]))
    if near is not None:
        out = out + _scaled(near, heard, 1.0 - two_hop_share)
    if hops is not None:
        out = out + _scaled(hops, heard, two_hop_share)
    out.sort_indices()
    return out.astype(np.float32)


def near_tracks(rated: csr_array, pool: int, kept: int, ridge: float, threads: int = 1) -> csr_array:
    """Jointly derived weights of each track's nearest tracks; see :mod:`.near`."""
    by_track = csr_array(rated.T.tocsr())
    by_track.sort_indices()
    rows = low_rank.standardised(strength(by_track, rarity(by_track)))
    near = fit_near(rows, low_rank.factors(rows, 0), pool=pool, kept=kept, ridge=ridge, threads=threads)
    taken = near.indices >= 0
    bounds = np.r_[0, np.cumsum(taken.sum(axis=1))]
    tracks = rated.shape[1]
    return csr_array(csr_array((near.weight[taken], near.indices[taken], bounds), shape=(tracks, tracks)).T.tocsr())


def two_hop(rated: csr_array, threads: int = 1) -> csr_array:
    """RP3β weights: heard_i^−α Σ_u n_u^−α / heard_j^β over the listeners u who like both, n_u and heard being counts of likes.

    Of each track j the ``WALKS`` greatest weights.
    """
    liked = rated.copy()  # with a pattern of its own
    liked.data = (rated.data > 0.0).astype(np.float64)
    liked.eliminate_zeros()
    by_track = csr_array(liked.T.tocsr())
    by_track.sort_indices()
    own, heard = (np.maximum(np.diff(one.indptr), 1.0) for one in (liked, by_track))
    tracks = rated.shape[1]
    indices, weights = np.full((tracks, WALKS), -1, np.int32), np.zeros((tracks, WALKS))
    bounds = np.linspace(0, tracks, _TASKS * threads + 1).astype(np.int64)

    def fill(first: int, last: int) -> None:
        walk(pattern(liked), pattern(by_track), (own**-ALPHA, heard**-ALPHA, heard**-BETA), first, last, (indices, weights))

    with ThreadPoolExecutor(threads) as workers:
        list(workers.map(fill, bounds[:-1], bounds[1:]))
    taken = indices >= 0
    columns = np.nonzero(taken)[0]
    return csr_array((weights[taken], (indices[taken], columns)), shape=(tracks, tracks))


def _scaled(weights: csr_array, heard: Floats, share: float) -> csr_array:
    """Weights whose sums over random listeners have mean square ``share``²: each view then counts its share for most."""
    energy = float((heard * np.asarray(weights.power(2).sum(axis=1)).ravel()).sum())
    return weights * (share / np.sqrt(energy)) if energy > 0.0 else weights
