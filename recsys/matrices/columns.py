"""Columns of frames from arrays."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray


def ragged(values: pl.Series, bounds: NDArray[np.integer]) -> pl.Series:
    """(n,) lists of the values between ``bounds`` (n + 1,)."""
    # by way of polars, for pyarrow imports pandas to look at an array of numpy, which takes half a second
    return pl.Series(pa.LargeListArray.from_arrays(pl.Series(bounds.astype(np.int64)).to_arrow(), values.to_arrow()))
