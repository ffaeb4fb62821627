"""Stage ``neighbors``: who listens alike, and what they say about every track, for a block of listeners.

Two ways, by ``Settings.neighborhood``: ``co_rated`` (scoring rules section 7), and ``blended``, the model of
:mod:`recsys.stages.neighbors.collaborative`, which is fitted once for all listeners.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import cpu_count
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.matrices.arrays import Float32s, Floats, Ints, Numbers, Offsets, Ragged, Votes, pattern
from recsys.matrices.history import History
from recsys.settings import Settings
from recsys.stages.neighbors import attribution
from recsys.stages.neighbors.attribution import attribute, nothing_known
from recsys.stages.neighbors.chance import Chance
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.kernels.attribution import LinearForm, Shares
from recsys.stages.neighbors.kernels.blend import shares
from recsys.stages.neighbors.kernels.votes import votes
from recsys.stages.neighbors.model import TILE, Parameters
from recsys.stages.neighbors.search.nearest import co_rated
from recsys.stages.neighbors.tasks import Here, Runners
from recsys.stages.neighbors.tuning import OUTCOME, Tuned, tune_votes
from recsys.tables import NEIGHBORS

MODEL_STORE, TUNING_STORE = "model", "tuning"
"""Stores of the fit's arrays: what scores are computed from, and what was tried to choose its parameters."""
SHRINK = 3.0
"""Overlap at which a similarity counts half (scoring rules section 7)."""


class Neighborhood(NamedTuple):
    """Neighbours of listeners ``first`` …, one sparse row each, in ascending order of listener."""

    first: int
    indptr: NDArray[np.int64]
    neighbors: Ints
    similarity: Floats
    overlap: Ints
    weight: Floats

    def strongest(self, most: int) -> tuple[Ints, NDArray[np.int64]]:
        """Row, and place in the arrays, of the ``most`` neighbours of each listener with the largest weight, ties by listener."""
        row = np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))
        order = np.lexsort((self.neighbors, -self.weight, row))
        nth = np.arange(len(row)) - self.indptr[row[order]]
        order = order[nth < most]
        return row[order], order

    def stored(self, most: int) -> Ragged:
        """The neighbours that the table `neighbors` has of each listener."""
        row, place = self.strongest(most)
        indptr = np.searchsorted(row, np.arange(len(self.indptr), dtype=np.int32))
        return Ragged(indptr.astype(np.int64), np.ascontiguousarray(self.neighbors[place], np.int32))


def neighborhood(history: History, first: int, last: int) -> Neighborhood:
    """All neighbours with positive co-rated Pearson similarity; weight = similarity × overlap / (overlap + 3)."""
    pairs = co_rated(history.rating, history.columns, first, last)
    weight = pairs.similarity * pairs.overlap / (pairs.overlap + SHRINK)
    return Neighborhood(first, pairs.indptr, pairs.indices, pairs.similarity, pairs.overlap, weight)


def collaborative(history: History, near: Neighborhood, canonical: Ints, settings: Settings, out: Floats | None = None) -> Floats:
    """(listeners of the block, tracks) scores 0–1: votes divided by the listener's largest vote plus the shrinkage."""
    columns = history.rating.shape[1]
    counted = history.tracks if settings.restrict_collaborative else columns
    out = np.empty((len(near.indptr) - 1, len(canonical))) if out is None else out
    voters = (near.indptr, near.neighbors, near.weight)
    votes(near.first, voters, history.entries, (columns, counted), settings.collaborative_shrink, canonical, out)
    return out


class Similar(Protocol):
    """A way to find similar listeners and to count their votes."""

    def near(self, first: int, last: int) -> Neighborhood:
        """Neighbours of listeners ``first`` … ``last`` − 1."""

    precision: ClassVar[type]
    """Of the shares of its votes."""

    def complete(self) -> None:
        """Makes what all blocks of listeners read."""

    def votes(self, near: Neighborhood, room: Numbers | None = None) -> Votes:
        """Of the listeners of the block; ``room`` (at least listeners, tracks), if there is any, holds their shares, and may be
        worked in before."""

    def shares(self, first: int, pairs: Ragged) -> Shares:
        """Own tracks with the greatest shares of the votes, for tracks asked about of the listeners from ``first`` on."""

    def seed_shares(self, seeds: Sequence[Ints], pairs: Ragged) -> Shares:
        """The same of somebody whose history are the seeds, for each of some lists of seeds."""

    def seeded(self, listeners: Ints, seeds: csr_array, share: float) -> Votes:
        """Of n listeners as they are, by ``share`` (0–1) what likes ``seeds`` (n, tracks)."""

    def chances(self, first: int, pairs: Ragged) -> Floats:
        """(pairs,) chance 0–1 that the listeners from ``first`` on come to like the tracks asked about; NaN where unknown."""


