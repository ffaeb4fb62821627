"""The tracks picked for the lists of a block."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.matrices.arrays import Floats, Ints
from recsys.tables import RANKINGS

ROW_SOURCES = RANKINGS["source"].allowed
"""How a row comes into a list; by number."""
RANKED, COLD_START, BACKFILL_ARTIST = map(ROW_SOURCES.index, ("ranked", "cold", "backfill_artist"))


class Picked(NamedTuple):
    """The picks of a block's lists, list by list, in order."""

    row: NDArray[np.int64]
    track: Ints
    diversity: Floats
    nearest: NDArray[np.int64]
    """Row of the catalogue, −1 for none."""
    marginal: Floats
    score_rank: NDArray[np.int64]
    source: NDArray[np.int64]
    """One of :data:`ROW_SOURCES`."""
    columns: Floats
    """Score, values and points of the parts by scale `spread`; empty rows by scale `raw`."""
