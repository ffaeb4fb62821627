"""Which rows belong together: rows that share a label of any kind, directly or through others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Labels = NDArray[np.int64]


def labels(keys: pl.Series) -> Labels:
    """A number ≥ 0 for each distinct key, −1 for none."""
    return keys.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1


def joined(kinds: Sequence[Labels], height: int) -> Labels:
    """(height,) number of each row's group, from several kinds of (height,) labels; −1 labels nothing."""
    rows, nodes, start = [], [], height
    for column in kinds:
        named = np.flatnonzero(column >= 0)
        rows.append(named)
        nodes.append(start + column[named])
        start += int(column.max(initial=-1)) + 1
    one, other = np.concatenate(rows), np.concatenate(nodes)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(start, start))
    return connected_components(graph, directed=False)[1][:height].astype(np.int64)


def each_once(texts: pl.Series, function: Callable[[str], str]) -> pl.Series:
    """A function of texts, called once for each distinct one; null for null."""
    distinct = texts.unique().drop_nulls()
    values = [function(text) for text in distinct]
    return texts.replace_strict(distinct, pl.Series(values, dtype=pl.String), default=None, return_dtype=pl.String)
