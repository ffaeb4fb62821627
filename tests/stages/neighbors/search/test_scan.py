"""A user's correlations with a band are the exact ones, up to the radius, and never below the floor where they are above 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.stages.neighbors.search import bands as module
from recsys.stages.neighbors.search.bands import Bands
from recsys.stages.neighbors.search.scan import mark_sharers, scan_band
from recsys.stages.neighbors.search.tiles import LOWEST
from tests.stages.neighbors.search.test_bands import laid_out
from tests.stages.neighbors.search.test_nearest import brute_force
from tests.support.rated import long_tail, matrix

RATING = st.sampled_from([-1.0, 0.0, 0.2, 0.45, 0.45000001, 0.9, 1.0, 3.7, 1e6])
ROWS = st.lists(st.dictionaries(st.integers(0, 7), RATING, max_size=8), min_size=2, max_size=9)
WORLDS = [long_tail(150, 40, 2200), long_tail(150, 40, 2200, disliked=0.5), long_tail(200, 30, 800), 1e6 * long_tail(90, 9, 300)]


def scanned(bands: Bands, place: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlations with everybody by place, and who shares a track."""
    middles, marks = list[np.ndarray](), list[np.ndarray]()
    for band, width in enumerate(np.diff(bands.first)):
        middles.append(np.full(width, np.nan, np.float32))
        marks.append(np.full(width, 7, np.uint8))
        scan_band(bands, place, band, middles[-1])
        mark_sharers(bands, place, band, marks[-1])
    return np.concatenate(middles), np.concatenate(marks)


def assert_scanned(rated: csr_array) -> None:
    exact, overlap = brute_force(rated, "catalogue")
    bands = laid_out(rated)
    there = bands.order >= 0
    for place in np.flatnonzero(there):
        user = bands.order[place]
        middle, sharers = scanned(bands, int(place))
        others = there & (bands.order != user)
        real, shared = exact[user, bands.order[others]], overlap[user, bands.order[others]] > 0
        assert (sharers[others] == shared).all()
        assert (middle[~there] == LOWEST).all()
        sure = np.abs(real) > 0
        assert (np.abs(middle[others] - real)[sure] <= bands.radius[place]).all()
        assert (middle[others][shared & (real > 0)] >= np.float32(bands.floor[place])).all()


@pytest.mark.slow
@given(ROWS)
def test_any_ratings(rows: list[dict[int, float]]) -> None:
    assert_scanned(matrix(rows, 8))


@pytest.mark.slow
@pytest.mark.parametrize("rated", WORLDS, ids=["plain", "dislikes", "sparse", "large numbers"])
def test_long_tails(rated: csr_array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WIDTH", 64)
    assert_scanned(rated)


def test_by_hand() -> None:
    """Without the rest of the catalogue, a correlation is that of two short rows; the first row has most ratings."""
    bands = laid_out(matrix([{0: 1.0}, {0: 2.0, 1: 2.0}, {2: 4.0}, {0: 4.0, 2: 4.0}], 4))
    middle, sharers = scanned(bands, 0)
    assert bands.order[:4].tolist() == [1, 3, 0, 2]
    np.testing.assert_allclose(middle[:4], [1.0, 0.0, 1 / np.sqrt(3), -1 / np.sqrt(3)], atol=1e-6)
    assert sharers[:4].tolist() == [1, 1, 1, 0]


def test_strangers_stay_below_the_floor() -> None:
    """Even where everyone rated one of very many tracks, so that strangers correlate by almost nothing."""
    bands = laid_out(matrix([{user: 1.0 + user} for user in range(40)], 2_000_000))
    middle, _ = scanned(bands, 3)
    assert (np.delete(middle, 3) < np.float32(bands.floor[3])).all()
    assert middle[3] == pytest.approx(1.0)
