"""Intervals: against scipy's bootstrap, and where they must be exact."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from recsys.evaluation.bootstrap import _BLOCK, intervals


def test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.3, 1.0, (_BLOCK + 500, 1))
    (result,) = intervals(values)
    peer = bootstrap((values[:, 0],), np.mean, n_resamples=2000, method="percentile", rng=rng).confidence_interval
    spread = float(peer.high - peer.low)
    assert result.mean == pytest.approx(values.mean())
    assert result.low == pytest.approx(peer.low, abs=0.1 * spread)
    assert result.high == pytest.approx(peer.high, abs=0.1 * spread)


def test_missing_listeners_do_not_count() -> None:
    values = np.column_stack([[1.0, np.nan, 1.0, 1.0], [np.nan] * 4, [0.5, 0.2, -0.5, -0.2]])
    sure, empty, unsure = intervals(values)
    assert sure == (1.0, 1.0, 1.0)
    assert np.isnan(empty).all()
    assert sure.beyond_zero
    assert not unsure.beyond_zero
    assert not empty.beyond_zero


def test_the_same_resamples_for_every_column() -> None:
    values = np.random.default_rng(2).random(300)
    first, second, apart = intervals(np.column_stack([values, values + 0.1, np.full(300, 0.1)]))
    assert second.low - first.low == pytest.approx(0.1)
    assert apart == pytest.approx((0.1, 0.1, 0.1))
