"""What the scores of a block are made of, and every pair of it for a look at a few listeners."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from recsys.matrices import arrays
from recsys.matrices.arrays import Codes, Floats, Offsets, Votes
from recsys.matrices.taste import Taste
from recsys.stages.candidates.kernels import fits, scores
from recsys.stages.candidates.kernels.core import TrackFacts
from recsys.stages.candidates.kernels.points import Ties, Wishes
from recsys.stages.neighbors.stage import Neighborhood


class Spread(NamedTuple):
    """What points by spread are made of; see :mod:`recsys.stages.candidates.kernels.points`."""

    facts: TrackFacts
    ties: Ties
    """Of the block's subjects."""
    wishes: Wishes
    """Of the block's lists."""
    measured: int
    """Tracks with the most votes to be measured."""


class Voted(NamedTuple):
    """What similar listeners say to listeners ``first`` … ``last`` − 1."""

    first: int
    last: int
    near: Neighborhood
    votes: Votes
    """Of the listeners."""


@dataclass(frozen=True)
class Scored:
    """Everything the scores of a block are made of. ``lists`` are rows of :class:`Requested` from ``first_list`` on."""

    first: int
    first_list: int
    near: Neighborhood
    tracks: arrays.Tracks
    lists: arrays.Lists
    tastes: Taste
    subjects: arrays.Subjects
    weights: arrays.Weights
    votes: Votes
    """Of the listeners, then of lists with seeds."""
    rules: Codes
    """(lists, tracks) first rule that drops the track, 0 for a candidate."""
    dropped: Offsets
    """(lists, rules + 1) tracks dropped by each rule; candidates first."""
    spread: Spread | None = None
    """What scale `spread` is measured with."""

    @cached_property
    def collaborative(self) -> Floats:
        """(listeners, tracks) 0–1; like :attr:`fits` not for a run of scale `spread`."""
        return self.votes.values()

    @cached_property
    def fits(self) -> arrays.Fits:
        """Of every (subject, track). For a look at a few listeners: a run never stores them."""
        shape = (len(self.subjects.audio), self.rules.shape[1])
        fitted = arrays.Fits(np.empty(shape), np.empty(shape), np.empty(shape))
        fits.fit_all(self.tracks, self.subjects, self.weights.floor, fitted)
        return fitted

    @cached_property
    def score(self) -> Floats:
        """(lists, tracks) by scale `raw`, of dropped tracks too. Like :attr:`fits` not for a run."""
        out = np.empty(self.rules.shape)
        scores.score(self.tracks, self.lists, self.fits, self.collaborative, self.weights, out)
        return out
