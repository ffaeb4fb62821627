"""What need not be scored: ceilings against every cosine, screened lists against a full sort of all scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.matrices.arrays import Weights
from recsys.stages.candidates.kernels.scores import best
from recsys.stages.candidates.kernels.screening import ceiling, promising, voted
from tests.support.blocks import FIXED, WEIGHTS, at_random, lists_of, run, subjects_of, tracks_of

HEAVY = WEIGHTS._replace(collaborative=3.0)
WEIGHT = st.floats(0, 10)


@pytest.mark.parametrize(
    ("weights", "target", "points"),
    [
        (WEIGHTS, 0.22, 0.44 + 0.20 * 0.78),  # content tells more: the nearest track
        (WEIGHTS, 0.9, 0.44 + 0.20 * 0.5),  # a track without audio
        (Weights(0.1, 0, 0, 1.0, 0, 0), 0.5, 0.1 * (0.39 + 0.22) + 1.0),  # exploration tells more: the wanted distance
        (Weights(0, 0, 0, 0, 0, 0), 0.2, 0.0),
    ],
)
def test_ceiling_by_hand(weights: Weights, target: float, points: float) -> None:
    assert ceiling(weights, target) == pytest.approx(points)


@given(content=WEIGHT, exploration=WEIGHT, target=st.floats(-0.5, 1.5))
def test_no_cosine_and_no_name_gets_above_the_ceiling(content: float, exploration: float, target: float) -> None:
    weights = Weights(content, 1.0, 1.0, exploration, 0.0, 0.0)
    cosine = np.linspace(-1, 1, 401)
    heard = content * np.minimum(0.78 * cosine + 0.22, 1) + exploration * np.clip(1 - abs(1 - cosine - target), 0, 1)
    assert max(heard.max(), content + 0.5 * exploration) <= ceiling(weights, target) + 1e-9


def test_voted_are_the_tracks_with_great_votes() -> None:
    votes = np.random.default_rng(0).permutation(20_000) / 20_000
    result = voted(votes, 100, 0.1)
    assert 150 <= len(result) <= 260
    assert set(result.tolist()) == set(np.argsort(-votes)[: len(result)].tolist())
    assert (np.diff(result) > 0).all()
    assert len(voted(votes, 100, 0.999)) == 0
    assert len(voted(votes, 6000, 0.1)) == 0
    assert len(voted(np.zeros(20_000), 100, 0.1)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("weights", [HEAVY, FIXED._replace(collaborative=9.0)], ids=["heavy", "fixes"])
@pytest.mark.parametrize("spread", [20, 10**6], ids=["many ties", "few ties"])
def test_screened_lists_are_those_of_a_full_sort(weights: Weights, spread: int) -> None:
    block = at_random(3, lists=3, tracks=9000)
    block = block._replace(votes=np.round(block.votes**12 * spread) / spread)
    answer = run(block, weights)
    tracks, lists, most = tracks_of(block), lists_of(block), 40
    indptr, result, values = best(tracks, subjects_of(block), lists, block.votes, weights, answer.rules, most)
    for row in range(3):
        score = np.where(answer.rules[row] == 0, answer.scores[row], -np.inf)
        order = np.argsort(-score, kind="stable")[:most]
        part = slice(indptr[row], indptr[row + 1])
        assert result[part].tolist() == order.tolist()
        assert values[part].tobytes() == score[order].tobytes()
        limit = np.array([score[order[-1]] - ceiling(weights, block.target[row])])
        rest = weights.popularity * tracks.fit.max() + tracks.boost.max()
        left = promising(tracks, lists, np.array([row]), block.votes[row], weights, limit, rest)
        assert set(order.tolist()) <= set(left.tolist())
        assert len(left) < 9000 / 4  # else this test would be about the unscreened way


@pytest.mark.slow
@given(limit=st.floats(0.2, 3.2), seed=st.integers(0, 20))
def test_promising_tracks_are_those_that_reach_a_limit(limit: float, seed: int) -> None:
    block = at_random(seed, lists=2, tracks=300)
    tracks, lists, limits = tracks_of(block), lists_of(block), np.array([limit, limit + 0.1])
    votes, rest = block.votes[0], HEAVY.popularity * tracks.fit.max() + tracks.boost.max()
    points = 3.0 * votes + 0.08 * tracks.fit[lists.mode] + tracks.boost
    reached = (points >= limits[:, None]).any(axis=0)
    assert promising(tracks, lists, np.arange(2), votes, HEAVY, limits, rest).tolist() == np.flatnonzero(reached).tolist()
