"""Attribution: the shares of own tracks against the linear form written out densely, one own track removed at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors.als import MISSING
from recsys.stages.neighbors.attribution import Shares, attribute, form
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.kernels.attribution import _CHUNK
from recsys.stages.neighbors.model import Listeners, Model, Parameters
from recsys.stages.neighbors.weighting import weighted_votes
from tests.support.rated import EDGES, Rows, long_tail, matrix

SMALL = Parameters(pool=12, kept=6, rank=5, als_rank=5, ridge=1.0, als_share=0.4)
SIDE = replace(SMALL, track_share=0.3)
RATED = long_tail(90, 60, 1500, disliked=0.1)
NEW = long_tail(9, 60, 90, seed=17, disliked=0.1)


@pytest.fixture(scope="module")
def fitted() -> Collaborative:
    return Collaborative.fit(RATED, SMALL)


def every_pair(listeners: int, tracks: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(listeners + 1) * tracks, np.tile(np.arange(tracks), listeners)


def linear_form(model: Model, listeners: Listeners, row: int, ratings: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """(tracks,) votes and ALS scores of ratings in the place of a listener's: same neighbours, gain, shrinkage and confidence."""
    near, factors, ridge = listeners.near, model.factors, model.parameters.ridge
    unit = (model.rows.weights.toarray() - model.rows.mean[:, None]) * model.rows.scale[:, None]
    who = near.indices[row][near.indices[row] >= 0]
    values = np.sign(ratings) * np.log1p(np.abs(ratings)) * model.weights.rarity
    z = (values - values.mean()) * scale
    own = z @ factors.tracks
    rest = unit[who] @ z - factors.vectors[who] @ (factors.values * own)
    among = unit[who] @ unit[who].T - factors.vectors[who] * factors.values @ factors.vectors[who].T
    weight = np.linalg.solve(among + ridge * np.eye(len(who)), rest)
    apart = near.gain[row] * (own - weight @ factors.vectors[who]) - near.shrinkage[row] * own / (factors.values + ridge)
    cast = near.gain[row] * weight @ model.votes.toarray()[who] + apart @ model.factor_votes
    return cast, _als(model, ratings)


def _als(model: Model, ratings: np.ndarray) -> np.ndarray:
    """Right sides of the normal equations, solved by those of the fitted row: see :func:`_solved`."""
    return model.tracks.astype(float) @ (np.sign(ratings) * np.log1p(np.abs(ratings)) * model.weights.confidence)


def _solved(model: Model, ratings: np.ndarray, right: np.ndarray) -> np.ndarray:
    y = model.tracks.T.astype(float)
    sure = np.log1p(np.abs(ratings)) * model.weights.confidence
    left = MISSING * y.T @ y + (y.T * sure) @ y + model.parameters.als_ridge * np.eye(y.shape[1])
    return y @ np.linalg.solve(left, right)


def track_side(model: Model, ratings: np.ndarray) -> np.ndarray:
    """(own, tracks) what each own vote says by the track side."""
    own = weighted_votes(csr_array(ratings[None, :]), model.weights.damping).toarray()[0]
    return own[:, None] * model.track_side.toarray()


