"""Lazy picks against greedy selection that compares everything, to the bit; the rules themselves: test_diversity.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.matrices.arrays import Items
from recsys.stages.rankings.kernels.diversity import Picks
from recsys.stages.rankings.kernels.picking import _BLOCK, _FEW
from tests.support.greedy import greedy
from tests.support.picks import pick, pick_many

LAMBDAS, SCALES, HEARD = [0.0, 0.3, 0.74, 1.0], [1.0, 0.46, 2.0, 9.0], [0.0, 0.6, 1.0]
Candidates = tuple[Items, np.ndarray, np.ndarray]


def ragged(rng: np.random.Generator, count: int, names: int) -> tuple[np.ndarray, np.ndarray]:
    rows = [np.unique(rng.integers(0, names, rng.integers(0, 3))) for _ in range(count)]
    return np.cumsum([0, *map(len, rows)]), np.concatenate([*rows, np.empty(0, int)]).astype(np.int32)


def world(seed: int, count: int, heard: float, levels: int) -> Candidates:
    """Candidates in any order, scores −1 to 1; with ``levels`` scores and vectors repeat, with 1 all scores are equal."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(0, 3, (count, 12)).astype(float) if levels else rng.random((count, 12))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    names = max(2, count // 4)
    items = Items(
        unit, rng.random(count) < heard, rng.integers(-1, names, count).astype(np.int32),
        *ragged(rng, count, 7), *ragged(rng, count, names), rng.integers(-1, max(1, count // 2), count).astype(np.int32),
    )  # fmt: skip
    scores = rng.integers(0, levels, count) / levels - 0.5 if levels else rng.uniform(-1, 1, count)
    return items, rng.permutation(count).astype(np.int32), scores


def assert_same(picks: Picks, expected: Picks) -> None:
    for name, one, other in zip(Picks._fields, picks, expected, strict=True):
        assert one.tolist() == other.tolist(), name
        assert one.tobytes() == other.tobytes(), name


@pytest.mark.slow
@pytest.mark.parametrize("levels", [0, 1, 4], ids=["no ties", "all scores equal", "many ties"])
@settings(max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    count=st.one_of(st.integers(1, 12), st.integers(_BLOCK - 1, 6 * _BLOCK)),
    limit=st.integers(0, 40),
    lam=st.sampled_from(LAMBDAS),
    scale=st.sampled_from(SCALES),
    heard=st.sampled_from(HEARD),
    cap=st.integers(0, 3),
    one_version=st.booleans(),
    gap=st.integers(0, 3),
)
def test_brute_force(
    levels: int, seed: int, count: int, limit: int, lam: float, scale: float, heard: float, cap: int, one_version: bool, gap: int
) -> None:
    given = world(seed, count, heard, levels)
    rules = (limit, lam, scale, cap, one_version, gap)
    assert_same(pick(*given, *rules), greedy(*given, *rules))


@pytest.mark.slow
@pytest.mark.parametrize("heard", HEARD)
@pytest.mark.parametrize("levels", [0, 4])
@pytest.mark.parametrize("blocks", [_FEW - 1, _FEW + 8], ids=["few", "many"])
def test_brute_force_of_blocks(heard: float, levels: int, blocks: int) -> None:
    given = world(7, blocks * _BLOCK + 5, heard, levels)
    for rules in ((50, 0.74, 1.0, 0, False), (50, 0.74, 0.46, 3, True, 3), (50, 0.3, 1.0, 1, True)):
        assert_same(pick(*given, *rules), greedy(*given, *rules))


@pytest.mark.parametrize("share", [0.5, 1e-3])
def test_a_pick_that_only_a_far_block_holds(share: float) -> None:
    """All vectors alike but one, which stands last and scores least: variety finds it, or its score is too low."""
    count = 5 * _BLOCK
    items, _, _ = world(1, count, 1.0, 1)
    items = items._replace(unit=np.eye(12)[[0] * (count - 1) + [1]])
    scores = np.linspace(1.0, 0.9, count)
    result = pick(items, np.arange(count, dtype=np.int32), scores, 2, lam=1 - share)
    assert result.position.tolist() == ([0, count - 1] if share == 0.5 else [0, 1])


@pytest.mark.parametrize(("lam", "late"), [(0.9, 0.5), (0.5, 0.85)], ids=["compared at once", "compared after each pick"])
@pytest.mark.parametrize("silent", [1, 2])
def test_the_earlier_of_two_picks_equally_near(silent: int, lam: float, late: float) -> None:
    """Track 3 is as far from the pick with audio by its cosine as it is from the one without by genre."""
    unit = np.zeros((5, 12))
    unit[[0, 1, 2], [0, 1, 1]], unit[3, 1:5], unit[4, 11] = 1.0, 0.5, 1.0
    vote = [[], [0] if silent == 1 else [], [0] if silent == 2 else [], [0], []]
    indptr, genres = np.cumsum([0, *map(len, vote)]), np.zeros(2, np.int32)
    own = np.arange(5, dtype=np.int32)
    items = Items(unit, np.arange(5) != silent, own, indptr, genres, np.arange(6), own, own)
    scores, scale = np.array([1.0, 0.9, 0.8, late, -3.0]), 0.5 / 0.38
    result = pick(items, own, scores, 4, lam, scale)
    assert result.position.tolist() == [0, 1, 2, 3]
    assert (result.diversity[3], result.nearest[3]) == (0.5, 1)
    assert_same(result, greedy(items, own, scores, 4, lam, scale, 0, False))


@given(seed=st.integers(0, 10**6), levels=st.sampled_from([0, 4]))
def test_the_order_of_candidates_decides_ties_alone(seed: int, levels: int) -> None:
    items, tracks, scores = world(seed, 3 * _BLOCK, 0.7, levels)
    order = np.argsort(-scores, kind="stable")
    one = pick(items, tracks, scores, 20, 0.74, 0.46, 2, True)
    other = pick(items, tracks[order], scores[order], 20, 0.74, 0.46, 2, True)
    assert one.position.tolist() == order[other.position].tolist()
    assert one.marginal.tobytes() == other.marginal.tobytes()


def test_lists_one_after_another_leave_no_trace() -> None:
    """Long and short, varied and not: what one list notes about artists, genres and songs is gone for the next."""
    items, tracks, scores = world(3, 150, 0.5, 0)
    bounds, limits = [0, 150, 160, 160, 300, 450], [30, 10, 5, 149, 3]
    every = np.tile(tracks, 3)[:450], np.tile(scores, 3)[:450]
    offsets, result = pick_many(items, *every, np.array(bounds), limits, 0.74, 1.0, 2, True)
    for index, limit in enumerate(limits):
        part, picks = slice(bounds[index], bounds[index + 1]), slice(offsets[index], offsets[index + 1])
        expected = greedy(items, every[0][part], every[1][part], limit, 0.74, 1.0, 2, True)
        assert_same(Picks._make(column[picks] for column in result), expected)


def test_no_list_and_no_candidate() -> None:
    items, tracks, scores = world(2, 5, 1.0, 0)
    assert pick_many(items, tracks[:0], scores[:0], np.array([0]), [], 0.74)[0].tolist() == [0]
    assert pick_many(items, tracks[:0], scores[:0], np.array([0, 0]), [4], 0.74)[0].tolist() == [0, 0]
