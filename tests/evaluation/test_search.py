"""The search for settings: the votes are fitted once, nothing is lost, and chance is called chance."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys.evaluation.bootstrap import Interval
from recsys.evaluation.pairs import pairs_task, validation
from recsys.evaluation.search import Searched, Trial, apart, search_settings, tuned_settings, verdict
from recsys.settings import Settings

VALUES = {"collab_weight": 3.0}


def trial(accuracy: float) -> Trial:
    return Trial(VALUES, np.array([accuracy, np.nan]), 0.5, 0.5)


def test_difference_of_lists() -> None:
    assert apart(np.array([[1, 2, -1]]), np.array([[2, 1, -1]])) == 0.0
    assert apart(np.array([[1, 2], [3, 4]]), np.array([[2, 5], [6, 7]])) == pytest.approx(3 / 4)
    assert apart(np.full((2, 2), -1), np.full((2, 2), -1)) == 0.0


def test_file_and_verdict() -> None:
    chance = Searched(trial(0.2), trial(0.21), Interval(0.01, -0.01, 0.03), 5)
    text = tuned_settings(chance, {"data": "here"})
    assert text.startswith("# data: here\n# ndcg@10: 0.2000 -> 0.2100\n")
    assert text.endswith("collab_weight = 3.0\n")
    assert "within chance" in text
    assert verdict(Searched(trial(0.2), trial(0.3), Interval(0.1, 0.05, 0.2), 5)) == "beyond chance"


@pytest.mark.slow
def test_search_never_ends_below_its_start() -> None:
    rng = np.random.default_rng(0)
    rows = [(f"u{user:02d}", f"t{2 * int(item) + user % 2:02d}", 1.0) for user in range(30) for item in rng.permutation(20)[:14]]
    pairs = pl.DataFrame(rows, ["user_id", "item_id", "value"], orient="row")
    learnt, hidden = validation(pairs)
    assert learnt.height + hidden.height == pairs.height
    assert 0.1 < hidden.height / pairs.height < 0.3
    result = search_settings(pairs_task(learnt, hidden), Settings(collab_weight=0.25), 4)
    assert result.best.aims[0] >= result.start.aims[0]
    assert result.gain.mean == pytest.approx(result.best.aims[0] - result.start.aims[0])
    assert search_settings(pairs_task(learnt, hidden), Settings(collab_weight=0.25), 4).best.values == result.best.values
