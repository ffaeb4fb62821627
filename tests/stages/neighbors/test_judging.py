"""Choices are judged on hidden parts, whichever part of the listeners a task judges."""

from __future__ import annotations

import gc
from dataclasses import replace
from weakref import ref

import numpy as np
import pytest

from recsys.stages.neighbors.judging import Judging
from recsys.stages.neighbors.model import TILE, Parameters
from recsys.stages.neighbors.tasks import Here, matrix_arrays
from tests.support.rated import groups

SMALL = Parameters(pool=12, kept=6, rank=6, als_rank=6, ridge=1.0)
RATED = groups(2 * TILE + 10, 60)


def judging(workers: int, times: np.ndarray | None = None) -> Judging:
    here = Here(1)
    here.workers = workers
    here.put(matrix_arrays("sample", RATED) | ({} if times is None else {"times": times}))
    return Judging(here, [replace(SMALL, seed=seed) for seed in (0, 1)], RATED.shape[0], times is not None)


@pytest.mark.slow
def test_what_was_judged_goes_with_who_judged_it() -> None:
    """Without a look for what only holds itself: arrays of all rounds would stay until there is one."""
    one = judging(1)
    one.best([SMALL])
    store = ref(one._runner.store)
    gc.disable()
    try:
        del one
        assert store() is None
    finally:
        gc.enable()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3, 50])
def test_any_number_of_workers(workers: int) -> None:
    choices = [SMALL, replace(SMALL, als_share=0.0), replace(SMALL, track_share=0.3)]
    one, many = judging(1), judging(workers)
    assert one.best(choices) == many.best(choices)
    for choice in choices:
        np.testing.assert_array_equal(one._gains[choice], many._gains[choice])
        assert len(one._gains[choice]) == 2 * RATED.shape[0]
    assert one.chance(choices[0]) == many.chance(choices[0])


@pytest.mark.slow
def test_a_choice_is_surely_better_only_beyond_its_standard_error() -> None:
    judged = judging(1)
    judged._gains = {SMALL: np.zeros(4), replace(SMALL, ridge=2.0): np.array([0.1, 0.1, 0.2, np.nan])}
    assert judged.surely(SMALL, replace(SMALL, ridge=2.0))
    judged._gains[replace(SMALL, ridge=2.0)] = np.array([0.9, -0.8, 0.0, np.nan])
    assert not judged.surely(SMALL, replace(SMALL, ridge=2.0))


@pytest.mark.slow
@pytest.mark.parametrize(("gains", "first"), [((0.10, 0.11, 0.12), 1), ((0.12, 0.11, 0.10), 1), ((0.05, 0.05, 0.5), 4)])
def test_the_first_choice_that_none_surely_beats(gains: tuple[float, ...], first: int) -> None:
    judged, noise = judging(1), np.array([-0.2, 0.2, 0.1, -0.1, np.nan])
    choices = [replace(SMALL, ridge=ridge) for ridge in (1.0, 2.0, 4.0)]
    judged._gains = {choice: gain + noise * at for at, (choice, gain) in enumerate(zip(choices, gains, strict=True))}
    assert judged.first_as_good(choices).ridge == first


@pytest.mark.slow
def test_rank_and_ridge_are_judged_apart() -> None:
    judged = judging(1)
    choices = [SMALL, replace(SMALL, rank=2), replace(SMALL, ridge=30.0), replace(SMALL, track_share=0.3, ridge=30.0)]
    judged._judge(choices)
    gains = [judged._gains[choice] for choice in choices]
    assert not any(np.array_equal(one, other) for at, one in enumerate(gains) for other in gains[at + 1 :])


@pytest.mark.slow
@pytest.mark.parametrize(("gains", "taken"), [((0.10, 0.11, 0.12), 1), ((0.05, 0.5, 0.9), 4), ((0.05, 0.9, 0.5), 2)])
def test_another_choice_is_taken_only_where_it_is_surely_better(gains: tuple[float, ...], taken: int) -> None:
    judged, noise = judging(1), np.array([-0.2, 0.2, 0.1, -0.1, np.nan])
    chosen, *others = (replace(SMALL, ridge=ridge) for ridge in (1.0, 2.0, 4.0))
    judged._gains = {choice: gain + noise * at for at, (choice, gain) in enumerate(zip((chosen, *others), gains, strict=True))}
    assert judged.surely_best(chosen, others).ridge == taken
