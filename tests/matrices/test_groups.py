"""Groups of rows: labels of several kinds join them, and nothing else does."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from recsys.matrices.groups import each_once, joined, labels


def test_labels_number_keys_and_leave_nothing_out() -> None:
    assert labels(pl.Series(["b", None, "a", "b"])).tolist() == [1, -1, 0, 1]


def test_a_function_sees_each_text_once() -> None:
    seen = []
    texts = pl.Series(["x", None, "y", "x"])
    assert each_once(texts, lambda text: seen.append(text) or text.upper()).to_list() == ["X", None, "Y", "X"]
    assert sorted(seen) == ["x", "y"]


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), max_size=12))
def test_groups_are_those_of_a_flood_fill(rows: list[tuple[int, int]]) -> None:
    kinds = [np.array([row[kind] for row in rows], dtype=np.int64) for kind in (0, 1)]
    group = list(range(len(rows)))
    for _ in rows:
        for one, left in enumerate(rows):
            for other, right in enumerate(rows):
                if any(a == b >= 0 for a, b in zip(left, right, strict=True)):
                    group[one] = group[other] = min(group[one], group[other])
    result = joined(kinds, len(rows)).tolist()
    assert [[a == b for b in result] for a in result] == [[a == b for b in group] for a in group]
