"""Measures by hand, and those with a published definition against ir-measures (trec_eval)."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, P, Success, nDCG
from scipy.sparse import csr_array

from recsys.evaluation import measures, metrics
from recsys.evaluation.metrics import Hits, intra_list_distance
from tests.support.rated import matrix

LISTS = np.array([[4, 0, 2, 7], [1, 3, -1, -1], [5, 6, 7, 8], [-1, -1, -1, -1]])
RELEVANT = matrix([{0: 1.0, 2: 1.0, 9: 1.0}, {3: 1.0}, {}, {1: 1.0}], 10)


class TestByHand:
    def test_average_precision(self) -> None:
        result = measures.average_precision(Hits.of(LISTS, RELEVANT), 4)
        assert result == pytest.approx([(1 / 2 + 2 / 3) / 3, 1 / 2, np.nan, 0.0], nan_ok=True)

    def test_reciprocal_rank(self) -> None:
        assert measures.reciprocal_rank(Hits.of(LISTS, RELEVANT), 4) == pytest.approx([1 / 2, 1 / 2, np.nan, 0.0], nan_ok=True)
        assert measures.reciprocal_rank(Hits.of(LISTS, RELEVANT), 1) == pytest.approx([0, 0, np.nan, 0.0], nan_ok=True)

    def test_gini(self) -> None:
        assert measures.gini(np.array([[0, 1], [2, 3]]), 4, 2) == pytest.approx(0.0)
        assert measures.gini(np.array([[0], [0]]), 4, 1) == pytest.approx(3 / 4)
        assert np.isnan(measures.gini(np.full((2, 2), -1), 4, 2))

    def test_genre_divergence(self) -> None:
        genres = matrix([{0: 1.0}, {1: 1.0}, {0: 1.0, 1: 1.0}, {}], 2)
        known = matrix([{0: 9.0, 1: 1.0}, {0: 1.0}, {3: 1.0}], 4)
        lists = np.array([[2, -1], [1, -1], [0, -1]])
        # listener 0: half and half, exactly listed; listener 1: all of genre 0, listed 0 of it
        result = measures.genre_divergence(lists, known, genres, 2)
        assert result == pytest.approx([0.0, np.log(1 / 0.01), np.nan], nan_ok=True)

    def test_popularity_lift(self) -> None:
        known = matrix([{0: 1.0, 1: 1.0}, {0: 1.0}, {}], 3)
        result = measures.popularity_lift(np.array([[1], [1], [0]]), known, 1)
        assert result == pytest.approx([1 / 1.5 - 1, 1 / 2 - 1, np.nan], nan_ok=True)

    def test_concentration(self) -> None:
        artist = np.array([0, 0, 1, -1, -1])
        result = measures.concentration(np.array([[0, 1, 2, -1], [3, 4, -1, -1], [-1] * 4]), artist, 4)
        assert result == pytest.approx([5 / 9, 1 / 2, np.nan], nan_ok=True)

    def test_repeats_counts_songs_by_any_release(self) -> None:
        songs = np.array([7, 7, -1, -1])
        known = matrix([{0: 1.0, 1: 1.0}, {2: 1.0}, {}], 4)
        result = measures.repeats(np.array([[1, 2], [2, 3], [-1, -1]]), known, songs, 2)
        assert known.indptr.tolist() == [0, 2, 3, 3]
        assert result == pytest.approx([1 / 2, 1 / 2, np.nan], nan_ok=True)

    def test_skips(self) -> None:
        assert measures.skips(LISTS, matrix([{4: 1.0, 7: 1.0}, {}, {5: 1.0}, {}], 10), 2) == pytest.approx(
            [1 / 2, 0.0, 1 / 2, np.nan], nan_ok=True
        )


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, csr_array]:
    """200 lists of 20 of 60 items, some short, against random relevance."""
    rng = np.random.default_rng(3)
    lists = np.argsort(rng.random((200, 60)), axis=1)[:, :20]
    lists[np.arange(20) >= rng.integers(1, 21, 200)[:, None]] = -1
    return lists, csr_array((rng.random((200, 60)) < 0.1).astype(float))


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_agrees_with_trec_eval(drawn: tuple[np.ndarray, csr_array], k: int) -> None:
    lists, relevant = drawn
    wanted = {str(user): {str(item): 1 for item in relevant[[user]].indices} for user in range(200)}
    run = {str(user): {str(item): 100.0 - rank for rank, item in enumerate(row) if item >= 0} for user, row in enumerate(lists)}
    ours = {
        nDCG @ k: metrics.ndcg,
        P @ k: metrics.precision,
        AP @ k: lambda lists, relevant, k: measures.average_precision(Hits.of(lists, relevant), k),
        RR @ k: lambda lists, relevant, k: measures.reciprocal_rank(Hits.of(lists, relevant), k),
        Success @ k: metrics.hit_rate,
    }
    result = {(one.measure, int(one.query_id)): one.value for one in ir_measures.iter_calc(list(ours), wanted, run)}
    for measure, function in ours.items():
        values = function(lists, relevant, k)
        judged = np.flatnonzero(np.diff(relevant.indptr))
        assert values[judged] == pytest.approx([result[measure, int(user)] for user in judged])


def test_genre_distance_is_the_dense_one(drawn: tuple[np.ndarray, csr_array]) -> None:
    rng = np.random.default_rng(5)
    genres = (rng.random((60, 8)) < 0.3).astype(float)
    result = measures.genre_distance(drawn[0], csr_array(genres), 10)
    assert result == pytest.approx(intra_list_distance(drawn[0], genres, 10), nan_ok=True)
