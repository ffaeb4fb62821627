"""The collaborative model: its parts put together, what must not change its bits, and what a listener's dislikes do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys import Settings, build
from recsys.stages.neighbors import near
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.fitting import correlated
from recsys.stages.neighbors.model import TILE, Parameters
from recsys.stages.neighbors.near import fit_near
from recsys.stages.neighbors.track_side import near_tracks, track_side, two_hop
from recsys.stages.neighbors.weighting import cleaned, damping, weighted_votes
from tests.support.rated import EDGES, Rows, groups, long_tail, matrix
from tests.support.worlds import AS_OF, Row, event, inputs, of, silent

SMALL = Parameters(pool=12, kept=6, rank=5, als_rank=5, ridge=1.0)
RATED = long_tail(TILE + 26, 60, 1500, disliked=0.1)


def assert_same_bytes(one: Collaborative, other: Collaborative) -> None:
    last = len(one.fitted.als)
    assert one.scores(0, last).tobytes() == other.scores(0, last).tobytes()
    for mine, theirs in zip(one.near, other.near, strict=True):
        assert mine.tobytes() == theirs.tobytes()


class TestParts:
    @pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
    def test_ratings_are_finite(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="must be finite"):
            Collaborative.fit(matrix([{0: wrong}], 2))

    def test_rare_tracks_correlate_more(self) -> None:
        _, rows, _ = correlated(matrix([{0: np.e - 1, 1: 3.0}, {0: 1.0, 1: -3.0}, {0: 1.0}, {}], 2), SMALL)
        # track 0 was rated by all three listeners who rated anything, track 1 by two of them
        assert rows.weights.toarray()[:2] == pytest.approx(
            np.array([[np.log(2), np.log(4) * np.log(2.5)], [np.log(2) ** 2, -np.log(4) * np.log(2.5)]])
        )

    def test_neighbours_in_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _, rows, factors = correlated(cleaned(RATED), SMALL)
        whole = fit_near(rows, factors, pool=12, kept=6, ridge=1.0)
        assert len(whole.indices) < near._BLOCK
        monkeypatch.setattr(near, "_BLOCK", 7)
        for one, other in zip(whole, fit_near(rows, factors, pool=12, kept=6, ridge=1.0), strict=True):
            assert one.tobytes() == other.tobytes()


def test_the_track_side_is_a_share_of_the_scores() -> None:
    alone, mixed = (Collaborative.fit(RATED, replace(SMALL, track_share=share)) for share in (0.0, 0.3))
    rated = cleaned(RATED)
    side = track_side(rated, near_tracks(rated, 12, 6, 1.0), two_hop(rated), 0.5).toarray()
    cast = weighted_votes(rated, np.ones(60)).toarray() @ side
    wanted = 0.7 * alone.scores(0, 90) + 0.3 * cast / np.sqrt(np.square(cast).mean(axis=1, keepdims=True))
    np.testing.assert_allclose(mixed.scores(0, 90), wanted, atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_scores_are_near_and_far_votes_and_latent_products(share: float) -> None:
    parameters = replace(SMALL, als_share=share)
    model, rated = Collaborative.fit(RATED, parameters), cleaned(RATED)
    cast, (_, _, factors) = (
        weighted_votes(rated, damping(rated, parameters.popularity_damping)).toarray(),
        correlated(rated, parameters),
    )
    scores = model.scores(0, len(cast))
    for user in (0, TILE - 1, TILE, len(cast) - 1):
        near, weight = model.near.indices[user], model.near.weight[user]
        linear = weight[near >= 0] @ cast[near[near >= 0]] + model.near.low_rank[user] @ factors.vectors.T @ cast
        hidden = model.fitted.als[user] @ model.model.tracks
        parts = [part / np.sqrt(np.square(part).mean()) for part in (linear, hidden.astype(float))]
        np.testing.assert_allclose(scores[user], (1 - share) * parts[0] + share * parts[1], atol=2e-4)


def test_it_finds_the_groups() -> None:
    rated = groups(120, 80)
    scores = Collaborative.fit(rated, SMALL).scores(0, 120)
    scores[rated.toarray() != 0] = np.nan
    own = np.arange(120)[:, None] % 4 == np.arange(80) % 4
    assert np.nanmean(scores[own]) > np.nanmean(scores[~own]) + 1
    assert (np.nanargmax(scores, axis=1) % 4 == np.arange(120) % 4).mean() > 0.9


class TestSameBytes:
    model = Collaborative.fit(RATED, SMALL)

    @pytest.mark.parametrize("threads", [2, 3])
    def test_any_number_of_threads(self, threads: int) -> None:
        assert_same_bytes(self.model, Collaborative.fit(RATED, SMALL, threads))

    def test_any_block(self) -> None:
        whole = self.model.scores(0, len(self.model.fitted.als))
        for first, last in ((0, 1), (5, TILE + 7), (TILE, TILE + 26), (3, 3)):
            assert self.model.scores(first, last).tobytes() == whole[first:last].tobytes()

    def test_untidy_ratings(self) -> None:
        backwards = csr_array((RATED.data[::-1], RATED.indices[::-1], RATED.nnz - RATED.indptr[::-1]), shape=RATED.shape)[::-1]
        cells = RATED.tocoo()
        zeros = np.r_[cells.data, 0.0], (np.r_[cells.row, 3], np.r_[cells.col, np.flatnonzero(RATED.toarray()[3] == 0)[0]])
        assert not backwards.has_sorted_indices
        for untidy in (backwards, csr_array(zeros, shape=RATED.shape)):
            assert_same_bytes(self.model, Collaborative.fit(untidy, SMALL))

    def test_seed(self) -> None:
        assert_same_bytes(self.model, Collaborative.fit(RATED, replace(SMALL, seed=0)))
        other = Collaborative.fit(RATED, replace(SMALL, seed=1)).scores(0, 5)
        assert other.tobytes() != self.model.scores(0, 5).tobytes()


def test_a_listener_without_overlap_is_nobodys_neighbour() -> None:
    more = csr_array(
        (np.r_[RATED.data, 2.0], np.r_[RATED.indices, 60], np.r_[RATED.indptr, RATED.nnz + 1]), shape=(TILE + 27, 61)
    )
    model = Collaborative.fit(more, SMALL)
    assert TILE + 26 not in model.near.indices
    assert (model.near.indices[-1] == -1).all()


@pytest.mark.parametrize(
    "parameters", [Parameters(), replace(SMALL, rank=0), replace(SMALL, ridge=0.0)], ids=["default", "near", "bare"]
)
@pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
def test_edges(parameters: Parameters, rows: Rows, tracks: int) -> None:
    model = Collaborative.fit(matrix(rows, tracks), parameters)
    scores = model.scores(0, len(rows))
    assert scores.shape == (len(rows), tracks)
    assert np.isfinite(scores).all()
    evidence = model.evidence(0, len(rows))
    assert ((evidence >= 0) & (evidence <= 1)).all()
    assert not scores[[not row for row in rows]].any()


TRACKS = 24
"""Two halves; every listener heard two thirds of one."""
NAMES = [f"t{track:02}" for track in range(TRACKS)]
LIKED = [event("me", NAMES[track], "like") for track in (0, 1, 2, 12, 13, 14)]
AGAINST = pytest.mark.parametrize("kind", ["dislike", "hide"])


def crowd() -> list[Row]:
    random = np.random.default_rng(9)
    half = TRACKS // 2
    chosen = [(user, user % 2 * half + int(track)) for user in range(40) for track in random.permutation(half)[:8]]
    return [event(f"u{user:02}", NAMES[track], "play", completed_ms=60_000) for user, track in chosen]


def offered(events: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """The collaborative part and the score of every track for "me", NaN for tracks that are not candidates."""
    tables = build(inputs(map(silent, NAMES), [*crowd(), *LIKED, *events]), Settings(), as_of=AS_OF)
    result = {row["track_id"]: row for row in of(tables, "candidates", "me", "balanced")}
    return tuple(np.array([result.get(name, {}).get(part, np.nan) for name in NAMES]) for part in ("collaborative", "score"))


class TestDislikes:
    """What a listener dislikes lowers other tracks, and what is skipped does not, end to end in the preset that listeners get."""

    @pytest.mark.slow
    @AGAINST
    def test_own_lower_tracks_that_the_same_listeners_hear(self, kind: str) -> None:
        like, unlike = slice(6, 12), slice(15, 24)
        for before, after in zip(offered([]), offered([event("me", NAMES[track], kind) for track in (3, 4, 5)]), strict=True):
            assert np.nanmean(after[like]) < np.nanmean(before[like]) - 0.01
            assert np.nanmean(after[like] - before[like]) < np.nanmean(after[unlike] - before[unlike]) - 0.03
        assert (after[like] < before[like]).all()

    @pytest.mark.slow
    @AGAINST
    def test_a_neighbours_lower_the_track(self, kind: str) -> None:
        """Doubles of mine like the last track, or turn it down."""
        doubles = [event(f"double{n}", row["track_id"], "like") for n in range(3) for row in LIKED]
        fans, critics = ([event(f"double{n}", NAMES[-1], opinion) for n in range(3)] for opinion in ("like", kind))
        for before, after in zip(offered([*doubles, *fans]), offered([*doubles, *critics]), strict=True):
            assert before[-1] > after[-1] + 0.05
            assert after[-1] == np.nanmin(after)

    @pytest.mark.slow
    def test_skips_change_no_vote(self) -> None:
        """Own ones of three tracks, and those of two who hear what I hear."""
        own = [event("me", NAMES[track], "skip") for track in (3, 4, 5)]
        others = [event(f"u{user:02}", NAMES[-1], "skip") for user in (0, 2)]
        before, after = offered([])[0], offered([*own, *others])[0]
        np.testing.assert_array_equal(np.delete(after, (3, 4, 5)), np.delete(before, (3, 4, 5)))


def circle(size: int) -> list[Row]:
    """Listeners who like the same eight tracks of twenty; all but the first one like a ninth."""
    shared = [event(f"m{member}", NAMES[track], "like") for member in range(size) for track in range(8)]
    return shared + [event(f"m{member}", NAMES[20], "like") for member in range(1, size)]


STRANGERS = [event("x", NAMES[22], "like"), event("y", NAMES[23], "like")]


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3, 5, 10])
def test_a_small_circle_votes_as_it_would_among_strangers(size: int) -> None:
    """What everybody heard is what they share: its weight must not be nothing."""
    weighted_votes = []
    for events in (circle(size), circle(size) + STRANGERS):
        tables = build(inputs(map(silent, NAMES), events), Settings(), as_of=AS_OF)
        first = of(tables, "rankings", "m0", "balanced")[0]
        assert first["track_id"] == NAMES[20]
        weighted_votes.append(first["collaborative"])
    assert weighted_votes[0] > 0.8
    assert weighted_votes == pytest.approx([weighted_votes[0]] * 2, abs=0.05)
