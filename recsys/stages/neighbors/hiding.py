"""Hidden parts of the ratings, by which choices are judged.

Where times are known, a part is what listeners came to like in a window of time. What anybody rated from then on is not known
either, as in a run at that moment: the future likes other tracks than those missing at random. Where too few listeners were there
before and in the window, each one's own latest part is hidden; without times a random one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from recsys.evaluation.splits import divided, drawn
from recsys.matrices.arrays import Flags, Floats
from recsys.stages.neighbors.fitting import correlated, learned_arrays
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.tasks import Arrays, ArrayStore, matrix_arrays

HIDDEN = 0.1
"""Share of the ratings, of each judged listener's or by time of all: as little as can be judged by, for what is left has to
resemble the whole."""
FEWEST = 100
"""With fewer listeners to judge than this chance would decide."""


class Window(NamedTuple):
    """Of the ratings ``since`` (inclusive) ``until`` (exclusive) the liked ones are hidden; none from ``since`` on is known."""

    since: float
    until: float


def windows(sample: csr_array, times: Floats | None, judged: int, most: int) -> list[Window]:
    """The last share ``HIDDEN`` of all ratings by time, the one before, …, at most ``most``.

    Only such as hide ratings of at least ``FEWEST`` of the ``judged`` first listeners; none without ``times``, one a rating.
    """
    if times is None or np.isnan(times).all():
        return []
    bounds = np.nanquantile(times, [max(1.0 - HIDDEN * part, 0.0) for part in range(1, most + 1)]).tolist()
    parts = [Window(since, until) for since, until in zip(bounds, [np.inf, *bounds], strict=False)]
    of = _listeners(sample)
    return [part for part in parts if np.unique(of[_hidden(sample, times, judged, part)]).size >= FEWEST]


def hide(store: ArrayStore, parameters: Parameters, judged: int, dated: bool, window: Window | None, *, threads: int) -> Arrays:
    """Hides part of the ratings of the ``judged`` first listeners of ``sample``: those in the ``window``, if any, else the latest
    where ``dated``; what is left, standardised, and its factors."""
    sample, times = store.matrix("sample"), store["times"] if dated else None
    if window is not None and times is not None:
        train = divided(sample, times >= window.since).train
        test = divided(sample, _hidden(sample, times, judged, window)).test
    else:
        hidden = drawn(sample, HIDDEN, parameters.seed, times) & (_listeners(sample) < judged) & (sample.data > 0.0)
        train, test = divided(sample, hidden)
    return {**learned_arrays(correlated(train, parameters, threads)), **matrix_arrays("test", test[:judged])}


def _hidden(sample: csr_array, times: Floats, judged: int, window: Window) -> Flags:
    """What judged listeners with a past like in the window, one flag a rating; a rating without a time is of the past."""
    of, past = _listeners(sample), ~(times >= window.since)
    known = np.bincount(of[past], minlength=sample.shape[0])[of] > 0
    flags: Flags = ~past & (times < window.until) & (sample.data > 0.0) & known & (of < judged)
    return flags


def _listeners(sample: csr_array) -> np.ndarray:
    return np.repeat(np.arange(sample.shape[0]), np.diff(sample.indptr))
