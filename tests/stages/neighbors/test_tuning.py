"""Balance: what the ratings say about the parameters, judged on a part that was hidden and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.evaluation.metrics import ndcg, top
from recsys.evaluation.splits import divided, drawn
from recsys.stages.neighbors import tuning
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.tuning import DAMPINGS, FEWEST, HIDDEN, LEAST_LIKED, LISTED, RANKS, RIDGES, ROUNDS, SHARES, tune
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
    found = tune(RATED, SMALL)
    assert replace(
        found, popularity_damping=SMALL.popularity_damping, als_damping=SMALL.als_damping,
        als_share=SMALL.als_share, als_rank=SMALL.als_rank, als_ridge=SMALL.als_ridge,
    ) == SMALL  # fmt: skip
    factor = found.popularity_damping / SMALL.popularity_damping
    assert factor in {1.0, *DAMPINGS}
    assert found.als_damping == SMALL.als_damping * factor
    assert found.als_share in {SMALL.als_share, *SHARES}
    assert found.als_rank in {SMALL.als_rank * ratio for ratio in (1.0, *RANKS)}
    assert found.als_ridge in {SMALL.als_ridge * ratio for ratio in (1.0, *RIDGES)}


def gain(parameters: Parameters) -> float:
    """Mean NDCG of the hidden parts, everything fitted anew: what the choice claims to maximise."""
    order = np.random.Generator(np.random.PCG64(SMALL.seed)).permutation(120)
    sample, gains = RATED[order], []
    for round_ in range(ROUNDS):
        split = divided(sample, drawn(sample, HIDDEN, SMALL.seed + round_))
        model = Collaborative.fit(split.train, replace(parameters, seed=SMALL.seed + round_))
        gains.append(ndcg(top(model.scores(0, 120), split.train, LISTED), split.test, LISTED))
    return float(np.nanmean(np.concatenate(gains)))


def test_the_choice_is_the_best_of_those_tried() -> None:
    assert (np.diff(RATED.indptr) >= LEAST_LIKED).all()
    found = tune(RATED, SMALL)
    best = gain(found)
    assert best >= gain(SMALL)
    for share in SHARES:
        with_default_vectors = replace(found, als_share=share, als_rank=6, als_ridge=SMALL.als_ridge)
        assert best >= gain(with_default_vectors) - 1e-12
    for ratio in (1.0, *RANKS):
        shorter = replace(found, als_rank=int(SMALL.als_rank * ratio), als_ridge=SMALL.als_ridge)
        assert best >= gain(shorter) - 1e-12
    for ratio in (1.0, *RIDGES):
        assert best >= gain(replace(found, als_ridge=SMALL.als_ridge * ratio)) - 1e-12


def test_where_nobody_has_a_taste_popular_tracks_are_damped_less() -> None:
    found = tune(popular(150, 50), SMALL)
    assert found.popularity_damping < SMALL.popularity_damping
    assert found.als_damping < SMALL.als_damping


@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads(threads: int) -> None:
    assert tune(RATED, SMALL, threads) == tune(RATED, SMALL)


class TestTooLittleToJudgeBy:
    def test_few_listeners(self) -> None:
        assert tune(groups(FEWEST - 1, 60), SMALL) is SMALL

    def test_few_liked_tracks(self) -> None:
        rows: Rows = [{**dict.fromkeys(range(LEAST_LIKED - 1), 1.0), 9: -1.0, 10: 0.0} for _ in range(2 * FEWEST)]
        assert tune(matrix(rows, 11), SMALL) is SMALL

    @pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
    def test_edges(self, rows: Rows, tracks: int) -> None:
        assert tune(matrix(rows, tracks), SMALL) is SMALL

    @pytest.mark.parametrize("rows", [[dict.fromkeys(range(6), 0.45)] * FEWEST, [dict.fromkeys(range(6), -1.0)] * FEWEST])
    def test_all_alike(self, rows: Rows) -> None:
        assert tune(matrix(rows, 8), SMALL).als_share in {SMALL.als_share, *SHARES}


def test_dislikes_are_learnt_from_and_never_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[csr_array] = []

    def spied(lists: np.ndarray, relevant: csr_array, k: int) -> np.ndarray:
        asked.append(relevant)
        return ndcg(lists, relevant, k)

    monkeypatch.setattr(tuning, "ndcg", spied)
    signs = np.where(np.random.default_rng(1).random(RATED.nnz) < 0.3, -1.0, 1.0)
    tune(csr_array((RATED.data * signs, RATED.indices, RATED.indptr), shape=RATED.shape), SMALL)
    assert all((part.data > 0).all() for part in asked)
    assert sum(part.nnz for part in asked) > 0
