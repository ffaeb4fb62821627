"""Groups of listeners that are also judged alone, by what was known of them at the cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.task import Task

THIN = 20
"""Known tracks from which on a listener is `heavy`."""
ALL = "all"


def groups(task: Task) -> dict[str, NDArray[np.bool_]]:
    """Name → (listeners,) membership.

    ``cold`` knows no track, ``thin`` fewer than :data:`THIN`, ``heavy`` more. ``niche`` and ``mainstream``: the mean
    popularity of the known tracks (listeners who know each) is at most, or above, the median of all who know any.
    """
    known = np.diff(task.known.indptr)
    heard = np.bincount(task.known.indices, minlength=task.shape[1]).astype(np.float64)
    pattern = task.known.copy()
    pattern.data = np.ones_like(pattern.data)
    mean = np.divide(pattern @ heard, known, out=np.full(len(known), np.nan), where=known > 0)
    middle = np.median(mean[known > 0]) if known.any() else np.nan
    return {
        ALL: np.ones(len(known), np.bool_),
        "cold": known == 0,
        "thin": (known > 0) & (known < THIN),
        "heavy": known >= THIN,
        "niche": mean <= middle,
        "mainstream": mean > middle,
    }
