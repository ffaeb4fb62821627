"""What the model is fitted from, as tasks (:mod:`.tasks`): neighbours, ALS factors, and both views of the track side.

Ratings to fit to, with their standardised form and factors, are arrays of a store under one name, ``at``: there may be several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scipy.sparse import csr_array

from recsys.stages.neighbors import als, low_rank
from recsys.stages.neighbors.als import AlsFactors
from recsys.stages.neighbors.low_rank import Factors, Standardised
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.near import Near, fit_near
from recsys.stages.neighbors.tasks import MATRIX, Arrays, ArrayStore, FitTask, matrix_arrays, matrix_names
from recsys.stages.neighbors.track_side import near_tracks, track_side, two_hop
from recsys.stages.neighbors.weighting import rarity, strength

_STANDARDISED = ("strength", "mean", "scale")
LEARNED = (*matrix_names("rated"), *_STANDARDISED, *Factors._fields)
"""Arrays of ratings to fit to."""


class Learned(NamedTuple):
    """Cleaned ratings (listeners × tracks), standardised, and the factors of these."""

    rated: csr_array
    rows: Standardised
    factors: Factors


def correlated(rated: csr_array, parameters: Parameters, threads: int = 1) -> Learned:
    """The standardised ratings ± log(1 + |rating|) · idf, and as many factors as neighbours or ALS want."""
    rows = low_rank.standardised(strength(rated, rarity(rated)))
    return Learned(rated, rows, low_rank.factors(rows, max(parameters.rank, parameters.als_rank), parameters.seed, threads))


def learned_arrays(learned: Learned) -> Arrays:
    """The arrays ``LEARNED``."""
    rows = learned.rows
    standardised = dict(zip(_STANDARDISED, (rows.weights.data, rows.mean, rows.scale), strict=True))
    return {**matrix_arrays("rated", learned.rated), **standardised, **learned.factors._asdict()}


def learned(store: ArrayStore, at: str) -> Learned:
    """The ratings that a store has under the name ``at``."""

    def whole() -> Learned:
        rated = store.matrix(f"{at}.rated")
        data, mean, scale = (store[f"{at}.{name}"] for name in _STANDARDISED)
        rows = Standardised(csr_array((data, rated.indices, rated.indptr), shape=rated.shape), mean, scale)
        return Learned(rated, rows, store.columns(Factors, at, Factors._fields))

    return store.derived(("learned", at), whole)


def fits(at: str, choice: Parameters, last: int) -> Iterator[FitTask]:
    """What ``choice`` needs: neighbours and ALS factors of the listeners up to ``last`` (exclusive), views of the track side."""
    yield FitTask(near_name(at, choice, last), fit_neighborhoods, (at, choice, last), Near._fields)
    yield FitTask(als_name(at, choice, last), fit_als, (at, choice, last), AlsFactors._fields)
    if choice.track_share > 0.0 and choice.two_hop_share < 1.0:
        yield FitTask(_tracks_name(at, choice), nearest_tracks, (at, choice), MATRIX)
    if choice.track_share > 0.0 and choice.two_hop_share > 0.0:
        yield FitTask(f"{at}.hops", walks, (at,), MATRIX)


def sides(at: str, choice: Parameters) -> Iterator[FitTask]:
    """What is put together from these: the track side, where it has a share."""
    if choice.track_share > 0.0:
        yield FitTask(side_name(at, choice), side, (at, choice), MATRIX)


def near_name(at: str, choice: Parameters, last: int) -> str:
    """Of the arrays of :func:`fit_neighborhoods`."""
    return f"{at}.near-{last}-{choice.kept}-{choice.pool}-{choice.rank}-{choice.ridge}"


def als_name(at: str, choice: Parameters, last: int) -> str:
    """Of the arrays of :func:`fit_als`."""
    return f"{at}.als-{last}-{choice.als_rank}-{choice.als_ridge}-{choice.als_damping}"


def side_name(at: str, choice: Parameters) -> str:
    """Of the arrays of :func:`side`."""
    return f"{at}.side-{choice.kept}-{choice.pool}-{choice.ridge}-{choice.two_hop_share}"


def _tracks_name(at: str, choice: Parameters) -> str:
    return f"{at}.tracks-{choice.kept}-{choice.pool}-{choice.ridge}"


def fit_neighborhoods(store: ArrayStore, at: str, choice: Parameters, last: int, *, threads: int) -> Arrays:
    """Neighbours of the listeners up to ``last`` (exclusive)."""
    _, rows, factors = learned(store, at)
    pool, kept, ridge = choice.pool, choice.kept, choice.ridge
    return fit_near(rows, factors.leading(choice.rank), pool=pool, kept=kept, ridge=ridge, threads=threads, last=last)._asdict()


def fit_als(store: ArrayStore, at: str, choice: Parameters, last: int, *, threads: int) -> Arrays:
    """ALS factors of all tracks and of the listeners up to ``last`` (exclusive)."""
    rated, rows, factors = learned(store, at)
    start = als.start(rows, factors, choice.als_rank, threads)
    return als.factorize(rated, start, choice.als_ridge, choice.als_damping, threads=threads, last=last)._asdict()


def nearest_tracks(store: ArrayStore, at: str, choice: Parameters, *, threads: int) -> Arrays:
    """The view of near tracks."""
    return _parts(near_tracks(learned(store, at).rated, choice.pool, choice.kept, choice.ridge, threads))


def walks(store: ArrayStore, at: str, *, threads: int) -> Arrays:
    """The view of two hops."""
    return _parts(two_hop(learned(store, at).rated, threads))


def side(store: ArrayStore, at: str, choice: Parameters, *, threads: int) -> Arrays:  # noqa: ARG001
    """Both views as one."""
    close = store.matrix(_tracks_name(at, choice)) if choice.two_hop_share < 1.0 else None
    hops = store.matrix(f"{at}.hops") if choice.two_hop_share > 0.0 else None
    return _parts(track_side(learned(store, at).rated, close, hops, choice.two_hop_share))


def _parts(matrix: csr_array) -> Arrays:
    return {name.removeprefix("."): array for name, array in matrix_arrays("", matrix).items()}
