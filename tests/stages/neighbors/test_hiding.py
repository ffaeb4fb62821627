"""What choices are judged by: the future of a window, a listener's own latest, or a random part."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors import hiding
from recsys.stages.neighbors.hiding import FEWEST, HIDDEN, Window, hide, windows
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.tasks import Here, matrix_arrays
from tests.support.rated import groups

SMALL = Parameters(pool=12, kept=6, rank=6, als_rank=6, ridge=1.0)
RATED = groups(2 * FEWEST, 60, each=30)
TIMES = np.random.default_rng(1).permutation(RATED.nnz).astype(float)
Cells = dict[tuple[int, int], float]


def parts(window: Window | None, times: np.ndarray | None = TIMES, judged: int = RATED.shape[0], seed: int = 0) -> list[Cells]:
    """Listener and track of what is learnt from, and of what is looked for, with their ratings."""
    own = Here(1)
    own.put(matrix_arrays("sample", RATED) | ({} if times is None else {"times": times}))
    own.put(hide(own.store, replace(SMALL, seed=seed), judged, times is not None, window, threads=1))
    return [cells(own.store.matrix(name)) for name in ("rated", "test")]


def cells(matrix: csr_array, values: np.ndarray | None = None) -> Cells:
    return dict(zip(zip(*matrix.nonzero(), strict=True), matrix.data if values is None else values, strict=True))


WHEN = cells(RATED, TIMES)


def test_windows_are_the_last_tenth_and_those_before() -> None:
    three = windows(RATED, TIMES, RATED.shape[0], 3)
    assert len(three) == 3
    assert three[0].until == np.inf
    assert all(later.since == earlier.until for later, earlier in pairwise(three))
    for window in three:
        inside = (window.since <= TIMES) & (window.until > TIMES)
        assert inside.mean() == pytest.approx(HIDDEN, abs=1 / RATED.nnz)


@pytest.mark.parametrize("at", range(3))
def test_nothing_from_the_window_on_is_learnt_from(at: int) -> None:
    window = windows(RATED, TIMES, RATED.shape[0], 3)[at]
    known, hidden = parts(window)
    assert known.keys() == {cell for cell, time in WHEN.items() if time < window.since}
    past = {listener for listener, _ in known}
    inside = {cell for cell, time in WHEN.items() if window.since <= time < window.until}
    assert hidden.keys() == {cell for cell in inside if cell[0] in past}


def test_only_the_judged_are_looked_for_and_nobody_keeps_the_future() -> None:
    window = windows(RATED, TIMES, RATED.shape[0], 1)[0]
    known, hidden = parts(window, judged=FEWEST)
    assert {listener for listener, _ in hidden} <= set(range(FEWEST))
    assert known.keys() == parts(window)[0].keys()


def test_a_listener_without_a_past_is_not_looked_for() -> None:
    times = np.where(np.repeat(np.arange(RATED.shape[0]), np.diff(RATED.indptr)) == 7, 1e9, TIMES)
    known, hidden = parts(Window(float(np.quantile(TIMES, 0.9)), np.inf), times)
    assert not [cell for cell in [*known, *hidden] if cell[0] == 7]


def test_dislikes_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    signs = np.where(np.random.default_rng(2).random(RATED.nnz) < 0.3, -1.0, 1.0)
    monkeypatch.setitem(globals(), "RATED", csr_array((RATED.data * signs, RATED.indices, RATED.indptr), shape=RATED.shape))
    for window in (windows(RATED, TIMES, RATED.shape[0], 1)[0], None):
        _, hidden = parts(window)
        assert hidden
        assert min(hidden.values()) > 0


def test_what_has_no_time_is_of_the_past() -> None:
    times = np.where(np.arange(RATED.nnz) % 2 == 0, TIMES, np.nan)
    window = windows(RATED, times, RATED.shape[0], 1)[0]
    known, hidden = parts(window, times)
    unknown = {cell for cell, time in cells(RATED, times).items() if np.isnan(time)}
    assert unknown <= known.keys()
    assert not unknown & hidden.keys()


class TestNoWindow:
    """Each listener's own part is hidden instead."""

    def test_times_are_unknown(self) -> None:
        assert windows(RATED, None, RATED.shape[0], 3) == []
        assert windows(RATED, np.full(RATED.nnz, np.nan), RATED.shape[0], 3) == []

    def test_all_at_once(self) -> None:
        assert windows(RATED, np.ones(RATED.nnz), RATED.shape[0], 3) == []

    def test_every_listener_was_there_for_a_while_only(self) -> None:
        assert windows(RATED, np.arange(RATED.nnz, dtype=float), RATED.shape[0], 3) == []

    def test_few_are_judged(self) -> None:
        assert windows(RATED, TIMES, FEWEST - 1, 3) == []

    def test_the_latest_are_hidden(self) -> None:
        known, hidden = parts(None)
        for row, track in hidden:
            assert all(WHEN[row, other] < WHEN[row, track] for listener, other in known if listener == row)

    def test_without_times_at_random(self) -> None:
        assert parts(None, None)[1].keys() != parts(None, None, seed=1)[1].keys()
        assert len(parts(None, None)[1]) == pytest.approx(hiding.HIDDEN * RATED.nnz, rel=0.2)
