"""Methods that a recommender is compared with. Each is fitted to the known tracks alone and scores blocks of listeners."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix, diags_array

from recsys.evaluation.metrics import Ranked, ndcg, top
from recsys.evaluation.splits import hold_out

Scores = NDArray[np.floating[Any]]
_Scorer = Callable[[int, int], Scores]
"""(listeners first … last − 1, tracks); the larger the better, −inf or NaN = never listed."""
Fit = Callable[..., _Scorer]

_BLOCK = 512
"""Listeners scored at once."""
_DENSE = 8000
"""Most listeners or tracks, whichever are fewer, that EASE solves for: a square dense system."""
SIMILAR = 200
"""Similar items kept per item by item-cosine."""
_RIDGES = (50.0, 100.0, 200.0, 400.0)
VALIDATION = 1000
"""Seed of the part of the known tracks that a choice is made on."""


class NotInstalledError(Exception):
    """A baseline that cannot be had here, and why, in words."""


def _popularity(known: csr_array, _seed: int) -> _Scorer:
    """Listeners who know a track, for everybody alike."""
    heard = np.bincount(known.indices, minlength=known.shape[1]).astype(np.float64)
    return lambda first, last: np.broadcast_to(heard, (last - first, len(heard)))


def random(known: csr_array, seed: int) -> _Scorer:
    """Any order, another one for each listener."""
    return lambda first, last: np.random.Generator(np.random.PCG64([seed, first])).random((last - first, known.shape[1]))


def item_cosine(known: csr_array, _seed: int) -> _Scorer:
    """Summed cosine of a track with the known ones, over listeners. Sarwar et al. (2001).

    Of each track the :data:`SIMILAR` most similar others count.
    """
    binary = _binary(known)
    length = np.sqrt(np.bincount(known.indices, minlength=known.shape[1]))
    unit = (binary @ diags_array(np.divide(1.0, length, out=np.zeros_like(length), where=length > 0))).tocsr()
    similar = _strongest(unit)
    return lambda first, last: (binary[first:last] @ similar).toarray()


def _strongest(unit: csr_array) -> csr_array:
    """(items × items) cosines, the largest of each row, none with itself."""
    columns, data, bounds, rows = [], [], [0], unit.T.tocsr()
    for item in range(rows.shape[0]):
        row = (rows[[item]] @ unit).tocsr()
        apart = row.indices != item
        index, value = row.indices[apart], row.data[apart]
        best = np.sort(np.lexsort((index, -value))[:SIMILAR])
        columns.append(index[best])
        data.append(value[best])
        bounds.append(bounds[-1] + len(best))
    joined = (
        (np.concatenate(data), np.concatenate(columns), np.asarray(bounds))
        if columns
        else (np.empty(0), np.empty(0, int), bounds)
    )
    return csr_array(joined, shape=(rows.shape[0], rows.shape[0]))


def ease(known: csr_array, _seed: int, ridge: float | None = None) -> _Scorer:
    """X B with B = I − P / diag P, P = (XᵀX + λI)⁻¹, X binary, by way of (XXᵀ + λI)⁻¹ X. Steck (2019).

    λ: the best of :data:`_RIDGES` on a part of the known tracks. Raises :class:`NotInstalledError` beyond :data:`_DENSE`.
    """
    if known.shape[0] > _DENSE:
        raise NotInstalledError(f"{known.shape[0]:,} listeners; EASE is solved for at most {_DENSE:,} (--listeners)")
    if ridge is None:
        ridge = _chosen(lambda part, value: ease(part, 0, value), known, _RIDGES)
    seen = np.flatnonzero(np.bincount(known.indices, minlength=known.shape[1]))
    dense = _binary(known)[:, seen].toarray().astype(np.float32)
    solved = np.linalg.solve(dense @ dense.T + np.float32(ridge) * np.eye(len(dense), dtype=np.float32), dense)
    factor = ridge / (1.0 - (dense * solved).sum(axis=0))

    def score(first: int, last: int) -> Scores:
        out = np.zeros((last - first, known.shape[1]))
        out[:, seen] = dense[first:last] - solved[first:last] * factor
        return out

    return score


def als(known: csr_array, seed: int) -> _Scorer:
    """Implicit-feedback ALS of the library `implicit` (extra ``evaluate``): 64 factors. Hu, Koren & Volinsky (2008)."""
    if importlib.util.find_spec("implicit") is None:
        raise NotInstalledError("the library implicit is not installed:  pip install 'recsys[evaluate]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the threads of BLAS
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(64, 30.0, 5.0, iterations=15, num_threads=1, random_state=seed)
    weights = csr_matrix((np.log1p(known.data).astype(np.float32), known.indices, known.indptr), shape=known.shape)
    model.fit(weights, show_progress=False)
    return lambda first, last: np.asarray(model.user_factors[first:last] @ model.item_factors.T)


BASELINES: dict[str, Fit] = {
    "popularity": _popularity,
    "random": random,
    "item-cosine": item_cosine,
    "ease": ease,
    "als": als,
}
"""Name → fit(known, seed)."""


def top_listed(score: _Scorer, barred: csr_array, k: int) -> Ranked:
    """(listeners, k) best tracks of every listener without the ``barred`` ones."""
    starts = range(0, barred.shape[0], _BLOCK)
    ends = [min(start + _BLOCK, barred.shape[0]) for start in starts]
    blocks = [top(np.asarray(score(start, end)), barred[start:end], k) for start, end in zip(starts, ends, strict=True)]
    return np.concatenate([np.empty((0, k), np.int64), *blocks])


def _chosen(fit: Callable[[csr_array, float], _Scorer], known: csr_array, choices: tuple[float, ...]) -> float:
    """The choice with the greatest NDCG@10 on a part of what is known; the first of equals."""
    part = hold_out(known, 0.2, VALIDATION)
    if not part.test.nnz:
        return choices[0]
    quality = [float(np.nanmean(ndcg(top_listed(fit(part.train, choice), part.train, 10), part.test, 10))) for choice in choices]
    return choices[int(np.argmax(quality))]


def _binary(known: csr_array) -> csr_array:
    return csr_array((np.ones(known.nnz), known.indices, known.indptr), shape=known.shape)
