"""Values as points, by hand and by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys.stages.candidates.kernels.scale import (
    CONTENT,
    POPULARITY,
    SIZE,
    VOTES,
    Multipliers,
    fill_columns,
    log_votes,
    mean_points,
    scale_of,
    total_points,
)
from recsys.tables import PARTS

EVERY = np.ones(3, np.bool_)


def table(**rows: list[float]) -> np.ndarray:
    values = np.zeros((SIZE, 3))
    for part, row in rows.items():
        values[{"content": CONTENT, "votes": VOTES, "popularity": POPULARITY}[part]] = row
    return values


def points(weight: list[float], votes: list[float], counted: np.ndarray = EVERY, **rows: list[float]) -> list[list[float]]:
    values = table(votes=votes, **rows)
    scale = scale_of(np.array(weight), log_votes(np.array(votes)), counted, values)
    out = np.empty((3, 2 * SIZE + 2))
    fill_columns(scale, values, Multipliers(np.ones(3), np.zeros(3)), np.arange(3), out)
    return [[round(value, 6) for value in row] for row in out[:, SIZE : 2 * SIZE].T]


def test_the_parts_are_those_of_the_contract() -> None:
    assert len(PARTS) == SIZE


def test_one_part_runs_from_nothing_to_all() -> None:
    assert points([1, 0, 0, 0, 0, 0], [1, 1, 1], content=[0.2, 0.6, 0.4])[CONTENT] == [0, 100, 50]


def test_a_negative_weight_wants_the_least() -> None:
    assert points([0, 0, -2, 0, 0, 0], [1, 1, 1], popularity=[0.2, 0.6, 0.4])[POPULARITY] == [100, 0, 50]


def test_equal_spreads_share_by_weight() -> None:
    own = points([3, 0, 1, 0, 0, 0], [1, 1, 1], content=[0, 1, 0.5], popularity=[20, 0, 10])
    assert own[CONTENT] == [0, 75, 37.5]
    assert own[POPULARITY] == [25, 0, 12.5]


def test_votes_count_by_their_logarithm_over_the_last_of_the_first_hundred() -> None:
    """Knee 0.25: log 2, log 3 and log 5."""
    first, second, third = np.log([2, 3, 5])
    assert points([0, 1, 0, 0, 0, 0], [0.25, 0.5, 1])[VOTES] == [0, round(100 * (second - first) / (third - first), 6), 100]


def test_who_does_not_count_is_measured_and_may_pass_the_best() -> None:
    counted = np.array([True, True, False])
    assert points([1, 0, 0, 0, 0, 0], [1, 1, 1], counted, content=[0.2, 0.6, 0.8])[CONTENT] == [0, 100, 150]
    assert points([1, 0, 0, 0, 0, 0], [1, 1, 1], counted, content=[0.2, 0.6, 0.0])[CONTENT] == [0, 100, 0]


def test_equal_candidates_and_none() -> None:
    assert points([1, 1, 1, 1, 1, 1], [0, 0, 0]) == [[0, 0, 0]] * SIZE
    empty = scale_of(np.ones(SIZE), log_votes(np.empty(0)), np.empty(0, np.bool_), np.empty((SIZE, 0)))
    assert total_points(empty, np.empty((SIZE, 0)), Multipliers(np.empty(0), np.empty(0))).size == 0


def test_mean_points_are_of_the_first_candidates() -> None:
    columns, out = np.arange(3.0 * (2 * SIZE + 2)).reshape(3, -1), np.full(SIZE, np.nan)
    mean_points(columns, 2, out)
    assert out.tolist() == columns[:2, SIZE : 2 * SIZE].mean(axis=0).tolist()
    mean_points(columns, 0, out)
    assert out.tolist() == [0.0] * SIZE


def test_safety_multiplies_and_promotion_adds() -> None:
    values = table(content=[0, 1, 0.5])
    scale = scale_of(np.array([1.0, 0, 0, 0, 0, 0]), log_votes(np.ones(3)), EVERY, values)
    totals = total_points(scale, values, Multipliers(np.array([1.0, 0.5, 0.0]), np.array([1.0, 2.0, 3.0])))
    assert totals.tolist() == pytest.approx([1, 52, 3])


SHARES = st.floats(0, 1, width=32)


@pytest.mark.slow
@given(arrays(np.float64, (SIZE, 12), elements=SHARES), arrays(np.float64, 12, elements=SHARES), st.floats(0.125, 8))
def test_a_part_means_the_same_in_any_unit(values: np.ndarray, votes: np.ndarray, unit: float) -> None:
    weight, counted, none = (
        np.array([1.0, 2.0, -0.5, 0.5, 1.0, 0.0]),
        np.ones(12, np.bool_),
        Multipliers(np.ones(12), np.zeros(12)),
    )
    once = total_points(scale_of(weight, log_votes(votes), counted, values), values, none)
    scaled = values * np.array([1, 1, unit, 1, 1, 1])[:, None]
    again = total_points(scale_of(weight, log_votes(votes), counted, scaled), scaled, none)
    np.testing.assert_allclose(once, again, atol=1e-6)
    assert once.max() <= 100 + 1e-9
    assert once.min() >= 0