@dataclass(frozen=True)
class CoRated:
    """Every listener with a positive correlation over the tracks both rated."""

    precision: ClassVar[type] = np.float64
    history: History
    canonical: Ints
    settings: Settings

    def near(self, first: int, last: int) -> Neighborhood:
        return neighborhood(self.history, first, last)

    def complete(self) -> None:
        """Nothing: neighbours are searched for anew."""

    def votes(self, near: Neighborhood, room: Numbers | None = None) -> Votes:
        out = None if room is None else room[: len(near.indptr) - 1]
        return Votes.plain(collaborative(self.history, near, self.canonical, self.settings, out))

    def shares(self, first: int, pairs: Ragged) -> Shares:  # noqa: ARG002
        """Unknown: co-rated neighbours vote whoever the listener is."""
        return nothing_known(len(pairs.numbers))

    def seed_shares(self, seeds: Sequence[Ints], pairs: Ragged) -> Shares:  # noqa: ARG002
        """Unknown, as for own tracks."""
        return nothing_known(len(pairs.numbers))

    def seeded(self, listeners: Ints, seeds: csr_array, share: float) -> Votes:  # noqa: ARG002
        """Without the seeds: co-rated neighbours vote on a history alone."""
        own = [self.votes(self.near(listener, listener + 1)).share for listener in listeners.tolist()]
        return Votes.plain(np.concatenate([np.empty((0, len(self.canonical))), *own]))

    def chances(self, first: int, pairs: Ragged) -> Floats:  # noqa: ARG002
        """Unknown: co-rated votes are not calibrated."""
        return np.full(len(pairs.numbers), np.nan)


class _Tile(threading.local):
    """Scores of some listeners, the last that a thread computed. New memory for each tile would take longer than half of its
    products, for the system hands it out zeroed."""

    begin = -1
    scores: Float32s = np.empty((0, 0), np.float32)

    def fill(self, model: Collaborative, begin: int, end: int, room: Numbers | None) -> None:
        shape = end - begin, model.model.votes.shape[1]
        if self.scores.shape != shape:
            self.scores = np.empty(shape, np.float32)
        self.begin = -1  # until it is whole
        scratch = np.empty(shape, np.float32) if room is None or len(room) < len(self.scores) else room[: len(self.scores)]
        model.model.fill(model.listeners(begin, end), self.scores, scratch)
        self.begin = begin


