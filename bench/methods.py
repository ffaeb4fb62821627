"""Ways to score every track for every listener: ours, as the run builds them, and strong peers.

EASE: Steck (2019), "Embarrassingly shallow autoencoders for sparse data". EDLAE: Steck (2020), "Autoencoders that don't overfit
towards the identity". RP3β: Paudel et al. (2017), "Updatable, accurate,
diverse, and scalable recommendations for interactive applications". GF-CF: Shen et al. (2021), "How powerful is graph
convolution for recommendation?". iALS: Hu, Koren & Volinsky (2008), by the library `implicit` (dependency group ``bench``)
where it is installed, else by :mod:`recsys.stages.neighbors.als` alone.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix
from scipy.sparse.linalg import svds

from recsys import Inputs, Settings
from recsys.pipeline import prepare
from recsys.stages.neighbors import low_rank
from recsys.stages.neighbors.als import factorize, start
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.model import Parameters
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot

Scores = NDArray[np.floating[Any]]
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
PLAY = 0.45
"""Points of a play; a rating of n counts as n plays."""
PEER = "implicit" if importlib.util.find_spec("implicit") else "recsys.stages.neighbors.als"


@dataclass(frozen=True)
class Method:
    """``score(train, **choice)`` gives (listeners, tracks); of ``choices`` the best on a validation part is taken."""

    name: str
    score: Callable[..., Scores]
    choices: Sequence[dict[str, Any]] = ({},)
    timed: bool = False
    """Whether ``score`` takes the ``times`` of the ratings, microseconds since 1970, too."""


def popularity(train: csr_array) -> Scores:
    """Listeners of a track, for everybody alike."""
    return np.tile(np.bincount(train.indices, minlength=train.shape[1]).astype(float), (train.shape[0], 1))


def shipped(train: csr_array, settings: Settings, times: NDArray[np.int64] | None = None) -> Scores:
    """The collaborative part of a run with these settings: shares 0–1, 0 for tracks that nobody speaks for."""
    scorer = prepare(snapshot := take_snapshot(inputs(train, times=times), settings, AS_OF), rate(snapshot, settings), settings)
    rows = [row for row, user in enumerate(scorer.history.users) if user != "*"]
    out = np.zeros(train.shape)
    for row in rows:
        near = scorer.similar.near(row, row + 1)
        out[int(scorer.history.users[row])] = scorer.similar.scores(near)[0]
    return out


def inputs(train: csr_array, tracks: pl.DataFrame | None = None, times: NDArray[np.int64] | None = None) -> Inputs:
    """Listeners and tracks named by their numbers, one event per rating, at its time or on the day of the run."""
    listeners = np.repeat(np.arange(train.shape[0]), np.diff(train.indptr))
    events = pl.DataFrame({"user_id": named(listeners), "track_id": named(train.indices), "weight": PLAY * train.data})
    known = pl.DataFrame({"id": named(np.arange(train.shape[1]))}) if tracks is None else tracks
    moments = pl.lit(AS_OF) if times is None else pl.Series(times)
    return Inputs(
        tracks=known, events=events.with_columns(type=pl.lit("play"), occurred_at=moments.cast(pl.Datetime("us", "UTC")))
    )


def named(numbers: NDArray[np.integer[Any]]) -> pl.Series:
    """Names whose order is that of the numbers."""
    return pl.Series(numbers).cast(pl.String).str.zfill(8)


def ours(train: csr_array, **changed: Any) -> Scores:
    """The model with single parameters replaced; nothing is fitted to a validation part."""
    return Collaborative.fit(train, replace(Parameters(), **changed), 2).scores(0, train.shape[0])


def ease(train: csr_array, ridge: float) -> Scores:
    """X B with B = I − P / diag P, P = (XᵀX + λI)⁻¹, of the binary X; solved among listeners, who are fewer than tracks.

    By X P = (XXᵀ + λI)⁻¹ X, which needs no tracks × tracks array.
    """
    known = (train.toarray() != 0).astype(float)
    solved = np.linalg.solve(known @ known.T + ridge * np.eye(len(known)), known)
    return np.asarray(known - ridge * solved / (1.0 - (known * solved).sum(axis=0)))


def edlae(train: csr_array, ridge: float, dropout: float) -> Scores:
    """X B of the full-rank EDLAE: EASE with the ridge λ + p / (1 − p) · listeners of the track, p = ``dropout``.

    With Λ that diagonal and S = (X Λ⁻¹ Xᵀ + I)⁻¹ the column of a track is x − S x / (1 − xᵀ S x / Λ).
    """
    known = (train.toarray() != 0).astype(float)
    own = ridge + dropout / (1.0 - dropout) * known.sum(axis=0)
    solved = np.linalg.solve((known / own) @ known.T + np.eye(len(known)), known)
    return np.asarray(known - solved / (1.0 - (known * solved).sum(axis=0) / own))


def rp3(train: csr_array, alpha: float, beta: float) -> Scores:
    """Walks listener → track → listener → track of the binary ratings, damped by the last one's popularity; see Paudel et al."""
    known = csr_array((np.ones(train.nnz), train.indices, train.indptr), shape=train.shape)
    heard = np.maximum(np.asarray(known.sum(axis=0)).ravel(), 1.0)
    own = np.maximum(np.asarray(known.sum(axis=1)).ravel(), 1.0)
    back, out = known.multiply(1.0 / heard**alpha).T.tocsr(), known.multiply(1.0 / own[:, None] ** alpha).tocsr()
    walks = csr_array(back @ out)
    walks.setdiag(0.0)
    return np.asarray((known @ walks).toarray() / heard**beta)


