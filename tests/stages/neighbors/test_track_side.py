"""The track side: both views against dense sums, on one scale."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors import track_side
from recsys.stages.neighbors.low_rank import factors, standardised
from recsys.stages.neighbors.near import fit_near
from recsys.stages.neighbors.track_side import ALPHA, BETA, near_tracks, none, two_hop
from recsys.stages.neighbors.weighting import rarity, strength
from tests.support.rated import EDGES, Rows, groups, long_tail, matrix

RATED = long_tail(40, 30, 500, disliked=0.2)


def fitted(rated: csr_array, pool: int, kept: int, share: float = 0.5, threads: int = 1) -> csr_array:
    """The track side of ratings."""
    return track_side.track_side(rated, near_tracks(rated, pool, kept, 2.0, threads), two_hop(rated, threads), share)


def walks(rated: csr_array) -> np.ndarray:
    """(from, to) RP3β weights of the likes, the diagonal 0."""
    liked = (rated.toarray() > 0).astype(float)
    own, heard = np.maximum(liked.sum(axis=1), 1), np.maximum(liked.sum(axis=0), 1)
    out = (liked / heard**ALPHA).T @ (liked / own[:, None] ** ALPHA) / heard**BETA
    return out * (1 - np.eye(len(out)))


class TestTwoHop:
    def test_by_hand(self) -> None:
        result = two_hop(matrix([{0: 1.0, 1: 2.0}, {1: 1.0, 2: -1.0}], 3)).toarray()
        # one listener of two likes goes from 0 (one listener) to 1 (two) and back; what is disliked is not walked to
        there, back = 2**-ALPHA / 2**BETA, 2**-ALPHA * 2**-ALPHA
        assert result == pytest.approx(np.array([[0, there, 0], [back, 0, 0], [0, 0, 0]]))

    def test_brute_force(self) -> None:
        np.testing.assert_allclose(two_hop(RATED).toarray(), walks(RATED), atol=1e-12)

    def test_the_greatest_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(track_side, "WALKS", 5)
        result, whole = two_hop(RATED).toarray(), walks(RATED)
        for track in range(30):
            kept = np.flatnonzero(result[:, track])
            assert len(kept) == min(5, np.count_nonzero(whole[:, track]))
            np.testing.assert_allclose(np.sort(result[kept, track]), np.sort(whole[:, track])[-len(kept) :] if len(kept) else [])


def test_near_is_near_of_the_transposed() -> None:
    by_track = csr_array(RATED.T.tocsr())
    rows = standardised(strength(by_track, rarity(by_track)))
    wanted = fit_near(rows, factors(rows, 0), pool=8, kept=4, ridge=2.0)
    result = near_tracks(RATED, 8, 4, 2.0).toarray()
    for track in range(30):
        who = wanted.indices[track] >= 0
        assert result[wanted.indices[track][who], track].tolist() == wanted.weight[track][who].tolist()
        assert np.count_nonzero(result[:, track]) == np.count_nonzero(wanted.weight[track])


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_each_view_is_brought_to_its_share(share: float) -> None:
    result = fitted(RATED, 8, 4, share).toarray()
    heard = np.bincount(RATED.indices, minlength=30)
    views = [near_tracks(RATED, 8, 4, 2.0).toarray(), two_hop(RATED).toarray()]
    even = [one / np.sqrt((heard[:, None] * one**2).sum()) for one in views]
    np.testing.assert_allclose(result, (1 - share) * even[0] + share * even[1], atol=1e-6)


def test_tracks_of_a_group_speak_for_each_other() -> None:
    result = fitted(groups(120, 40), 20, 10).toarray()
    same = np.arange(40)[:, None] % 4 == np.arange(40) % 4
    assert result[same].mean() > 5 * result[~same].mean()


@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads(threads: int) -> None:
    one, other = (fitted(RATED, 8, 4, threads=count) for count in (1, threads))
    assert (one.data.tobytes(), one.indices.tobytes()) == (other.data.tobytes(), other.indices.tobytes())


@pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
def test_edges(rows: Rows, tracks: int) -> None:
    result = fitted(matrix(rows, tracks), 8, 4)
    assert result.shape == none(tracks).shape == (tracks, tracks)
    assert np.isfinite(result.data).all()
