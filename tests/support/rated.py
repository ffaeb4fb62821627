"""Rating matrices: by hand as dictionaries, at random with a long tail."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

Rows = list[dict[int, float]]
"""Track → rating, one dictionary a listener."""

EDGES: dict[str, tuple[Rows, int]] = {
    "no listeners": ([], 4),
    "no tracks": ([{}, {}], 0),
    "no ratings": ([{}, {}, {}], 4),
    "one listener": ([{0: 1.0, 2: 3.0}], 4),
    "one track": ([{0: 1.0}, {0: 2.0}, {}], 1),
    "one rating": ([{1: 1.0}, {}], 3),
    "constant ratings": ([dict.fromkeys(range(4), 0.45)] * 3, 4),
    "all ties": ([{0: 1.0, 1: 1.0}] * 6, 3),
    "negative only": ([{0: -1.0, 1: -0.5}, {1: -1.0, 2: -1.0}, {0: -2.0}], 4),
    "nothing shared": ([{0: 1.0}, {1: 2.0}, {2: 3.0}], 3),
    "tiny and huge": ([{0: 1e-300, 1: 1e12}, {0: 1e12, 2: 1e-300}, {1: -1e12}], 4),
}
"""Matrices on which nothing may break: rows, and the number of tracks. All have fewer listeners than any K."""


def matrix(rows: Rows, tracks: int) -> csr_array:
    """A rating of 0 is stored."""
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    indices = np.array([track for row in rows for track in sorted(row)], np.int32)
    values = np.array([row[track] for row in rows for track in sorted(row)], np.float64)
    return csr_array((values, indices, indptr), shape=(len(rows), tracks))


def long_tail(listeners: int, tracks: int, count: int, *, seed: int = 5, disliked: float = 0.0) -> csr_array:
    """About ``count`` ratings, few tracks with most of them; a share ``disliked`` below 0."""
    random = np.random.default_rng(seed)
    cells = np.unique(random.integers(0, listeners, count) * tracks + (tracks * random.random(count) ** 3).astype(int))
    sign = np.where(random.random(cells.size) < disliked, -1.0, 1.0)
    rated = csr_array((sign * random.gamma(2, 1, cells.size), (cells // tracks, cells % tracks)), shape=(listeners, tracks))
    rated.sort_indices()
    return rated


def groups(listeners: int, tracks: int, *, seed: int = 5, of: int = 4, each: int = 12) -> csr_array:
    """Listeners of ``of`` groups, nine in ten of whose ``each`` tracks are the group's own."""
    random = np.random.default_rng(seed)
    rows: Rows = []
    for listener in range(listeners):
        own = np.flatnonzero(np.arange(tracks) % of == listener % of)
        pick = [int(random.choice(own if random.random() < 0.9 else tracks)) for _ in range(each)]
        rows.append({track: float(random.gamma(2, 1)) for track in pick})
    return matrix(rows, tracks)


def dense_rows(rated: csr_array) -> np.ndarray:
    """Rows less their mean over all tracks, of length 1; constant rows 0."""
    centred = rated.toarray() - rated.toarray().mean(axis=1, keepdims=True) if rated.shape[1] else rated.toarray()
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12 * np.abs(centred).max(initial=0.0))