def shares(model: Model, listeners: Listeners, row: int, ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(own, tracks) share of each own track, by removing it from the form; (tracks,) the whole score."""
    scale = model.standardised(csr_array(ratings[None, :])).scale[0]
    own = np.flatnonzero(ratings)
    cast, right = linear_form(model, listeners, row, ratings, scale)
    hidden = _solved(model, ratings, right)
    share = model.parameters.als_share
    aside, side = model.parameters.track_share, track_side(model, ratings)
    parts = zip(((1 - aside) * (1 - share), (1 - aside) * share, aside), (cast, hidden, side.sum(axis=0)), strict=True)
    scales = [part / np.sqrt(np.square(one).mean()) if one.any() else 0.0 for part, one in parts]
    whole = scales[0] * cast + scales[1] * hidden + scales[2] * side.sum(axis=0)
    removed = []
    for track in own:
        without = np.where(np.arange(len(ratings)) == track, 0.0, ratings)
        fewer, less = linear_form(model, listeners, row, without, scale)
        one = scales[0] * (cast - fewer) + scales[1] * (hidden - _solved(model, ratings, less))
        removed.append(one + scales[2] * side[track])
    return np.array(removed) / np.where(whole == 0.0, 1.0, whole), whole


def assert_shares(result: Shares, first: int, ratings: np.ndarray, wanted: np.ndarray, whole: np.ndarray) -> None:
    """Only liked tracks are named, whatever disliked ones say."""
    own = np.flatnonzero(ratings)
    for track, score in enumerate(whole):
        at = first + track
        named = result.tracks[at] >= 0
        if score <= 0:
            assert (named.any(), result.rest[at]) == (False, 1.0)
            continue
        order = np.argsort(-wanted[:, track], kind="stable")
        best = order[(wanted[order, track] > 0) & (ratings[own[order]] > 0)][:3]
        assert result.tracks[at][named].tolist() == own[best].tolist()
        np.testing.assert_allclose(result.share[at][named], wanted[best, track], rtol=1e-4, atol=1e-6)
        assert result.share[at].sum() + result.rest[at] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "parameters",
    [SMALL, replace(SMALL, rank=0, als_rank=0), replace(SMALL, als_share=0.0), replace(SMALL, kept=0), SIDE],
    ids=["all", "near", "votes", "no neighbours", "track side"],
)
def test_shares_are_what_removing_the_own_track_takes(parameters: Parameters) -> None:
    fitted = Collaborative.fit(RATED, parameters)
    result = attribute(form(fitted.model), fitted.model.rows, fitted.fitted, every_pair(90, 60))
    for user in (0, 41, 89):
        ratings = RATED[[user]].toarray()[0]
        wanted, whole = shares(fitted.model, fitted.fitted, user, ratings)
        np.testing.assert_allclose(whole, fitted.scores(user, user + 1)[0], atol=2e-4)
        assert_shares(result, user * 60, ratings, wanted, whole)


def test_of_listeners_folded_in(fitted: Collaborative) -> None:
    model, new = fitted.model, fitted.model.listeners(NEW)
    result = attribute(form(model), model.standardised(NEW), new, every_pair(9, 60))
    for row in (0, 8):
        ratings = NEW[[row]].toarray()[0]
        wanted, whole = shares(model, new, row, ratings)
        np.testing.assert_allclose(whole, model.scores(new)[row], atol=2e-4)
        assert_shares(result, row * 60, ratings, wanted, whole)


@pytest.mark.slow
def test_long_histories_in_parts() -> None:
    """Listeners with more tracks than are looked at together."""
    rated = long_tail(8, 1500, 8000, seed=2)
    longest = int(np.diff(rated.indptr).argmax())
    assert np.diff(rated.indptr)[longest] > _CHUNK
    fitted = Collaborative.fit(rated, SMALL)
    tracks = np.arange(0, 1500, 50)
    result = attribute(form(fitted.model), fitted.model.rows, fitted.fitted, (np.where(np.arange(9) > longest, 30, 0), tracks))
    ratings = rated[[longest]].toarray()[0]
    wanted, whole = shares(fitted.model, fitted.fitted, longest, ratings)
    assert_shares(result, 0, ratings, wanted[:, tracks], whole[tracks])


class TestSameBytes:
    def test_any_company_and_threads(self, fitted: Collaborative) -> None:
        model, rows, pairs = form(fitted.model), fitted.model.rows, every_pair(90, 60)
        whole = attribute(model, rows, fitted.fitted, pairs)
        for other in (attribute(model, rows, fitted.fitted, pairs, threads) for threads in (2, 3)):
            assert all(one.tobytes() == two.tobytes() for one, two in zip(whole, other, strict=True))
        part = attribute(model, rows.part(7, 9), fitted.fitted.part(7, 9), every_pair(2, 60))
        for one, two in zip(part, whole, strict=True):
            assert one.tobytes() == two[7 * 60 : 9 * 60].tobytes()
        few = attribute(model, rows, fitted.fitted, (np.where(np.arange(91) > 7, 3, 0), np.array([5, 20, 41])))
        for one, two in zip(few, whole, strict=True):
            assert one.tobytes() == np.ascontiguousarray(two[7 * 60 + np.array([5, 20, 41])]).tobytes()


@pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
def test_edges(rows: Rows, tracks: int) -> None:
    fitted = Collaborative.fit(matrix(rows, tracks))
    result = attribute(form(fitted.model), fitted.model.rows, fitted.fitted, every_pair(len(rows), tracks))
    assert np.isfinite(result.share).all()
    np.testing.assert_allclose(result.share.sum(axis=1) + result.rest, 1.0, atol=1e-9)
    named = result.tracks >= 0
    assert (result.share[named] > 0).all()
    assert not result.share[~named].any()
