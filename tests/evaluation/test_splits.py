"""Splits: nothing lost, nothing in both parts, and no future among what is learnt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.evaluation.splits import Split, divided, drawn, hold_out, time_travel
from tests.support.rated import Rows, long_tail, matrix

RATED = long_tail(40, 30, 500, disliked=0.1)
ROWS = st.lists(st.dictionaries(st.integers(0, 5), st.sampled_from([-1.0, 0.0, 2.0]), max_size=6), max_size=5)


def cells(one: csr_array) -> set[tuple[int, int, float]]:
    """Stored ratings, zeros too."""
    rows = np.repeat(np.arange(one.shape[0]), np.diff(one.indptr))
    return set(zip(rows.tolist(), one.indices.tolist(), one.data.tolist(), strict=True))


def assert_parts(split: Split, ratings: csr_array) -> None:
    assert split.train.shape == split.test.shape == ratings.shape
    assert cells(split.train) | cells(split.test) == cells(ratings)
    assert split.train.nnz + split.test.nnz == ratings.nnz


class TestHoldOut:
    @pytest.mark.slow
    @given(ROWS, st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.integers(0, 3))
    def test_every_rating_in_one_part_and_no_listener_empty(self, rows: Rows, share: float, seed: int) -> None:
        ratings = matrix(rows, 6)
        split = hold_out(ratings, share, seed)
        assert_parts(split, ratings)
        filled = np.diff(ratings.indptr)
        assert np.diff(split.test.indptr).tolist() == [min(round(share * n), max(n - 1, 0)) for n in filled.tolist()]

    def test_same_seed_same_split(self) -> None:
        one, two, other = (cells(hold_out(RATED, 0.2, seed).test) for seed in (3, 3, 4))
        assert one == two != other

    def test_a_listener_more_does_not_move_those_before(self) -> None:
        fewer = hold_out(RATED[:20], 0.2, 1)
        assert cells(fewer.test) == {cell for cell in cells(hold_out(RATED, 0.2, 1).test) if cell[0] < 20}

    def test_every_rating_is_as_likely(self) -> None:
        ratings = matrix([dict.fromkeys(range(5), 1.0)], 5)
        counts = sum(hold_out(ratings, 0.2, seed).test.toarray()[0] for seed in range(500))
        assert counts.sum() == 500
        assert counts.min() > 70

    def test_flags_belong_to_the_stored_ratings(self) -> None:
        assert cells(divided(RATED, drawn(RATED, 0.2, 7)).test) == cells(hold_out(RATED, 0.2, 7).test)

    @pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
    def test_shares(self, share: float) -> None:
        with pytest.raises(ValueError, match="allowed: 0–1"):
            hold_out(RATED, share)


class TestTimeTravel:
    def test_by_hand(self) -> None:
        ratings = matrix([{0: 1.0, 1: 2.0}, {1: 3.0, 2: 4.0}], 3)
        split = time_travel(ratings, [10, 20, np.nan, 19.9], 20)
        assert_parts(split, ratings)
        assert cells(split.test) == {(0, 1, 2.0)}

    def test_no_future_is_learnt_and_no_past_is_asked(self) -> None:
        times = np.random.default_rng(1).permutation(RATED.nnz)
        clock = csr_array((times + 1, RATED.indices, RATED.indptr), shape=RATED.shape).toarray()
        split = time_travel(RATED, times, 300)
        assert_parts(split, RATED)
        assert (clock[split.train.nonzero()] <= 300).all()
        assert (clock[split.test.nonzero()] > 300).all()

    def test_times_must_fit(self) -> None:
        with pytest.raises(ValueError, match="2 times for 1 ratings"):
            time_travel(matrix([{0: 1.0}], 1), [1, 2], 0)


class TestLatest:
    def test_the_latest_are_hidden(self) -> None:
        ratings = matrix([{0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, {0: 1.0, 3: 1.0}], 4)
        assert drawn(ratings, 0.5, times=[3.0, 1.0, 4.0, 2.0, 9.0, 8.0]).tolist() == [True, False, True, False, True, False]

    def test_a_rating_without_a_time_is_the_oldest(self) -> None:
        assert drawn(matrix([{0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}], 4), 0.5, times=[np.nan, -1e9, np.nan, 0.0]).tolist() == [
            False, True, False, True,
        ]  # fmt: skip

    def test_equal_times_by_chance(self) -> None:
        assert drawn(RATED, 0.2, 3, np.ones(RATED.nnz)).tolist() == drawn(RATED, 0.2, 3).tolist()
