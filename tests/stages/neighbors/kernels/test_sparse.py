"""Products of a sparse matrix have the bits of SciPy's, however the rows are divided."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from recsys.matrices.arrays import pattern
from recsys.stages.neighbors.kernels.sparse import sparse_product


def times(matrix: csr_array, right: np.ndarray, scale: np.ndarray, bounds: tuple[int, ...]) -> np.ndarray:
    out = np.full((matrix.shape[0], right.shape[1]), np.nan)
    for first, last in pairwise(bounds):
        sparse_product((*pattern(matrix), matrix.data), right, scale, first, out[first:last])
    return out


def test_by_hand() -> None:
    matrix = csr_array(np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))
    right = np.array([[1.0, 2.0], [8.0, 8.0], [3.0, 4.0]])
    assert times(matrix, right, np.array([1.0, 1.0, 10.0]), (0, 2)).tolist() == [[32.0, 44.0], [0.0, 0.0]]


@pytest.mark.parametrize("width", [1, 7, 74])
@pytest.mark.parametrize("bounds", [(0, 60), (0, 1, 17, 17, 60)])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.3])
def test_the_bits_of_scipy(width: int, bounds: tuple[int, ...], density: float) -> None:
    random = np.random.default_rng(4)
    matrix = csr_array(random_array((60, 90), density=density, rng=random, data_sampler=random.standard_normal))
    right, scale = random.standard_normal((90, width)), random.standard_normal(90)
    wanted = matrix @ (right * scale[:, None])
    assert times(matrix, right, scale, bounds).tobytes() == wanted.tobytes()