def gf_cf(train: csr_array, factors: int, share: float) -> Scores:
    """R̃ᵀR̃ plus ``share`` times the ideal low-pass filter of ``factors`` singular vectors, R̃ = D_U^−½ R D_I^−½; see Shen et al."""
    known = csr_array((np.ones(train.nnz), train.indices, train.indptr), shape=train.shape)
    heard = np.maximum(np.asarray(known.sum(axis=0)).ravel(), 1.0)
    own = np.maximum(np.asarray(known.sum(axis=1)).ravel(), 1.0)
    even = known.multiply(own[:, None] ** -0.5).multiply(heard**-0.5).tocsr()
    _, _, right = svds(even, min(factors, min(even.shape) - 1), v0=np.ones(min(even.shape)))
    low = (known.multiply(heard**-0.5).tocsr() @ right.T) @ (right * heard**0.5)
    return np.asarray((known @ even.T @ even).toarray() + share * low)


def als(train: csr_array, factors: int, ridge: float, alpha: float) -> Scores:
    """Preferences; the confidence of a rating is 1 + alpha · log(1 + rating), of none 1."""
    if PEER != "implicit":
        rows = low_rank.standardised(train)
        als_factors = factorize(train, start(rows, low_rank.factors(rows, factors), factors), ridge)
        return als_factors.listeners @ als_factors.tracks.T
    from implicit.cpu.als import AlternatingLeastSquares

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the threads of BLAS
        model = AlternatingLeastSquares(factors, ridge, alpha, iterations=15, num_threads=2, random_state=0)
    weights = csr_matrix((np.log1p(train.data).astype(np.float32), train.indices, train.indptr), shape=train.shape)
    model.fit(weights, show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T)


def _grid(**values: Sequence[float]) -> list[dict[str, Any]]:
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


METHODS = (
    Method("popularity", popularity),
    Method("reference: co-rated Pearson", lambda train: shipped(train, Settings.reference())),
    Method("near alone", lambda train: ours(train, rank=0, pool=200, kept=200, als_share=0.0)),
    Method("low rank alone", lambda train: ours(train, kept=0, als_share=0.0)),
    Method("near + low rank", lambda train: ours(train, als_share=0.0)),
    Method("RP3β, tuned", rp3, _grid(alpha=(0.4, 0.6, 0.8, 1.0), beta=(0.2, 0.4, 0.6, 0.8))),
    Method("GF-CF, tuned", gf_cf, _grid(factors=(64, 128, 256), share=(0.0, 0.3, 1.0))),
    Method("EDLAE, tuned", edlae, _grid(ridge=(10, 50, 100, 200, 500), dropout=(0.1, 0.25, 0.33, 0.5))),
    Method("EASE, tuned", ease, _grid(ridge=(20, 50, 75, 100, 150, 200, 300, 500, 1000))),
    Method(
        f"iALS ({PEER}), tuned",
        als,
        _grid(factors=(32, 64, 128), ridge=(1.0, 10.0, 30.0, 100.0), alpha=(1.0, 5.0, 20.0))
        if PEER == "implicit"
        else _grid(factors=(16, 32, 64, 128), ridge=(1.0, 2.0, 4.0, 8.0, 16.0), alpha=(1.0,)),
    ),
    Method("default", lambda train, times=None: shipped(train, Settings(), times), timed=True),
)
