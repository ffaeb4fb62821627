"""Walks from track to listener to track, and sums over own tracks: by hand, against dense products, and their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.matrices.arrays import pattern
from recsys.stages.neighbors.kernels.two_hop import own_sums, walk

LIKES = st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=9)
Damping = tuple[np.ndarray, np.ndarray, np.ndarray]


def likes(rows: list[set[int]], tracks: int) -> csr_array:
    indptr, indices = np.cumsum([0, *map(len, rows)]), np.array([track for row in rows for track in sorted(row)], np.int32)
    return csr_array((np.ones(len(indices)), indices, indptr), shape=(len(rows), tracks))


def walked(liked: csr_array, damped: Damping, k: int, first: int = 0, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    tracks = liked.shape[1]
    out = np.full((tracks, k), -1, np.int32), np.zeros((tracks, k))
    walk(pattern(liked), pattern(csr_array(liked.T.tocsr())), damped, first, tracks if last is None else last, out)
    return out


def weights_of(liked: csr_array, damped: Damping) -> np.ndarray:
    """(to, from) weights, a walk at a time."""
    dense, (listeners, start, end) = liked.toarray(), damped
    out = np.zeros((liked.shape[1], liked.shape[1]))
    for listener, row in enumerate(dense):
        for to in np.flatnonzero(row):
            for origin in np.flatnonzero(row):
                if to != origin:
                    out[to, origin] += listeners[listener] * start[origin] * end[to]
    return out


class TestWalk:
    def test_by_hand(self) -> None:
        """Two listeners (1 and ½) like 0 and 1, one of them 2; what a track says is halved for 1, what is said of 2 quartered."""
        damped = np.array([1.0, 0.5]), np.array([1.0, 0.5, 1.0]), np.array([1.0, 1.0, 0.25])
        tracks, weights = walked(likes([{0, 1}, {0, 1, 2}], 3), damped, 2)
        assert tracks.tolist() == [[1, 2], [0, 2], [0, 1]]
        assert weights.tolist() == [[0.75, 0.5], [1.5, 0.5], [0.125, 0.0625]]

    def test_fewer_than_there_is_room_for(self) -> None:
        ones = np.ones(1), np.ones(3), np.ones(3)
        assert walked(likes([{0, 2}], 3), ones, 2)[0].tolist() == [[2, -1], [-1, -1], [0, -1]]

    def test_of_equal_weights_the_lower_tracks(self) -> None:
        ones = np.ones(1), np.ones(6), np.ones(6)
        assert walked(likes([set(range(6))], 6), ones, 3)[0].tolist() == [
            [1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2], [0, 1, 2],
        ]  # fmt: skip

    @given(rows=LIKES, seed=st.integers(0, 10**6), k=st.integers(1, 8))
    def test_brute_force(self, rows: list[set[int]], seed: int, k: int) -> None:
        """Powers of two as factors: sums are exact, so ties are ties."""
        rng, liked = np.random.default_rng(seed), likes(rows, 7)
        damped = tuple(rng.choice([1.0, 0.5, 0.25], size) for size in (len(rows), 7, 7))
        tracks, weights = walked(liked, damped, k)  # type: ignore[arg-type]
        for to, whole in enumerate(weights_of(liked, damped)):  # type: ignore[arg-type]
            best = sorted(np.flatnonzero(whole), key=lambda track: (-whole[track], track))[:k]
            wanted = sorted(best)
            assert tracks[to].tolist() == wanted + [-1] * (k - len(wanted))
            assert weights[to].tolist() == whole[wanted].tolist() + [0.0] * (k - len(wanted))

    def test_a_part_leaves_the_others(self) -> None:
        liked = likes([{0, 1, 2, 3}] * 2, 4)
        ones = np.ones(2), np.ones(4), np.ones(4)
        whole, part = walked(liked, ones, 2), walked(liked, ones, 2, 1, 3)
        assert part[0].tolist() == [[-1, -1], *whole[0][1:3].tolist(), [-1, -1]]


class TestOwnSums:
    def test_by_hand(self) -> None:
        own = csr_array(np.array([[2.0, 0, 1.0], [0, 0, 0]], np.float32))
        weights = csr_array(np.array([[0, 0.5, 0.25], [9, 0, 9], [1.0, 0, 0]], np.float32))
        assert summed(own, weights).tolist() == [[1.0, 1.0, 0.5], [0, 0, 0]]

    @pytest.mark.parametrize("seed", range(3))
    def test_brute_force(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        own, weights = (rng.normal(size=shape) * (rng.random(shape) < 0.3) for shape in ((5, 8), (8, 8)))
        result = summed(csr_array(own.astype(np.float32)), csr_array(weights.astype(np.float32)))
        np.testing.assert_allclose(result, own @ weights, atol=1e-5)


def summed(own: csr_array, weights: csr_array) -> np.ndarray:
    """Into an array of rubbish."""
    out = np.full(own.shape, 77.0, np.float32)
    own_sums((*pattern(own), own.data), (*pattern(weights), weights.data), out)
    return out
