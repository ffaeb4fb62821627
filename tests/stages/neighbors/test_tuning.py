"""Balance: what the ratings say about the parameters, judged on a part that was hidden and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.evaluation.metrics import ndcg, top
from recsys.evaluation.splits import divided, drawn
from recsys.stages.neighbors import judging, tuning
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.hiding import FEWEST, HIDDEN
from recsys.stages.neighbors.judging import CONSIDERED
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.tuning import (
    _KEPT,
    _NEAR_RANKS,
    _NEAR_RIDGES,
    _RIDGES,
    _SHARES,
    DAMPINGS,
    LEAST_LIKED,
    RANKS,
    ROUNDS,
    TRACK_SHARES,
    TWO_HOP_SHARES,
    tune_votes,
)  # fmt: skip
from tests.support.rated import EDGES, Rows, groups, matrix

pytestmark = pytest.mark.slow

SMALL = Parameters(pool=12, kept=6, rank=6, als_rank=6, ridge=1.0)
RATED = groups(120, 60)


def popular(listeners: int, tracks: int) -> csr_array:
    """Nobody has a taste: some tracks are heard by almost everybody, the others by chance."""
    random = np.random.default_rng(4)
    share = np.where(np.arange(tracks) < tracks // 5, 0.7, 0.02)
    return csr_array((random.random((listeners, tracks)) < share).astype(float))


def test_choices_are_near_the_defaults() -> None:
    result = tune_votes(RATED, SMALL).parameters
    assert replace(
        result, popularity_damping=SMALL.popularity_damping, als_damping=SMALL.als_damping,
        als_share=SMALL.als_share, als_rank=SMALL.als_rank, als_ridge=SMALL.als_ridge,
        kept=SMALL.kept, pool=SMALL.pool, track_share=0.0, two_hop_share=0.5, rank=SMALL.rank, ridge=SMALL.ridge,
    ) == SMALL  # fmt: skip
    factor = result.popularity_damping / SMALL.popularity_damping
    assert factor in {1.0, *DAMPINGS}
    assert result.als_damping == SMALL.als_damping * factor
    assert result.als_share in {SMALL.als_share, *_SHARES}
    assert (result.kept, result.pool) in {(SMALL.kept, SMALL.pool), *zip(_KEPT, _KEPT, strict=True)}
    assert result.track_share in {0.0, *TRACK_SHARES}
    assert result.two_hop_share in TWO_HOP_SHARES
    assert result.als_rank in {SMALL.als_rank * ratio for ratio in (1.0, *RANKS)}
    assert result.rank in {int(SMALL.rank * ratio) for ratio in (1.0, *_NEAR_RANKS)}
    assert result.ridge in {SMALL.ridge * ratio for ratio in _NEAR_RIDGES}
    assert result.als_ridge in {SMALL.als_ridge * ratio for ratio in (1.0, *_RIDGES)}


def gain(parameters: Parameters) -> float:
    """Mean NDCG of the hidden parts, everything fitted anew: what the choice claims to maximise."""
    order = np.random.Generator(np.random.PCG64(SMALL.seed)).permutation(120)
    sample, gains = RATED[order], []
    for round_ in range(ROUNDS):
        split = divided(sample, drawn(sample, HIDDEN, SMALL.seed + round_))
        model = Collaborative.fit(split.train, replace(parameters, seed=SMALL.seed + round_))
        gains.append(ndcg(top(model.scores(0, 120), split.train, CONSIDERED), split.test, CONSIDERED))
    return float(np.nanmean(np.concatenate(gains)))


def test_the_choice_is_the_best_of_those_tried() -> None:
    assert (np.diff(RATED.indptr) >= LEAST_LIKED).all()
    result = tune_votes(RATED, SMALL).parameters
    best = gain(result)
    assert best >= gain(SMALL)
    alone = replace(result, track_share=0.0, two_hop_share=SMALL.two_hop_share)
    assert best >= gain(alone) - 1e-12
    few = replace(alone, kept=SMALL.kept, pool=SMALL.pool)
    assert best >= max(gain(one) for one in (few, *(replace(few, kept=kept, pool=kept) for kept in _KEPT))) - 1e-12
    for share in _SHARES:
        assert best >= gain(replace(few, als_share=share, als_rank=6, als_ridge=SMALL.als_ridge)) - 1e-12
    for ratio in (1.0, *RANKS):
        assert best >= gain(replace(few, als_rank=int(SMALL.als_rank * ratio), als_ridge=SMALL.als_ridge)) - 1e-12
    for ratio in (1.0, *_RIDGES):
        assert best >= gain(replace(few, als_ridge=SMALL.als_ridge * ratio)) - 1e-12


def test_the_latest_are_hidden_where_times_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: list[csr_array] = []

    def spied(lists: np.ndarray, relevant: csr_array, k: int) -> np.ndarray:
        hidden.append(relevant)
        return ndcg(lists, relevant, k)

    monkeypatch.setattr(judging, "ndcg", spied)
    early = np.where(np.arange(RATED.nnz) % 2 == 0, 1.0, np.nan)
    late = np.isin(RATED.indices, (3, 17))
    times = csr_array((np.where(late, 2.0, early), RATED.indices, RATED.indptr), shape=RATED.shape)
    tune_votes(RATED, SMALL, times=times)
    of_all = sum(np.bincount(part.indices, minlength=60) for part in hidden)
    assert of_all[[3, 17]].min() > np.delete(of_all, [3, 17]).max()


def test_on_a_sample_neighbours_and_track_side_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_FITTED", RATED.nnz - 50)
    result = tune_votes(RATED, SMALL).parameters
    assert (result.kept, result.pool, result.track_share) == (SMALL.kept, SMALL.pool, 0.0)
    assert result != SMALL


def test_where_nobody_has_a_taste_popular_tracks_are_damped_less() -> None:
    result = tune_votes(popular(150, 50), SMALL).parameters
    assert result.popularity_damping < SMALL.popularity_damping
    assert result.als_damping < SMALL.als_damping


@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads(threads: int) -> None:
    assert tune_votes(RATED, SMALL, threads) == tune_votes(RATED, SMALL)


class TestTooLittleToJudgeBy:
    def test_few_listeners(self) -> None:
        assert tune_votes(groups(FEWEST - 1, 60), SMALL) == (SMALL, None)

    def test_few_liked_tracks(self) -> None:
        rows: Rows = [{**dict.fromkeys(range(LEAST_LIKED - 1), 1.0), 9: -1.0, 10: 0.0} for _ in range(2 * FEWEST)]
        assert tune_votes(matrix(rows, 11), SMALL) == (SMALL, None)

    @pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
    def test_edges(self, rows: Rows, tracks: int) -> None:
        assert tune_votes(matrix(rows, tracks), SMALL) == (SMALL, None)

    @pytest.mark.parametrize("rows", [[dict.fromkeys(range(6), 0.45)] * FEWEST, [dict.fromkeys(range(6), -1.0)] * FEWEST])
    def test_all_alike(self, rows: Rows) -> None:
        assert tune_votes(matrix(rows, 8), SMALL).parameters.als_share in {SMALL.als_share, *_SHARES}


def test_dislikes_are_learnt_from_and_never_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[csr_array] = []

    def spied(lists: np.ndarray, relevant: csr_array, k: int) -> np.ndarray:
        asked.append(relevant)
        return ndcg(lists, relevant, k)

    monkeypatch.setattr(judging, "ndcg", spied)
    signs = np.where(np.random.default_rng(1).random(RATED.nnz) < 0.3, -1.0, 1.0)
    tune_votes(csr_array((RATED.data * signs, RATED.indices, RATED.indptr), shape=RATED.shape), SMALL)
    assert all((part.data > 0).all() for part in asked)
    assert sum(part.nnz for part in asked) > 0


def test_chance_is_of_what_was_hidden() -> None:
    """In a world of groups the best tracks were hidden more often than the others, and the chances say so."""
    chance = tune_votes(RATED, SMALL).chance
    assert chance is not None
    assert chance.score > 0
    low, high = chance.of(np.array([[0.5, 3.0]]), np.array([10]))[0]
    assert 0 < low < high < 1
