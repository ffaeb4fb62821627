"""Evidence for and against a name: by hand, against the formula name by name, and its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from recsys.matrices.netting import (
    ARTIST,
    HABIT,
    HABIT_POINTS,
    MOST_HABIT,
    TRACK,
    Netted,
    _together,
    base_rate,
    familiarity,
    netted,
    scaled,
    verdicts,
)
from recsys.matrices.taste import Evidence

POINTS = arrays(np.float64, (2, 4), elements=st.sampled_from([0.0, 0.25, 1.0, 3.0, 20.0]))
HABITS = arrays(np.float64, 2, elements=st.sampled_from([0.0, 0.1, 0.5, MOST_HABIT]))


def evidence(liked: list[list[float]], disliked: list[list[float]]) -> Evidence:
    return Evidence(*(csr_array(np.array(side)) for side in (liked, disliked)), np.full((len(liked), 12), np.nan))


def judged(good: list[float], bad: list[float], habit: float, doubt: float) -> tuple[list[float], list[float]]:
    """Net points and aversion of one subject."""
    result = verdicts(csr_array(np.array([good])), csr_array(np.array([bad])), np.array([habit]), doubt)
    return result.net.toarray()[0].tolist(), result.averse.toarray()[0].tolist()


def test_base_rate_by_hand() -> None:
    """Nobody known, four points against in twenty with five of doubt, and nothing but rejection."""
    rates = base_rate(evidence([[0, 0], [10, 6], [0, 0]], [[0, 0], [0, 4], [100, 0]]))
    assert rates == pytest.approx([HABIT, (4 + HABIT * HABIT_POINTS) / 25, MOST_HABIT])


def test_skips_within_the_habit_cancel_nothing() -> None:
    """One in five is the habit: of 8 plays, 2 skips are usual, 4 are two too many, 20 leave nothing."""
    net, _ = judged([8, 8, 8, 8], [0, 2, 4, 20], 0.2, ARTIST)
    assert net == pytest.approx([8, 8, 6, 0])


def test_aversion_begins_halfway_to_nothing_but_rejection() -> None:
    """Habit ½, doubt 1: from ¾ on. Of 9 against and 0 for (9 + ½) ÷ 10 = 0.95 is four fifths of the way."""
    _, averse = judged([0, 0, 3], [9, 1, 6], 0.5, 1.0)
    assert averse == pytest.approx([0.8, 0, 0])


def test_names_gather_the_points_of_their_tracks() -> None:
    members = csr_array(np.array([[1.0, 0], [1, 1], [0, 1]]))
    result = netted(evidence([[1, 2, 0]], [[0, 0, 50.0]]), members, np.array([0.0]), TRACK)
    assert result.net.toarray().tolist() == [[3, 0]]
    assert result.averse.toarray()[0] == pytest.approx([0, 2 * 50 / 52.5 - 1])


def test_familiarity_by_the_logarithm_of_the_greatest() -> None:
    net = csr_array(np.array([[np.e - 1, np.e**2 - 1, 0], [0, 0, 0]]))
    assert familiarity(Netted(net, net)).toarray() == pytest.approx(np.array([[0.5, 1, 0], [0, 0, 0]]))


def test_scaled_rows_without_names() -> None:
    assert scaled(csr_array((3, 0))).shape == (3, 0)


@pytest.mark.slow
@given(good=POINTS, bad=POINTS, base=HABITS, doubt=st.sampled_from([TRACK, ARTIST]))
def test_against_the_formula_name_by_name(good: np.ndarray, bad: np.ndarray, base: np.ndarray, doubt: float) -> None:
    result = verdicts(csr_array(good), csr_array(bad), base, doubt)
    for subject, habit in enumerate(base):
        for name in range(4):
            for_it, against = good[subject, name], bad[subject, name]
            net = averse = 0.0
            if for_it or against:
                net = for_it - max(0.0, against - for_it * habit / (1 - habit))
                middle = (1 + habit) / 2
                averse = ((against + doubt * habit) / (for_it + against + doubt) - middle) / (1 - middle)
            assert result.net.toarray()[subject, name] == pytest.approx(max(net, 0.0))
            assert result.averse.toarray()[subject, name] == pytest.approx(min(max(averse, 0.0), 1.0))
    for one in result:
        assert one.nnz == 0 or one.data.min() > 0


@given(good=POINTS, bad=POINTS, base=HABITS)
def test_a_name_is_never_both_liked_and_rejected(good: np.ndarray, bad: np.ndarray, base: np.ndarray) -> None:
    result = verdicts(csr_array(good), csr_array(bad), base, 0.0)
    assert (result.net.toarray() * result.averse.toarray() == 0).all()


@given(arrays(np.float64, (2, 3, 5), elements=st.sampled_from([0.0, 0.0, 0.5, 2.0])), st.booleans())
def test_entries_of_either_side_stand_together(points: np.ndarray, shared: bool) -> None:
    """Also where both sides share one pattern with zeros in it, and where a product left columns in any order."""
    good, bad = (csr_array(side) for side in points)
    if shared:
        pattern = csr_array(np.ones((3, 5)))
        good, bad = (csr_array((side.ravel(), pattern.indices, pattern.indptr), shape=(3, 5)) for side in points)
    else:
        good = csr_array((good.data[::-1], good.indices[::-1], np.r_[0, np.cumsum(np.diff(good.indptr)[::-1])]), shape=(3, 5))
    rows, columns, positive, negative = _together(good, bad)
    there = [(row, column) for row in range(3) for column in range(5) if shared or good[row, column] or bad[row, column]]
    assert [*zip(rows.tolist(), columns.tolist(), strict=True)] == there
    assert positive.tolist() == [good[place] for place in there]
    assert negative.tolist() == [bad[place] for place in there]
