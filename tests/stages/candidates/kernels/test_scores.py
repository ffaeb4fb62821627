"""Scores and the best of them against hand sums, a brute-force reference and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.matrices.arrays import Lists, Subjects, Tracks, Weights
from recsys.stages.candidates.kernels.fits import fit_pairs
from recsys.stages.candidates.kernels.scores import best, best_of_all
from tests.support.blocks import FIXED, WEIGHTS, Answer, Block, at_random, lists_of, plain, run, subjects_of, tracks_of

YES = np.array([True])


def test_score_of_the_plain_track() -> None:
    assert run(plain()).scores[0, 0] == pytest.approx(0.44 * (0.78 + 0.22 * 0.42) + 0.08 * 0.5 + 0.20 * (1 - 0.22))


@pytest.mark.parametrize(
    ("change", "part", "points"),
    [
        ({"votes": np.array([[0.5]])}, 0.28, 0.5),
        ({"mode": np.array([1], np.int32)}, 0.08, 0.25 - 0.5),
        ({"mode": np.array([2], np.int32), "popularity": np.array([0.2])}, 0.08, 0.8 - 0.5),
        ({"target": np.array([0.0])}, 0.20, 0.22),
        ({"target": np.array([-0.3])}, 0.20, 0.78 - 0.7 - 0.16),
        ({"target": np.array([1.5])}, 0.20, -0.78),
    ],
)
def test_one_part_changes_the_score_by_its_weight(change: dict[str, np.ndarray], part: float, points: float) -> None:
    assert run(plain()._replace(**change)).scores - run(plain()).scores == pytest.approx(np.array([[part * points]]))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"safe": ~YES}, 1.0),
        ({"explicit": YES}, 1.0),
        ({"explicit": YES, "safe": ~YES}, 0.0),
        ({"penalty": np.array([0.25])}, 0.75),
        ({"explicit": YES, "safe": ~YES, "penalty": np.array([0.25])}, 0.75),
    ],
)
def test_safety_is_a_factor(change: dict[str, np.ndarray], expected: float) -> None:
    assert run(plain()._replace(**change)).scores == pytest.approx(run(plain()).scores * expected)


@pytest.mark.parametrize(
    ("change", "reference", "fixed"),
    [
        ({}, 0.03, 0.03),
        ({"penalty": np.array([0.4])}, 0.03, 0.018),
        ({"explicit": YES, "safe": ~YES}, 0.03, 0.0),
        ({"heard": ~YES}, 0.0, 0.0),  # content 0.42 is too little
    ],
)
def test_boost(change: dict[str, np.ndarray], reference: float, fixed: float) -> None:
    block = plain()._replace(**change)
    for safe_boost, expected in ((0.0, reference), (1.0, fixed)):
        weights = WEIGHTS._replace(safe_boost=safe_boost)
        gained = run(block._replace(boost=np.array([0.03])), weights).scores - run(block, weights).scores
        assert gained[0, 0] == pytest.approx(expected)


def brute_force(b: Block, answer: Answer, row: int, track: int, weights: Weights) -> float:
    """The score from the fits."""
    content, distance, safety = (fit[row, track] for fit in answer.fits)
    exploration = 0.5 if np.isnan(distance) else np.clip(1 - abs(distance - b.target[row]), 0, 1)
    popular = (b.popularity[track], b.popularity[track] ** 2, 1 - b.popularity[track])[b.mode[row]]
    if b.explicit[track] and not b.safe[row] and not b.penalty[track]:
        safety = 0.0
    boost = b.boost[track] * (safety if weights.safe_boost else 1) * (content >= 0.72)
    parts = (content, b.votes[row, track], popular, exploration)
    return sum(weight * part for weight, part in zip(weights, parts, strict=False)) * safety + boost


@pytest.mark.slow
@pytest.mark.parametrize("weights", [WEIGHTS, FIXED], ids=["reference", "fixes"])
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_brute_force(weights: Weights, seed: int) -> None:
    block = at_random(seed)
    result = run(block, weights)
    expected = [brute_force(block, result, *pair, weights) for pair in np.ndindex(result.scores.shape)]
    np.testing.assert_allclose(result.scores.ravel(), expected, atol=1e-12)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), amount=st.floats(0.001, 0.9))
def test_more_of_a_good_thing_never_lowers_a_score(seed: int, amount: float) -> None:
    block = at_random(seed)
    before = run(block).scores
    assert (run(block._replace(votes=block.votes + amount)).scores >= before - 1e-12).all()
    assert (run(block._replace(penalty=block.penalty + amount * (block.penalty > 0))).scores <= before + 1e-12).all()


def test_one_list_scores_the_same_alone() -> None:
    block = at_random(5)
    alone = Block(*(field[2:3] if at >= Block._fields.index("taste") else field for at, field in enumerate(block)))
    whole, part = run(block), run(alone)
    assert whole.scores[2].tobytes() == part.scores[0].tobytes()
    assert whole.rules[2].tobytes() == part.rules[0].tobytes()


def by_votes(scores: np.ndarray) -> tuple[Tracks, Subjects, Lists, np.ndarray, Weights]:
    """Lists whose scores are exactly ``scores``: nothing but votes counts."""
    lists, tracks = scores.shape
    one = plain(tracks)
    of_lists = Block._fields.index("taste")
    block = Block(
        *(field if at < of_lists else np.repeat(field, lists, axis=0) if isinstance(field, np.ndarray) else field * lists
          for at, field in enumerate(one))
    )  # fmt: skip
    return tracks_of(block), subjects_of(block), lists_of(block), scores, Weights(0, 1, 0, 0, 0, 0)


def best_of(scores: np.ndarray, rules: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return best(*by_votes(scores), rules, most)


class TestBest:
    def test_hand_table(self) -> None:
        scores = np.array([[0.1, 0.9, 0.5, 0.9, 0.7], [0.2, 0.2, 0.2, 0.2, 0.2], [1.0, 2.0, 3.0, 4.0, 5.0]])
        rules = np.array([[0, 0, 0, 0, 3], [0, 1, 0, 0, 0], [1, 1, 1, 1, 1]], np.uint8)
        indptr, tracks, result = best_of(scores, rules, 3)
        assert indptr.tolist() == [0, 3, 6, 6]
        assert result.tolist() == [0.9, 0.9, 0.5, 0.2, 0.2, 0.2]
        assert tracks.tolist() == [1, 3, 2, 0, 2, 3]

    @pytest.mark.slow
    @pytest.mark.parametrize("width", [1, 700, 5000, 9001])
    @pytest.mark.parametrize("spread", [1, 3, 10**6], ids=["all equal", "many ties", "few ties"])
    @pytest.mark.parametrize("passed", [0.002, 0.5, 1.0])
    def test_brute_force(self, width: int, spread: int, passed: float) -> None:
        rng = np.random.default_rng(width + spread)
        scores, rules = rng.integers(0, spread, (3, width)) / spread, (rng.random((3, width)) >= passed).astype(np.uint8)
        for most in (1, 40, width):
            indptr, tracks, result = best_of(scores, rules, most)
            for row in range(3):
                order = sorted(np.flatnonzero(rules[row] == 0), key=lambda track, row=row: (-scores[row, track], track))
                assert tracks[indptr[row] : indptr[row + 1]].tolist() == order[:most]
                assert result[indptr[row] : indptr[row + 1]].tolist() == scores[row, order[:most]].tolist()

    @settings(max_examples=15)
    @given(seed=st.integers(0, 10**6))
    def test_scores_are_those_of_all_pairs(self, seed: int) -> None:
        block = at_random(seed, lists=5, tracks=23)
        whole = run(block)
        tracks, lists = tracks_of(block), lists_of(block)
        indptr, kept, result = best(tracks, subjects_of(block), lists, block.votes, WEIGHTS, whole.rules, 23)
        row = np.repeat(np.arange(5), np.diff(indptr))
        assert result.tobytes() == whole.scores[row, kept].tobytes()
        pairs = (np.empty(len(row)), np.empty(len(row)), np.empty(len(row)))
        fit_pairs(tracks, subjects_of(block), WEIGHTS.floor, (row.astype(np.int32), kept), pairs)
        for name, part in zip(whole.fits._fields, pairs, strict=True):
            assert part.tobytes() == getattr(whole.fits, name)[row, kept].tobytes()


class TestBestOfAll:
    @pytest.mark.parametrize("width", [1, 700, 5000])
    @pytest.mark.parametrize("spread", [3, 10**6], ids=["many ties", "few ties"])
    @pytest.mark.parametrize("passed", [0.0, 0.01, 0.9, 1.0])
    def test_all_in_track_order_beside_the_best(self, width: int, spread: int, passed: float) -> None:
        rng = np.random.default_rng(width + spread)
        scores, rules = rng.integers(0, spread, (3, width)) / spread, (rng.random((3, width)) >= passed).astype(np.uint8)
        first, (indptr, tracks, result) = best_of_all(*by_votes(scores), rules, 20)
        for one, other in zip(first, best_of(scores, rules, 20), strict=True):
            assert one.tobytes() == other.tobytes()
        row, track = np.nonzero(rules == 0)
        assert np.diff(indptr).tolist() == np.bincount(row, minlength=3).tolist()
        assert tracks.tolist() == track.tolist()
        assert result.tobytes() == scores[row, track].tobytes()

    def test_no_list(self) -> None:
        _, (indptr, tracks, _) = best_of_all(*by_votes(np.empty((0, 4))), np.empty((0, 4), np.uint8), 2)
        assert (indptr.tolist(), tracks.size) == ([0], 0)
