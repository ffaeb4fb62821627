"""A hint changes nothing, wherever it points."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from recsys.matrices.prefetch import prefetch


@njit
def hinted(values: np.ndarray, first: int, count: int) -> int:
    prefetch(values, first, count)
    return values.size


@pytest.mark.parametrize(("first", "count"), [(0, 0), (0, 12), (5, 3), (11, 40), (10**12, 100)])
def test_no_number_changes(first: int, count: int) -> None:
    for values in (np.arange(12, dtype=np.int32), np.arange(12.0).reshape(4, 3)):
        before = values.copy()
        assert hinted(values, first, count) == 12
        assert values.tobytes() == before.tobytes()


def test_it_is_the_instruction() -> None:
    hinted(np.arange(12.0), 0, 12)
    assert all("llvm.prefetch" in code for code in hinted.inspect_llvm().values())
