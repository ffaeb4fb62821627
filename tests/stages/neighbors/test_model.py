"""Fold-in: rows that are in the fit give their fitted scores, new ones those of the dense formulas, in any company."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack

from recsys.stages.neighbors.als import MISSING
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.model import TILE, Listeners, Model, Parameters
from tests.support.rated import EDGES, Rows, groups, long_tail, matrix

SMALL = Parameters(pool=12, kept=6, rank=5, als_rank=5, ridge=1.0)
NEAR, MANY = replace(SMALL, rank=0, als_rank=0), replace(SMALL, kept=50, pool=90)
SIDE = replace(SMALL, track_share=0.3)
RATED = long_tail(TILE + 26, 60, 1500, disliked=0.1)
NEW = long_tail(9, 60, 90, seed=17, disliked=0.1)
EVERYBODY = np.arange(TILE + 26, dtype=np.int32)


@pytest.fixture(scope="module")
def fitted() -> Collaborative:
    return Collaborative.fit(RATED, SMALL)


def assert_same_bytes(one: Listeners, other: Listeners) -> None:
    for mine, theirs in zip((*one.near, one.als, one.votes.data), (*other.near, other.als, other.votes.data), strict=True):
        assert mine.tobytes() == theirs.tobytes()


class TestFittedRows:
    @pytest.mark.parametrize("parameters", [SMALL, NEAR, MANY, SIDE, Parameters()], ids=["small", "near", "many", "side", "all"])
    def test_give_their_fitted_scores(self, parameters: Parameters) -> None:
        fitted = Collaborative.fit(RATED, parameters)
        wanted, result = fitted.scores(0, TILE + 26), fitted.model.fold_in(RATED, EVERYBODY)
        np.testing.assert_allclose(result, wanted, atol=1e-5 * np.abs(wanted).max())

    def test_have_their_fitted_neighbours(self, fitted: Collaborative) -> None:
        result = fitted.model.listeners(RATED, EVERYBODY)
        assert result.near.indices.tobytes() == fitted.near.indices.tobytes()
        assert result.near.similarity.tobytes() == fitted.near.similarity.tobytes()
        assert result.near.overlap.tobytes() == fitted.near.overlap.tobytes()
        np.testing.assert_allclose(result.near.explained, fitted.near.explained, atol=1e-9)

    def test_known_only_as_somebody_new_are_their_own_neighbours(self, fitted: Collaborative) -> None:
        result = fitted.model.listeners(RATED[:20])
        assert [user in result.near.indices[user] for user in range(20)] == [True] * 20

    def test_a_changed_row_is_another(self, fitted: Collaborative) -> None:
        changed = fitted.model.fold_in(RATED[1:2], np.array([0], np.int32))
        assert np.abs(changed - fitted.scores(0, 1)).max() > 0.1


def test_offsets_of_all_votes_are_widened_once(fitted: Collaborative) -> None:
    votes = fitted.model.votes.copy()
    votes.indptr = votes.indptr.astype(np.int32)
    model = replace(fitted.model, votes=votes)
    first, again = model._votes, model._votes
    assert (first[0].dtype, first[0] is again[0]) == (np.int64, True)
    assert np.shares_memory(first[2], votes.data)


def dense(rated: csr_array, rarity: np.ndarray) -> np.ndarray:
    values = np.sign(rated.toarray()) * np.log1p(np.abs(rated.toarray())) * rarity
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)


class TestNewRows:
    @pytest.mark.parametrize("parameters", [replace(SMALL, kept=80, pool=80, rank=0), replace(SMALL, rank=64, als_rank=5)])
    def test_are_the_ridge_regression_on_all_fitted(self, parameters: Parameters) -> None:
        """With every factor; and without one, on neighbours who are all that correlate above 0."""
        model = Collaborative.fit(RATED, parameters).model
        result = model.listeners(NEW).near
        unit, new = dense(RATED, model.weights.rarity), dense(NEW, model.weights.rarity)
        for row in range(9):
            who = result.indices[row][result.indices[row] >= 0] if parameters.rank == 0 else np.arange(len(unit))
            weight = np.linalg.solve(unit[who] @ unit[who].T + parameters.ridge * np.eye(len(who)), unit[who] @ new[row])
            given = result.low_rank[row] @ model.factors.vectors.T
            np.add.at(given, result.indices[row][result.indices[row] >= 0], result.weight[row][result.indices[row] >= 0])
            np.testing.assert_allclose(given[who], weight, atol=1e-8)
            explained = (unit[who] @ new[row]) @ weight
            assert result.explained[row] == pytest.approx(explained, abs=1e-8)

    def test_have_the_nearest_by_brute_force(self, fitted: Collaborative) -> None:
        model = replace(fitted.model, parameters=replace(SMALL, rank=0, kept=12))
        bare = replace(model, factors=Collaborative.fit(RATED, replace(SMALL, rank=0)).model.factors)
        result = bare.listeners(NEW).near
        likeness = dense(NEW, model.weights.rarity) @ dense(RATED, model.weights.rarity).T
        together = (NEW.toarray() != 0).astype(int) @ (RATED.toarray() != 0).astype(int).T
        for row in range(9):
            wanted = [user for user in np.argsort(-likeness[row], kind="stable")[:12] if likeness[row, user] > 0]
            assert result.indices[row][result.indices[row] >= 0].tolist() == sorted(wanted)
            np.testing.assert_allclose(result.similarity[row][: len(wanted)], likeness[row][sorted(wanted)], atol=1e-12)
            assert result.overlap[row][: len(wanted)].tolist() == together[row][sorted(wanted)].tolist()

    def test_als_vectors_are_the_exact_least_squares(self, fitted: Collaborative) -> None:
        model = fitted.model
        y, rows = model.tracks.T.astype(float), NEW.toarray()
        sure = np.sign(rows) * np.log1p(np.abs(rows)) * model.weights.confidence
        left = MISSING * y.T @ y + SMALL.als_ridge * np.eye(5)
        wanted = [np.linalg.solve(left + (y.T * np.abs(row)) @ y, y.T @ row) for row in sure]
        np.testing.assert_allclose(model.listeners(NEW).als, wanted, atol=1e-5)

    def test_scores_are_those_of_a_fit_that_includes_them(self) -> None:
        """Nearly: one listener more changes the others a little."""
        rated = groups(300, 60)
        whole, without = Collaborative.fit(rated, SMALL), Collaborative.fit(rated[:-1], SMALL)
        one, other = whole.scores(299, 300)[0], without.model.fold_in(rated[-1:])[0]
        assert np.corrcoef(one, other)[0, 1] > 0.97

    def test_seeds_lift_their_group(self) -> None:
        model = Collaborative.fit(groups(120, 80), SMALL).model
        scores = model.fold_in(matrix([dict.fromkeys((1, 5, 9, 13), 1.0)], 80))[0]
        assert np.isin(np.argsort(-scores)[:10] % 4, 1).mean() > 0.9


class TestSameBytes:
    def test_any_company_and_threads(self, fitted: Collaborative) -> None:
        more = csr_array(vstack([NEW, RATED[:40]]))
        own = np.r_[np.full(9, -1), np.arange(40)].astype(np.int32)
        whole = fitted.model.listeners(more, own)
        scores = fitted.model.scores(whole)
        for threads in (2, 3):
            assert_same_bytes(fitted.model.listeners(more, own, threads), whole)
            assert fitted.model.scores(whole, threads).tobytes() == scores.tobytes()
        for first, last in ((0, 1), (4, 12), (48, 49), (3, 3)):
            part = fitted.model.listeners(more[first:last], own[first:last])
            assert_same_bytes(part, whole.part(first, last))
            assert fitted.model.scores(part).tobytes() == scores[first:last].tobytes()

    @pytest.mark.parametrize("share", [0.0, 0.3])
    def test_saved(self, share: float, tmp_path: Path) -> None:
        fitted = Collaborative.fit(RATED, replace(SMALL, track_share=share))
        fitted.model.save(tmp_path)
        assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}
        opened = Model.load(tmp_path)
        assert opened.parameters == replace(SMALL, track_share=share)
        assert opened.fold_in(NEW).tobytes() == fitted.model.fold_in(NEW).tobytes()
        assert opened.fold_in(RATED, EVERYBODY).tobytes() == fitted.model.fold_in(RATED, EVERYBODY).tobytes()


@pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
def test_edges(rows: Rows, tracks: int) -> None:
    rated = matrix(rows, tracks)
    fitted = Collaborative.fit(rated)
    wanted = fitted.scores(0, len(rows))
    own = np.arange(len(rows), dtype=np.int32)
    np.testing.assert_allclose(fitted.model.fold_in(rated, own), wanted, atol=1e-5 * max(np.abs(wanted).max(initial=0.0), 1e-9))
    new = fitted.model.listeners(rated)
    assert np.isfinite(fitted.model.scores(new)).all()
    assert ((new.near.explained >= 0) & (new.near.explained <= 1)).all()
    assert not fitted.model.scores(new)[[not row for row in rows]].any()


@pytest.mark.parametrize(
    ("rows", "own", "message"),
    [
        (matrix([{0: 1.0}], 3), None, "3 tracks, the model has 60"),
        (matrix([{0: np.nan}], 60), None, "must be finite"),
        (matrix([{0: 1.0}], 60), [TILE + 26], "own must hold 1 numbers"),
        (matrix([{0: 1.0}], 60), [-2], "own must hold"),
        (matrix([{0: 1.0}], 60), [1, 2], "own must hold"),
    ],
    ids=["tracks", "nan", "beyond", "below", "count"],
)
def test_refused(fitted: Collaborative, rows: csr_array, own: list[int] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted.model.listeners(rows, None if own is None else np.array(own))
