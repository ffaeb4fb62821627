"""The best of many scores, and ranks, against sorting."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.stages.candidates.kernels.selection import keep, raise_bar, ranks


@given(seed=st.integers(0, 10**6), most=st.integers(1, 6), levels=st.sampled_from([2, 5, 1000]))
def test_a_pool_holds_the_best_whatever_the_spans(seed: int, most: int, levels: int) -> None:
    """Tracks come in spans; in the end the pool has the best candidates in track order, of equals the first."""
    rng = np.random.default_rng(seed)
    scores, rules = rng.integers(0, levels, 60) / levels, rng.integers(0, 2, 60).astype(np.uint8)
    pool, marks, size, bar = np.empty(3 * most + 1, np.int32), np.empty(3 * most + 1), np.zeros(1, np.int64), -np.inf
    for begin in range(0, 60, 7):
        span = np.arange(begin, min(begin + 7, 60), dtype=np.int32)
        bar = keep(scores[span], span, rules, most, bar, (pool, marks, size))
    raise_bar(most, pool, marks, size[0])
    left = pool[: min(most, size[0])]
    best = sorted(np.flatnonzero(rules == 0), key=lambda track: (-scores[track], track))[:most]
    assert left.tolist() == sorted(best)
    assert marks[: len(left)].tolist() == scores[left].tolist()


@given(seed=st.integers(0, 10**6), spread=st.sampled_from([1, 3, 1000]))
def test_ranks(seed: int, spread: int) -> None:
    rng = np.random.default_rng(seed)
    indptr = np.r_[0, np.cumsum(rng.integers(0, 40, 4))]
    scores = rng.integers(0, spread, indptr[-1]) / spread
    chosen = [rng.permutation(size)[: rng.integers(0, 9)].astype(np.int32) for size in np.diff(indptr)]
    kept = np.r_[0, np.cumsum([len(places) for places in chosen])]
    expected = []
    for begin, end, places in zip(indptr, indptr[1:], chosen, strict=False):
        order = sorted(range(end - begin), key=lambda place, begin=begin: (-scores[begin + place], place))
        expected += [order.index(place) + 1 for place in places]
    assert ranks(indptr, scores, kept, np.concatenate(chosen)).tolist() == expected
