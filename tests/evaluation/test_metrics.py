"""Metrics by hand, against definitions written out one listener after another, and what they must not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.evaluation.metrics import (
    coverage,
    hit_rate,
    hits,
    intra_list_distance,
    ndcg,
    novelty,
    precision,
    recall,
    top,
)
from tests.support.rated import long_tail, matrix

LISTS = np.array([[4, 0, 2, 7], [1, 3, -1, -1], [5, 6, 7, 8], [-1, -1, -1, -1]])
RELEVANT = matrix([{0: 1.0, 2: 0.0, 9: 5.0}, {3: 1.0}, {}, {1: 1.0, 2: 1.0}], 10)
"""A stored zero is relevant; listener 2 has nothing to find, listener 3 has an empty list."""
LOG3, LOG4 = math.log2(3), 2.0


class TestByHand:
    def test_hits(self) -> None:
        assert hits(LISTS, RELEVANT).tolist() == [
            [False, True, True, False], [False, True, False, False], [False] * 4, [False] * 4,
        ]  # fmt: skip

    def test_ndcg(self) -> None:
        # listener 0: hits at ranks 2 and 3 of three to find; the perfect list has them at 1, 2, 3
        first = (1 / LOG3 + 1 / LOG4) / (1 + 1 / LOG3 + 1 / LOG4)
        assert ndcg(LISTS, RELEVANT, 4) == pytest.approx([first, 1 / LOG3, np.nan, 0.0], nan_ok=True)

    def test_ndcg_at_ten(self) -> None:
        lists = np.arange(12)[None, :]
        result = ndcg(lists, matrix([{0: 1.0, 9: 1.0, 10: 1.0, 30: 1.0}], 31), 10)
        assert result == pytest.approx([(1 + 1 / math.log2(11)) / sum(1 / math.log2(rank + 1) for rank in (1, 2, 3, 4))])
        assert result == pytest.approx([(1 + 0.2890648263) / (1 + 0.6309297536 + 0.5 + 0.4306765581)])
        everything = matrix([dict.fromkeys(range(25), 1.0)], 31)
        assert ndcg(lists, everything, 10) == pytest.approx([1.0])

    def test_recall_at_twenty(self) -> None:
        lists = np.array([[*range(20)], [*range(20, 40)]])
        few, many = {0: 1.0, 5: 1.0, 19: 1.0, 33: 1.0}, dict.fromkeys(range(10, 40), 1.0)
        assert recall(lists, matrix([few, many], 40), 20) == pytest.approx([3 / 4, 20 / 20])
        assert recall(lists, matrix([many, few], 40), 20) == pytest.approx([10 / 20, 1 / 4])

    def test_precision_and_hit_rate(self) -> None:
        assert precision(LISTS, RELEVANT, 4) == pytest.approx([0.5, 0.25, np.nan, 0.0], nan_ok=True)
        assert hit_rate(LISTS, RELEVANT, 4) == pytest.approx([1.0, 1.0, np.nan, 0.0], nan_ok=True)
        assert hit_rate(LISTS, RELEVANT, 1) == pytest.approx([0.0, 0.0, np.nan, 0.0], nan_ok=True)

    def test_coverage_at_ten(self) -> None:
        lists = np.array([[*range(12)], [*range(5, 17)]])
        assert coverage(lists, 20, 10) == 15 / 20
        assert coverage(LISTS, 10, 2) == 6 / 10
        assert coverage(LISTS[3:], 10, 4) == 0.0
        assert coverage(np.empty((0, 4), int), 0, 4) == 0.0

    def test_novelty(self) -> None:
        known = matrix([{0: 1.0, 1: 1.0}, {0: 1.0}, {0: 1.0}, {0: 1.0, 2: 1.0}], 4)
        # known by 4, 1, 1 and 0 of 4: 0, 2, 2 and (as if by one) 2 bits
        assert novelty(np.array([[0, 1], [3, -1], [-1, -1], [0, 0]]), known, 2) == pytest.approx([1, 2, np.nan, 0], nan_ok=True)

    def test_intra_list_distance(self) -> None:
        vectors = np.array([[2.0, 0.0], [0.0, 1.0], [-3.0, 0.0], [0.0, 0.0]])
        lists = np.array([[0, 1, 2], [0, 0, -1], [0, 3, -1], [2, -1, -1]])
        assert intra_list_distance(lists, vectors, 3) == pytest.approx([(1 + 2 + 1) / 3, 0, 1, np.nan], nan_ok=True)


def definitions(lists: np.ndarray, relevant: csr_array, k: int) -> dict[str, list[float]]:
    """The metrics one listener and one rank after another."""
    result: dict[str, list[float]] = {"ndcg": [], "recall": [], "precision": [], "hit_rate": []}
    for user, row in enumerate(lists[:, :k].tolist()):
        wanted = set(relevant.indices[relevant.indptr[user] : relevant.indptr[user + 1]].tolist())
        good = [item in wanted for item in row]
        best = sum(1 / math.log2(rank + 2) for rank in range(min(k, len(wanted))))
        gain = sum(1 / math.log2(rank + 2) for rank, hit in enumerate(good) if hit)
        for name, value, whole in (
            ("ndcg", gain, best), ("recall", sum(good), min(k, len(wanted))),
            ("precision", sum(good), k), ("hit_rate", any(good), 1),
        ):  # fmt: skip
            result[name].append(value / whole if wanted else math.nan)
    return result


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_definitions(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    relevant, known = long_tail(30, 50, 120, seed=seed), long_tail(30, 50, 1100, seed=seed + 9)
    lists = top(random.random((30, 50)), known, 10)
    assert (lists == -1).any() == bool((np.diff(known.indptr) > 40).any())
    for metric in (ndcg, recall, precision, hit_rate):
        np.testing.assert_allclose(metric(lists, relevant, k), definitions(lists, relevant, k)[metric.__name__], atol=1e-12)


class TestTop:
    def test_by_hand(self) -> None:
        scores = np.array([[0.5, np.nan, 0.9, 0.5, -np.inf], [0.0, 0.0, 0.0, 0.0, 0.0]])
        assert top(scores, matrix([{2: 0.0}, {0: 1.0}], 5), 3).tolist() == [[0, 3, -1], [1, 2, 3]]

    @pytest.mark.parametrize("k", [1, 3, 8, 12])
    def test_is_the_head_of_a_full_sort(self, k: int) -> None:
        random, known = np.random.default_rng(k), long_tail(20, 8, 60)
        scores = random.integers(0, 4, (20, 8)).astype(np.float32)
        left = np.where(known.toarray() != 0, -np.inf, scores)
        wanted = np.argsort(-left, axis=1, kind="stable")
        wanted = np.where(np.take_along_axis(left, wanted, axis=1) > -np.inf, wanted, -1)
        assert top(scores, known, k).tolist() == np.pad(wanted, ((0, 0), (0, max(k - 8, 0))), constant_values=-1)[:, :k].tolist()

    @pytest.mark.parametrize("shape", [(0, 4), (2, 0)])
    def test_nothing_to_list(self, shape: tuple[int, int]) -> None:
        assert (top(np.zeros(shape), csr_array(shape), 3) == -1).all()


class TestProperties:
    relevant = long_tail(30, 50, 300)
    lists = np.random.default_rng(1).permuted(np.tile(np.arange(50), (30, 1)), axis=1)[:, :20]

    def test_the_perfect_list_has_one(self) -> None:
        perfect = top(self.relevant.toarray(), csr_array((30, 50)), 20)
        for metric in (ndcg, recall):
            assert np.nanmin(metric(perfect, self.relevant, 10)) == pytest.approx(1.0)

    def test_a_hit_earlier_is_worth_more(self) -> None:
        scores = [float(ndcg(np.roll(np.arange(10), place)[None, :], matrix([{0: 1.0}], 10), 10)[0]) for place in range(10)]
        assert scores == sorted(scores, reverse=True)
        assert len(set(scores)) == 10

    @pytest.mark.parametrize("metric", [ndcg, recall, precision, hit_rate])
    def test_names_of_items_and_values_of_ratings_do_not_matter(self, metric: object) -> None:
        name = np.random.default_rng(2).permutation(50)
        moved = csr_array(
            (-3.0 * self.relevant.data, name[self.relevant.indices], self.relevant.indptr), shape=self.relevant.shape
        )
        one, other = metric(self.lists, self.relevant, 10), metric(name[self.lists], moved, 10)  # type: ignore[operator]
        np.testing.assert_array_equal(one, other)
