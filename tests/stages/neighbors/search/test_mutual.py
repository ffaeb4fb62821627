"""Candidates hold the nearest, whoever of a pair is met first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.stages.neighbors.search import tiles as module
from recsys.stages.neighbors.search.correlation import moments, sparse
from recsys.stages.neighbors.search.mutual import Candidates, gather_pairs
from recsys.stages.neighbors.search.tiles import catalogue_tiles
from recsys.stages.neighbors.search.workers import WorkerPool
from tests.stages.neighbors.search.test_nearest import brute_force
from tests.support.rated import groups, long_tail, matrix

RATING = st.sampled_from([-2.0, -0.3, 0.0, 0.2, 0.45, 0.9, 1.0, 3.7])
ROWS = st.lists(st.dictionaries(st.integers(0, 7), RATING, max_size=8), min_size=1, max_size=9)


def narrowed(rated: csr_array, k: int, threads: int = 1) -> Candidates:
    rows, tracks = sparse(rated), rated.shape[1]
    with WorkerPool(threads) as workers:
        return gather_pairs(catalogue_tiles(rows, tracks, moments(rows, tracks), workers), k, workers)


def assert_nearest_are_candidates(rated: csr_array, k: int, some: Candidates) -> None:
    similarity, overlap = brute_force(rated, "catalogue")
    similarity = np.where(overlap > 0, similarity, 0.0)
    for user, row in enumerate(similarity):
        kept = some.indices[user, : some.number[user]]
        assert len(set(kept.tolist())) == kept.size
        assert user not in kept
        best = np.sort(row)[::-1][:k]
        surely = np.flatnonzero((row > 0) & (row >= best[-1] + 1e-12))
        assert some.crowded[user] or set(surely.tolist()) <= set(kept.tolist())


@pytest.mark.slow
@given(ROWS, st.integers(1, 12))
def test_any_ratings(rows: list[dict[int, float]], k: int) -> None:
    rated = matrix(rows, 8)
    assert_nearest_are_candidates(rated, k, narrowed(rated, k))


@pytest.mark.slow
@pytest.mark.parametrize(
    "rated",
    [long_tail(150, 80, 3000), groups(150, 60), long_tail(150, 80, 900, disliked=0.5)],
    ids=["long tail", "groups", "disliked"],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_small_tiles(rated: csr_array, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TILE", {1: 32, 6: 32})
    assert_nearest_are_candidates(rated, 6, narrowed(rated, 6, threads))


def test_few_more_than_the_nearest() -> None:
    some = narrowed(long_tail(600, 80, 12_000), 20)
    assert not some.crowded.any()
    assert some.number.max() <= 24


def test_who_shares_nothing_is_nobodys_candidate() -> None:
    """Of users with means of both signs those who share nothing correlate above 0, and above their real neighbours."""
    random = np.random.default_rng(3)
    picks = [random.choice(20, 8, replace=False) for _ in range(120)]
    rows = [{int(track) + 20 * (at % 3): random.gamma(2, 1) * (-1 if at % 3 else 1) for track in picks[at]} for at in range(120)]
    some = narrowed(matrix(rows, 60), 20, 2)
    shown = [some.indices[user, : some.number[user]] for user in range(120) if not some.crowded[user]]
    whose = [user for user in range(120) if not some.crowded[user]]
    assert len(whose) > 60
    assert all((near % 3 == user % 3).all() for user, near in zip(whose, shown, strict=True))


def test_too_many_as_similar_as_each_other() -> None:
    some = narrowed(matrix([{0: 1.0}] * 300 + [{1: 2.0, 2: 3.0}], 4), 5)
    assert some.crowded.tolist() == [True] * 300 + [False]
    assert not some.number.any()
