"""Diversity's picks with the rules written out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recsys.matrices.arrays import Items
from recsys.stages.rankings.kernels import diversity
from recsys.stages.rankings.kernels.diversity import Picks
from recsys.stages.rankings.kernels.picking import Pool, Rules


def pick(
    items: Items, tracks: np.ndarray, scores: np.ndarray, limit: int, lam: float, scale: float = 1.0, max_per_artist: int = 0,
    one_version: bool = False, gap: int = 0,
) -> Picks:  # fmt: skip
    """Of one list."""
    return pick_many(items, tracks, scores, np.array([0, len(tracks)]), [limit], lam, scale, max_per_artist, one_version, gap)[1]


def pick_many(
    items: Items, tracks: np.ndarray, scores: np.ndarray, indptr: np.ndarray, limits: npt.ArrayLike, lam: float,
    scale: float = 1.0, max_per_artist: int = 0, one_version: bool = False, gap: int = 0,
) -> tuple[np.ndarray, Picks]:  # fmt: skip
    rules = Rules(lam, scale, max_per_artist, one_version, gap)
    return diversity.pick_many(items, Pool(tracks, scores), indptr, limits, rules)
