"""Baselines on two circles of listeners whose tracks do not overlap, and against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.evaluation import baselines
from recsys.evaluation.baselines import BASELINES, NotInstalledError, top_listed

LEARNING = [name for name in BASELINES if name not in ("popularity", "random")]


@pytest.fixture(scope="module")
def circles() -> csr_array:
    """40 listeners × 30 tracks; even listeners know even tracks, odd ones odd tracks, 9 of 15 each."""
    rng = np.random.default_rng(0)
    rows = np.zeros((40, 30))
    for user in range(40):
        rows[user, 2 * rng.permutation(15)[:9] + user % 2] = rng.integers(1, 5, 9)
    return csr_array(rows)


@pytest.mark.parametrize("name", BASELINES)
def test_nothing_known_and_nothing_twice(circles: csr_array, name: str) -> None:
    lists = top_listed(BASELINES[name](circles, 0), circles, 21)
    known = circles.toarray() > 0
    for user, row in enumerate(lists):
        assert sorted(row) == sorted(np.flatnonzero(~known[user]))
    assert (top_listed(BASELINES[name](circles, 0), circles, 21) == lists).all()


@pytest.mark.parametrize("name", LEARNING)
def test_finds_the_listeners_circle(circles: csr_array, name: str) -> None:
    lists = top_listed(BASELINES[name](circles, 0), circles, 6)
    assert (lists % 2 == np.arange(40)[:, None] % 2).mean() > 0.95


def test_popularity_is_the_same_order_for_all(circles: csr_array) -> None:
    heard = np.bincount(circles.indices, minlength=30)
    for row in top_listed(BASELINES["popularity"](circles, 0), circles, 21):
        assert (np.diff(heard[row]) <= 0).all()


def test_item_cosine_by_its_definition(circles: csr_array) -> None:
    binary = (circles.toarray() > 0).astype(float)
    unit = binary / np.linalg.norm(binary, axis=0)
    cosine = unit.T @ unit
    np.fill_diagonal(cosine, 0.0)
    assert baselines.item_cosine(circles, 0)(3, 9) == pytest.approx((binary @ cosine)[3:9])


def test_ease_by_its_definition(circles: csr_array) -> None:
    binary = (circles.toarray() > 0).astype(float)
    inverse = np.linalg.inv(binary.T @ binary + 10.0 * np.eye(30))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    assert baselines.ease(circles, 0, 10.0)(0, 40) == pytest.approx(binary @ weights, abs=1e-4)


def test_what_is_too_large_is_said(circles: csr_array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "_DENSE", 39)
    with pytest.raises(NotInstalledError, match="40 listeners; EASE is solved for at most 39"):
        baselines.ease(circles, 0)


@pytest.mark.parametrize("name", BASELINES)
def test_nobody_and_nothing_known(name: str) -> None:
    empty = csr_array((2, 3))
    assert top_listed(BASELINES[name](empty, 0), empty, 5).shape == (2, 5)
