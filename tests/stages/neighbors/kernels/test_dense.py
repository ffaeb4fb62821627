"""Small dense algebra against numpy, and what must not change its bits."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.stages.neighbors.kernels.dense import _CHUNK, eigen, gram, product

SHAPES = [
    (1, 1, 1),
    (3, 0, 4),
    (0, 5, 4),
    (4, 5, 0),
    (5, 7, 9),
    (2, 8, 3),
    (3, 17, _CHUNK - 1),
    (6, 25, 40),
    (2, 64, _CHUNK),
    (2, 9, 2 * _CHUNK + 1),
]


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    out = np.full((len(left), right.shape[1]), np.nan, left.dtype)
    product(np.ascontiguousarray(left), np.ascontiguousarray(right), out)
    return out


class TestProduct:
    def test_by_hand(self) -> None:
        assert times(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0, 0.0], [5.0, 6.0, 1.0]])).tolist() == [[13.0, 16.0, 2.0]]

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize(("kind", "error"), [(np.float64, 1e-12), (np.float32, 1e-4)])
    def test_against_numpy(self, shape: tuple[int, int, int], kind: type, error: float) -> None:
        rows, rank, columns = shape
        left, right = normal(rows, rank).astype(kind), normal(rank, columns, seed=2).astype(kind)
        np.testing.assert_allclose(times(left, right), left @ right, atol=error)

    def test_a_part_has_the_bits_of_the_whole(self) -> None:
        left, right = normal(5, 19).astype(np.float32), normal(19, _CHUNK + 40).astype(np.float32)
        whole = times(left, right)
        assert times(left[2:4], right).tobytes() == whole[2:4].tobytes()
        assert times(left, right[:, 30 : _CHUNK + 9]).tobytes() == np.ascontiguousarray(whole[:, 30 : _CHUNK + 9]).tobytes()


@pytest.mark.parametrize("shape", [(7, 3), (1, 4), (0, 3), (5, 0)])
def test_gram(shape: tuple[int, int]) -> None:
    columns = normal(*shape)
    np.testing.assert_allclose(gram(columns), columns.T @ columns, atol=1e-12)
    assert (gram(columns) == gram(columns).T).all()


def symmetric(size: int, rank: int, seed: int = 3) -> np.ndarray:
    half = normal(size, rank, seed=seed)
    return half @ half.T - 0.3 * np.eye(size)


MATRICES = {
    "by hand": np.array([[2.0, 1.0], [1.0, 2.0]]),
    "random": symmetric(40, 40),
    "mostly equal values": symmetric(30, 4),
    "one": np.array([[-3.0]]),
    "none": np.empty((0, 0)),
    "zero": np.zeros((4, 4)),
    "diagonal": np.diag([1.0, 3.0, -2.0]),
    "zero diagonal": np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]]),
    "tiny": 1e-150 * symmetric(6, 6),
    "huge": 1e150 * symmetric(6, 6),
    "graded": np.diag(10.0 ** -np.arange(8)) + 1e-9,
}


class TestEigen:
    @pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
    def test_against_numpy(self, matrix: np.ndarray) -> None:
        values, vectors = eigen(matrix)
        scale = np.abs(matrix).max(initial=1e-300)
        np.testing.assert_allclose(values / scale, np.linalg.eigh(matrix)[0][::-1] / scale, atol=1e-12)
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(matrix)), atol=1e-12)
        np.testing.assert_allclose(vectors * (values / scale) @ vectors.T, matrix / scale, atol=1e-12)

    def test_the_argument_stays(self) -> None:
        matrix = symmetric(5, 5)
        before = matrix.copy()
        eigen(matrix)
        assert matrix.tobytes() == before.tobytes()
