"""Counting finds what sorting finds."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.stages.neighbors.search.ranks import (
    GROUPED,
    RANKED_AT_ONCE,
    blank_hits,
    blank_ranks,
    find_ranked,
    group_maxima,
    outranks,
    rank_all,
    reached_by,
)


def test_found_places_are_those_of_the_mask() -> None:
    hits = blank_hits(64)
    for chosen in ([], [0], [63], [7, 8, 9, 40], list(range(64))):
        hits.mask[:] = 0
        hits.mask[chosen] = 1
        assert hits.places[: find_ranked(hits)].tolist() == chosen


def test_before_counts_who_stands_first() -> None:
    similarity, index = np.array([0.5, 0.9, 0.5, 0.5]), np.array([7, 3, 2, 9], np.int32)
    ranks = [outranks(similarity, index, one, int(at)) for one, at in zip(similarity, index, strict=True)]
    assert ranks == [2, 0, 1, 3]


@pytest.mark.parametrize("k", [1, 5, 40])
def test_the_bound_is_reached_by_k_and_few_more(k: int) -> None:
    values = np.random.default_rng(1).random(50).astype(np.float32)
    bound = reached_by(values, k, np.float32(0))
    assert k <= (values >= bound).sum() <= k + k // 16
    assert reached_by(values, 51, np.float32(0.25)) == np.float32(0.25)
    assert reached_by(np.full(50, 0.5, np.float32), k, np.float32(0)) <= 0.5


def ranked(values: np.ndarray, index: np.ndarray) -> list[int]:
    scratch = blank_ranks(values.size)
    for array in scratch:
        array[:] = 99
    rank_all(values, index, scratch, values.size)
    assert scratch.order.size % RANKED_AT_ONCE == 0
    return scratch.order[: values.size].tolist()


@pytest.mark.parametrize("size", [0, 1, 7, 31, 32, 52, 100])
@pytest.mark.parametrize("distinct", [3, 10**6])
def test_order_of_all_at_once(size: int, distinct: int) -> None:
    random = np.random.default_rng(size)
    values, index = random.integers(0, distinct, size) / distinct, random.permutation(size).astype(np.int32)
    assert ranked(values, index) == np.lexsort((index, -values)).tolist()


def test_order_of_those_that_one_float32_stands_for() -> None:
    random = np.random.default_rng(8)
    values, index = 0.5 + random.integers(0, 5, 60) * 1e-12, random.permutation(60).astype(np.int32)
    assert np.unique(values.astype(np.float32)).size == 1
    assert ranked(values, index) == np.lexsort((index, -values)).tolist()


@pytest.mark.parametrize("size", [8, 24])
def test_greatest_of_each_group(size: int) -> None:
    values, greatest = np.random.default_rng(3).random(GROUPED * size).astype(np.float32), np.empty(size, np.float32)
    group_maxima(values, greatest)
    assert (greatest == values.reshape(GROUPED, size).max(axis=0)).all()
    for k in range(1, size + 1):
        assert np.sort(greatest)[-k] <= np.sort(values)[-k]
