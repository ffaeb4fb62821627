"""Candidates hold the nearest, whoever of a pair is met first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.stages.neighbors.search import bands as module
from recsys.stages.neighbors.search.bands import by_popularity, in_bands
from recsys.stages.neighbors.search.correlation import moments, sparse
from recsys.stages.neighbors.search.mutual import OTHER, Candidates, _meetings, gather_pairs
from recsys.stages.neighbors.search.workers import WorkerPool
from tests.stages.neighbors.search.test_nearest import brute_force
from tests.support.rated import groups, long_tail, matrix

RATING = st.sampled_from([-2.0, -0.3, 0.0, 0.2, 0.45, 0.9, 1.0, 3.7])
ROWS = st.lists(st.dictionaries(st.integers(0, 7), RATING, max_size=8), min_size=1, max_size=9)


def narrowed(rated: csr_array, k: int, threads: int = 1) -> Candidates:
    rows, tracks = sparse(rated), rated.shape[1]
    with WorkerPool(threads) as workers:
        return gather_pairs(in_bands(by_popularity(rows, tracks), tracks, moments(rows, tracks), workers), k, workers)


def by_user(some: Candidates) -> dict[int, list[int]]:
    """The candidates of all but the crowded."""
    places = {place: int(user) for place, user in enumerate(some.order) if user >= 0 and not some.crowded[place]}
    return {user: some.order[(some.words[at, : some.number[at]] & OTHER).astype(int)].tolist() for at, user in places.items()}


def assert_nearest_are_candidates(rated: csr_array, k: int, some: Candidates) -> None:
    similarity, overlap = brute_force(rated, "catalogue")
    similarity = np.where(overlap > 0, similarity, 0.0)
    for user, listed in by_user(some).items():
        row = similarity[user]
        assert len(set(listed)) == len(listed)
        assert user not in listed
        best = np.sort(row)[::-1][:k]
        surely = np.flatnonzero((row > 0) & (row >= best[-1] + 1e-12))
        assert set(surely.tolist()) <= set(listed)
    assert not similarity[np.setdiff1d(np.arange(len(similarity)), some.order)].any()


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
def test_narrow_bands(rated: csr_array, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WIDTH", 64)
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
    listed = by_user(narrowed(matrix(rows, 60), 20, 2))
    assert len(listed) > 60
    assert all((np.array(near) % 3 == user % 3).all() for user, near in listed.items())


def test_too_many_as_similar_as_each_other() -> None:
    some = narrowed(matrix([{0: 1.0}] * 300 + [{1: 2.0, 2: 3.0}], 4), 5)
    assert sorted(some.order[some.crowded].tolist()) == list(range(300))
    assert not some.number.any()


def test_each_band_meets_the_others_in_their_order() -> None:
    met = _meetings(5)
    assert sorted(met) == [(first, second) for first in range(5) for second in range(first, 5)]
    for band in range(5):
        others = [first + second - band for first, second in met if band in (first, second)]
        assert others == sorted(others)
