"""Which tracks can be among the best of a list, told from what is known before a taste is compared with any track.

Votes, popularity and boost of every track are at hand; content and exploration are not, but they have a ceiling, and safety only
takes away. A track that would stay below the list's bar even at the ceiling need not be scored.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import Floats, Ints, Lists, Offsets, Tracks, Weights
from recsys.matrices.order import nth_greatest, reaching
from recsys.stages.candidates.kernels.fits import heard_content, wanted

_SLACK = 1e-9
"""Points by which rounding cannot lift a score over its ceiling."""
_SAMPLE = 4096
"""Votes looked at to find out how many are great."""
_SEEDS = 2
"""Tracks with the greatest votes that set the first bar, as a multiple of the places in a list."""
TELLING = 0.1
"""Points of a vote, as a share of the ceiling, below which it hardly ever lifts a track over the others."""


@njit(nogil=True, cache=True)
def ceiling(weights: Weights, target: float) -> float:
    """The most points that content and exploration can give one track of a list with this wanted distance.

    For a track with audio both follow from the cosine, linearly between the cosine at which content ends to rise (1) and the one
    at which exploration is greatest (1 − target); a track without audio has half of exploration.
    """
    nearest = weights.content + weights.exploration * wanted(0.0, target)
    explored = weights.content * heard_content(1.0 - target, 1.0) + weights.exploration
    return max(nearest, explored, weights.content + 0.5 * weights.exploration)


@njit(nogil=True, cache=True)
def voted(votes: Floats, most: int, telling: float) -> Ints:
    """Some tracks with great votes, in order: about ``SEEDS`` × ``most``, or none where fewer votes are ``telling``."""
    seeds = _SEEDS * most
    if 4 * seeds > len(votes):
        return np.empty(0, np.int32)
    step = (len(votes) // _SAMPLE) | 1  # odd: catalogues are put together from equal parts more often than from odd ones
    least = nth_greatest(votes[::step].copy(), max(1, seeds // step))
    return reaching(votes, least, 2 * seeds) if least > telling else np.empty(0, np.int32)


@njit(nogil=True, cache=True)
def promising(tracks: Tracks, lists: Lists, rows: Offsets, votes: Floats, weights: Weights, limits: Floats, rest: float) -> Ints:
    """Tracks that reach the limit of any of the lists ``rows``, in order.

    ``limits``: points of votes, popularity and boost together to be reached. ``rest``: the most that the last two give any track.
    """
    boost, by_votes, by_popularity = tracks.boost, weights.collaborative, weights.popularity
    least = (limits.min() - _SLACK - rest) / by_votes
    if least <= 0.0:
        return np.arange(len(votes)).astype(np.int32)
    reaching_tracks, kept = reaching(votes, least, len(votes)), 0
    for track in reaching_tracks:
        reached = False
        for place in range(len(rows)):
            popular = tracks.fit[lists.mode[rows[place]], track]
            reached |= by_votes * votes[track] + by_popularity * popular + boost[track] >= limits[place] - _SLACK
        reaching_tracks[kept] = track
        kept += reached
    return reaching_tracks[:kept]
