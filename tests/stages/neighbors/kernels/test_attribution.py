"""Shares of own tracks: by hand, against the linear forms as dense products, and as parts that add up.

What the shares mean for a fitted model, one own track removed at a time: tests/stages/neighbors/test_attribution.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from recsys.matrices.arrays import pattern
from recsys.stages.neighbors.kernels.attribution import LISTED, LinearForm, Shares, Voters, attribute_rows
from recsys.stages.neighbors.kernels.interpolation import NeighborRows
from tests.support.rated import Rows, long_tail, matrix

LISTENERS, TRACKS, RANK, ALS_RANK, NEAR = 12, 20, 3, 4, 5


def standardised(rated: csr_array) -> NeighborRows:
    dense = rated.toarray()
    length = np.linalg.norm(dense - dense.mean(axis=1, keepdims=True), axis=1)
    return NeighborRows(*pattern(rated), rated.data.astype(float), dense.mean(axis=1), 1.0 / length)


def side_of(weights: csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return *pattern(weights), weights.data.astype(np.float32)


def at_random(seed: int, *, rank: int = RANK, near: int = NEAR, als_share: float = 0.4, track_share: float = 0.3) -> LinearForm:
    """No fitted model, but all that the forms read: any votes, factors and weights."""
    rng = np.random.default_rng(seed)
    rows = standardised(long_tail(LISTENERS, TRACKS, 110, seed=seed, disliked=0.1))
    shared, als = (rng.normal(size=(TRACKS, width)).astype(np.float32) for width in (rank, ALS_RANK))
    values = rng.uniform(0.1, 0.5, rank)
    of_votes = rng.normal(size=rows.values.size).astype(np.float32), rng.normal(size=(LISTENERS, rank)) / 4, values
    gram, together = (one.T.astype(float) @ one for one in (shared, als))
    side = random_array((TRACKS, TRACKS), density=0.2, rng=rng, format="csr")
    return LinearForm(
        rows, *of_votes, rng.normal(size=(TRACKS, rank)), shared, gram, als, 0.5 * together, rng.uniform(0.5, 2, TRACKS),
        0.5, 2.0, 1.0, als_share, track_share, side_of(side),
    )  # fmt: skip


def voters(form: LinearForm, rated: csr_array, seed: int, near: int = NEAR) -> Voters:
    rng, count = np.random.default_rng(seed + 100), rated.shape[0]
    indices = np.full((count, NEAR), -1, np.int32)
    for row in range(count):
        indices[row, :near] = rng.choice(LISTENERS, near, replace=False)
    return Voters(
        standardised(rated), indices, rng.random((count, NEAR)), rng.normal(size=(count, form.values.size)),
        rng.uniform(0.5, 1.5, count), rng.uniform(0, 0.5, count), rng.normal(size=(count, ALS_RANK)).astype(np.float32),
        rng.normal(size=rated.nnz).astype(np.float32),
    )  # fmt: skip


def every_share(form: LinearForm, subjects: Voters, first: int = 0, last: int | None = None) -> Shares:
    count, tracks = len(subjects.gain), form.tracks.shape[0]
    pairs = count * tracks
    shares = Shares(np.full((pairs, LISTED), 77, np.int32), np.full((pairs, LISTED), 77.0), np.full(pairs, 77.0))
    every = np.arange(count + 1) * tracks, np.tile(np.arange(tracks, dtype=np.int32), count)
    attribute_rows(form, subjects, every, first, count if last is None else last, shares)
    return shares


def dense(rows: NeighborRows, values: np.ndarray, tracks: int) -> np.ndarray:
    return csr_array((values, rows.indices, rows.indptr), shape=(len(rows.mean), tracks)).toarray().astype(float)


def contributions(form: LinearForm, subjects: Voters, row: int) -> np.ndarray:
    """(tracks, tracks) what each own track adds to each score; rows of tracks that are not own are 0."""
    tracks, near = form.tracks.shape[0], subjects.indices[row][subjects.indices[row] >= 0]
    centred = dense(form.rows, form.rows.values, tracks) - form.rows.mean[:, None]
    unit, cast = (centred * form.rows.scale[:, None])[near], dense(form.rows, form.votes, tracks)[near]
    vectors, values, shared = form.vectors[near], form.values, form.shared.astype(float)
    among = unit @ unit.T - (vectors * values) @ vectors.T + form.ridge * np.eye(len(near))
    gain, shrinkage = subjects.gain[row], subjects.shrinkage[row]
    local = gain * np.linalg.solve(among, cast - vectors @ shared.T)
    apart = gain * shared.T - shrinkage * shared.T / (values + form.ridge)[:, None] - values[:, None] * (vectors.T @ local)
    ratings = dense(subjects.rows, subjects.rows.values, tracks)[row]
    voted = subjects.rows.scale[row] * ratings[:, None] * (unit.T @ local + form.tracks @ apart)
    als, sure = form.als.astype(float), np.abs(ratings) * form.confidence
    normal = form.als_missing + (als.T * sure) @ als + form.als_ridge * np.eye(als.shape[1])
    hidden = (sure * np.sign(ratings))[:, None] * (als @ np.linalg.solve(normal, als.T))
    weights = csr_array((form.side[2], form.side[1], form.side[0]), shape=(tracks, tracks)).toarray().astype(float)
    beside = dense(subjects.rows, subjects.votes, tracks)[row][:, None] * weights
    scores = (
        subjects.weight[row, : len(near)] @ cast + shared @ subjects.low_rank[row],
        als @ subjects.als[row],
        beside.sum(axis=0),
    )
    apart_share = 1 - form.track_share
    parts = apart_share * (1 - form.als_share), apart_share * form.als_share, form.track_share
    scales = [part / np.sqrt((one**2).mean()) if one.any() else 0.0 for part, one in zip(parts, scores, strict=True)]
    return np.asarray(scales[0] * voted + scales[1] * hidden + scales[2] * beside)


@pytest.mark.parametrize(
    "parts",
    [{}, {"rank": 0}, {"near": 0}, {"als_share": 0.0}, {"als_share": 1.0}, {"track_share": 0.0}, {"track_share": 1.0}],
    ids=["all", "no factors", "no neighbours", "votes", "ALS", "no track side", "track side"],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_against_dense_products(seed: int, parts: dict[str, float]) -> None:
    form = at_random(seed, **parts)  # type: ignore[arg-type]
    rated = long_tail(4, TRACKS, 24, seed=seed + 7, disliked=0.2)
    subjects = voters(form, rated, seed, int(parts.get("near", NEAR)))
    result = every_share(form, subjects)
    for row in range(4):
        added = contributions(form, subjects, row)
        liked = dense(subjects.rows, subjects.rows.values, TRACKS)[row] > 0
        for track in range(TRACKS):
            at, whole = row * TRACKS + track, added[:, track].sum()
            named = np.where(liked, added[:, track], -np.inf)  # what is disliked has its part, but no name
            best = np.argsort(-named, kind="stable")[:LISTED]
            best = best[named[best] > 0] if whole > 0 else best[:0]
            pad = LISTED - len(best)
            assert result.tracks[at].tolist() == [*best.tolist(), *[-1] * pad]
            wanted = added[best, track] / whole if whole > 0 else []
            np.testing.assert_allclose(result.share[at], [*wanted, *[0.0] * pad], rtol=1e-3, atol=1e-6)
            assert result.rest[at] == pytest.approx(1.0 - result.share[at].sum(), abs=1e-12)


def bare(tracks: int, **parts: object) -> LinearForm:
    """Nobody voted, nothing is known: what a test adds is all there is."""
    none, wide = np.zeros(0), np.zeros((tracks, 0))
    empty = NeighborRows(np.zeros(1, np.int64), np.zeros(0, np.int32), none, none, none)
    floats = np.zeros((tracks, 0), np.float32)
    form = LinearForm(
        empty, np.zeros(0, np.float32), np.zeros((0, 0)), none, wide, floats, np.zeros((0, 0)), floats, np.zeros((0, 0)),
        np.ones(tracks), 1.0, 1.0, 1.0, 0.0, 0.0, side_of(csr_array((tracks, tracks))),
    )  # fmt: skip
    return form._replace(**parts)


def listener(form: LinearForm, rows: Rows, votes: list[float], als: list[float]) -> Voters:
    rated = matrix(rows, form.tracks.shape[0])
    ones, indices = np.ones(len(rows)), np.full((len(rows), 1), -1, np.int32)
    of_als = np.array([als] * len(rows), np.float32).reshape(len(rows), -1)
    return Voters(
        standardised(rated), indices, np.zeros((len(rows), 1)), np.zeros((len(rows), 0)), ones, ones, of_als,
        np.array(votes, np.float32),
    )  # fmt: skip


class TestByHand:
    weights = csr_array(np.array([[0, 0, 0.5, 0, 0], [0, 0, 0.25, 1, -1], [0] * 5, [0, 0, 0.5, 0, 0], [0, 0, 0.25, 0, 0]]))

    def test_the_track_side_by_votes_times_weights(self) -> None:
        """Track 2: 2 · ½ from 0, 1 · ¼ from 1, −½ · ½ from 3, 1 · ¼ from 4; 5/4 in all, of which the −¼ is no share."""
        form = bare(5, track_share=1.0, side=side_of(self.weights))
        subjects = listener(form, [{0: 1.0, 1: 1.0, 3: -1.0, 4: 2.0}], [2.0, 1.0, -0.5, 1.0], [])
        result = every_share(form, subjects)
        assert result.tracks[2].tolist() == [0, 1, 4]
        assert result.share[2].tolist() == pytest.approx([0.8, 0.2, 0.2])
        assert result.rest[2] == pytest.approx(-0.2)
        assert (result.tracks[3].tolist(), result.share[3].tolist(), result.rest[3]) == ([1, -1, -1], [1.0, 0.0, 0.0], 0.0)

    @pytest.mark.parametrize("track", [0, 4], ids=["nothing", "less than nothing"])
    def test_a_score_of_nothing_or_less_has_no_shares(self, track: int) -> None:
        form = bare(5, track_share=1.0, side=side_of(self.weights))
        result = every_share(form, listener(form, [{0: 1.0, 1: 1.0}], [2.0, 1.0], []))
        assert (result.tracks[track].tolist(), result.share[track].tolist(), result.rest[track]) == ([-1] * 3, [0.0] * 3, 1.0)

    def test_als_by_confidence(self) -> None:
        """One factor: a track adds sign · |rating| · confidence · own factor, 3, 2 and 2 − 1 of them here, of 4."""
        als = np.array([[1.0], [2.0], [1.0], [-1.0], [1.0]], np.float32)
        form = bare(5, als=als, als_share=1.0, als_missing=als.T.astype(float) @ als, confidence=np.array([1.0, 0.5, 1, 1, 1]))
        result = every_share(form, listener(form, [{0: 3.0, 1: 2.0, 2: -2.0, 3: -1.0}], [0.0] * 4, [1.0]))
        assert result.tracks[4].tolist() == [0, 1, -1]  # 3 is disliked: its quarter is part of the rest
        assert result.share[4].tolist() == pytest.approx([0.75, 0.5, 0.0], rel=1e-5)
        assert result.rest[4] == pytest.approx(-0.25, rel=1e-5)

    def test_of_equal_tracks_the_first_are_named(self) -> None:
        form = bare(6, track_share=1.0, side=side_of(csr_array(np.outer([1.0] * 5 + [0], [0.0] * 5 + [1]))))
        result = every_share(form, listener(form, [dict.fromkeys(range(5), 1.0) | {4: 2.0}], [1.0] * 5, []))
        assert (result.tracks[5].tolist(), result.rest[5]) == ([0, 1, 2], pytest.approx(0.4))


def test_only_the_rows_of_a_part_are_filled_and_company_changes_nothing() -> None:
    form = at_random(3)
    subjects = voters(form, long_tail(4, TRACKS, 24, seed=10), 3)
    whole, part = every_share(form, subjects), every_share(form, subjects, 1, 3)
    for one, other in zip(whole, part, strict=True):
        assert other[TRACKS : 3 * TRACKS].tobytes() == one[TRACKS : 3 * TRACKS].tobytes()
        assert (np.delete(other, np.s_[TRACKS : 3 * TRACKS], axis=0) == 77).all()
