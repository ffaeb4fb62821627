"""Lists of a column from values and bounds."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys.matrices.columns import ragged


def test_lists_between_bounds() -> None:
    lists = ragged(pl.Series(["a", "b", "c"]), np.array([0, 2, 2, 3], np.int32))
    assert lists.to_list() == [["a", "b"], [], ["c"]]
    assert lists.dtype == pl.List(pl.String)


def test_of_structs_and_of_nothing() -> None:
    pairs = pl.DataFrame({"track_id": ["a", "b"], "share": [0.5, 0.25]}).to_struct()
    assert ragged(pairs, np.array([0, 0, 2])).to_list() == [
        [],
        [{"track_id": "a", "share": 0.5}, {"track_id": "b", "share": 0.25}],
    ]
    assert ragged(pairs[:0], np.array([0])).to_list() == []