@dataclass(frozen=True)
class Blended:
    """Near and low-rank votes and ALS preferences; see :mod:`recsys.stages.neighbors.collaborative`."""

    precision: ClassVar[type] = np.float32
    history: History
    canonical: Ints
    settings: Settings
    model: Collaborative
    chance: Chance | None
    """How likely a track of some raw score is to be liked; none where there was too little to judge by."""
    tile: _Tile = field(default_factory=_Tile)
    """The scores each thread computed last, on the model's own bounds: its next block is mostly among them."""

    def near(self, first: int, last: int) -> Neighborhood:
        near = self.model.listeners(first, last).near
        there = near.indices >= 0
        indptr = np.zeros(last - first + 1, dtype=np.int64)
        np.cumsum(there.sum(axis=1), out=indptr[1:])
        columns = near.indices[there], near.similarity[there], near.overlap[there], near.weight[there]
        return Neighborhood(first, indptr, *columns)

    def complete(self) -> None:
        self.form  # noqa: B018

    def votes(self, near: Neighborhood, room: Numbers | None = None) -> Votes:
        """Positive scores as a share of the listener's largest, damped where others explain little of the listener."""
        first, last = near.first, near.first + len(near.indptr) - 1
        bounds, columns, _ = self.history.entries
        raw, damped = self._raw(first, last, room), self._damped(self.model.evidence(first, last))
        return self._votes(raw, (bounds[first : last + 1], columns), damped, None if room is None else room[: last - first])

    def seeded(self, listeners: Ints, seeds: csr_array, share: float) -> Votes:
        """Votes for a listener whose history is the seeds, of which ``share`` counts whoever listens and the rest by own scores.

        Own scores are in units of their root mean square. What the seeds do not speak for stays 0, and of what they do, the
        listener's taste changes the order. Who has no scores of one kind is scored by the other.
        """
        model = self.model.model
        folded = model.listeners(seeds)
        mine = self.model.rows(listeners)
        own, others = (np.maximum(model.scores(one), np.float32(0)) for one in (mine, folded))
        root = np.sqrt(np.square(own, dtype=np.float64).mean(axis=1))
        silent = others.max(axis=1, initial=0.0) == 0.0
        heavy = np.where(root == 0.0, 1.0, np.where(silent, 0.0, share))
        taste = own * np.divide(1.0 - heavy, root, out=np.zeros_like(root), where=root > 0.0)[:, None]
        raw = np.where(silent[:, None], 1.0, others) * (heavy[:, None] + taste)
        damped = (1.0 - heavy) * self._damped(mine.near.explained) + heavy * self._damped(folded.near.explained)
        return self._votes(raw.astype(np.float32), pattern(self.history.rating[listeners]), damped)

    @cached_property
    def form(self) -> LinearForm:
        """The model as attribution reads it."""
        return attribution.form(self.model.model)

    def shares(self, first: int, pairs: Ragged) -> Shares:
        last = first + len(pairs.indptr) - 1
        return attribute(self.form, self.model.model.rows.part(first, last), self.model.listeners(first, last), pairs)

    def seed_shares(self, seeds: Sequence[Ints], pairs: Ragged) -> Shares:
        model = self.model.model
        rows = Ragged.of(seeds).counts(self.history.tracks)
        return attribute(self.form, model.standardised(rows), model.listeners(rows), pairs)

    def chances(self, first: int, pairs: Ragged) -> Floats:
        listeners = len(pairs.indptr) - 1
        row = np.repeat(np.arange(listeners), np.diff(pairs.indptr))
        sizes = np.diff(self.model.model.rows.weights.indptr[first : first + listeners + 1])[row]
        if self.chance is None:
            return np.full(len(row), np.nan)
        raw = self._raw(first, first + listeners)[row, pairs.numbers]
        return np.where(sizes > 0, self.chance.of(raw[:, None], sizes)[:, 0], np.nan)

    def _damped(self, evidence: Floats) -> Floats:
        half = self.settings.evidence_half
        return np.divide(evidence, evidence + half, out=np.zeros_like(evidence), where=evidence > 0)

    def _votes(self, raw: Float32s, rated: tuple[Offsets, Ints], most: Floats, out: Numbers | None = None) -> Votes:
        votes = Votes(np.empty(raw.shape, np.float32) if out is None else out, np.empty(len(raw)), most)
        shares(raw, rated, self.canonical, votes)
        return votes

    def _raw(self, first: int, last: int, room: Numbers | None = None) -> Float32s:
        begin = max(first - first % TILE, self.model.first)
        end = min(first - first % TILE + TILE, self.model.last)
        if last > end:
            return self.model.scores(first, last)
        if self.tile.begin != begin:
            self.tile.fill(self.model, begin, end, room)
        return self.tile.scores[first - begin : last - begin]


def fit_neighbors(history: History, canonical: Ints, settings: Settings, runners: Runners | None = None) -> Similar:
    """The way the settings name, fitted to all listeners; ``runners``: who fits, none = this process, in memory.

    Where others do, the result only holds the model: who is near whom is found by those who open it for some listeners.
    """
    if settings.neighborhood == "co_rated":
        return CoRated(history, canonical, settings)
    threads = settings.threads or cpu_count() or 1
    open_runner = runners or (lambda _name: Here(threads))
    ratings, runner = history.as_stored("approval"), open_runner(MODEL_STORE)
    if not runner.store.has(OUTCOME):
        parameters = replace(Parameters(), seed=settings.seed)
        tuned = tune_votes(ratings, parameters, threads, history.in_catalog("last_day"), open_runner(TUNING_STORE))
        runner.put(tuned.arrays)
    tuned = Tuned.of(runner.store.arrays, settings.seed)
    model = Collaborative.fit(ratings, tuned.parameters, threads, runner, last=0 if runner.elsewhere else None)
    return Blended(history, canonical, settings, model, tuned.chance)


def neighbor_rows(history: History, near: Neighborhood, settings: Settings) -> pl.DataFrame:
    """Table ``neighbors`` of the block: the ``neighbors_kept`` with the largest weight, ties by listener."""
    row, order = near.strongest(settings.neighbors_kept)
    frame = pl.DataFrame(
        {
            "user_id": history.user_ids.gather(near.first + row),
            "neighbor_id": history.user_ids.gather(near.neighbors[order]),
            "similarity": near.similarity[order],
            "overlap": near.overlap[order],
            "weight": near.weight[order],
        }
    )
    return NEIGHBORS.shape(frame)
