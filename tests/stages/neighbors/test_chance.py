"""Chance: the coefficients of a known world, and what a probability has to be."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.stages.neighbors.chance import Chance, fit_chance

TRUTH = Chance(-4.0, 1.5, 0.4)


def world(count: int = 60_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    scores, sizes = random.gamma(2.0, 1.0, count), random.integers(1, 400, count)
    odds = TRUTH.intercept + TRUTH.score * np.log(scores) + TRUTH.size * np.log(sizes)
    return scores, sizes, random.random(count) < 1 / (1 + np.exp(-odds))


def test_coefficients_of_a_known_world() -> None:
    assert np.array(fit_chance(*world())) == pytest.approx(np.array(TRUTH), abs=0.1)


def test_calibrated() -> None:
    scores, sizes, hits = world()
    chance = fit_chance(scores, sizes, hits).of(scores[:, None], sizes)[:, 0]
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        part = (chance >= low) & (chance < high)
        assert chance[part].mean() == pytest.approx(hits[part].mean(), abs=0.02)


def test_rises_with_the_score_and_is_zero_without() -> None:
    result = TRUTH.of(np.array([[-1.0, 0.0, 0.5, 2.0], [0.0, 0.1, 1.0, 1e9]]), np.array([10, 300]))
    assert result[:, 0].tolist() == [0.0, 0.0]
    assert (np.diff(result, axis=1) >= 0).all()
    assert result.max() <= 1.0
    assert result[0, 3] == pytest.approx(1 / (1 + np.exp(4.0 - 1.5 * np.log(2) - 0.4 * np.log(10))))


@pytest.mark.parametrize("hits", [np.zeros(5, bool), np.ones(5, bool), np.array([0, 0, 0, 1, 1], bool)])
def test_one_sided_and_separable_stay_finite(hits: np.ndarray) -> None:
    chance = fit_chance(np.arange(1.0, 6.0), np.full(5, 7), hits)
    assert np.isfinite(chance).all()


def test_nothing_to_learn_from() -> None:
    assert np.isfinite(fit_chance(np.zeros(3), np.ones(3, int), np.zeros(3, bool))).all()
