"""The fitted model as tables of a run, and what of it scores one listener, opened from them.

Stored is what was fitted: parameters, factors and vectors of the tracks, the calibrated chance. What follows from the ratings by
the formulas of the fit (votes, a listener's neighbours and their weights) is computed from table `ratings` when the model is
opened, to the same bits: so no table of the model names a listener.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from os import cpu_count
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.matrices.arrays import Float32s, Floats, Ints
from recsys.matrices.columns import ragged
from recsys.matrices.history import History
from recsys.settings import Settings
from recsys.stages.neighbors.chance import Chance
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.low_rank import Factors, standardised
from recsys.stages.neighbors.model import Model, Parameters
from recsys.stages.neighbors.stage import Blended, CoRated, Similar
from recsys.stages.neighbors.track_side import none
from recsys.stages.neighbors.weighting import TrackWeights, cleaned, strength, weighted_votes
from recsys.tables import MODEL, MODEL_TRACKS

FACTOR, CHANCE = "factor", "chance_"
"""Names in table `model`, beside those of the parameters."""


def model_tables(similar: Similar, track_ids: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Tables `model` and `model_tracks` of a fit to the tracks ``track_ids``; without rows where nothing was fitted."""
    if not isinstance(similar, Blended):
        return {"model": MODEL.empty(), "model_tracks": MODEL_TRACKS.empty()}
    model = similar.model.model
    numbers = pl.DataFrame(list(_numbers(model, similar.chance)), schema=MODEL.schema, orient="row").sort("name", "place")
    return {"model": numbers, "model_tracks": _tracks(model, track_ids)}


def _numbers(model: Model, chance: Chance | None) -> Iterator[tuple[str, int, float]]:
    for name, value in asdict(model.parameters).items():
        yield name, 0, float(value)
    for name, value in chance._asdict().items() if chance else ():
        yield f"{CHANCE}{name}", 0, value
    for place, value in enumerate(model.factors.values.tolist()):
        yield FACTOR, place, value


def _tracks(model: Model, track_ids: Sequence[str]) -> pl.DataFrame:
    parameters, side = model.parameters, model.track_side
    columns = {
        "track_id": pl.Series(track_ids, dtype=pl.String),
        **{name: pl.Series(values) for name, values in model.weights._asdict().items()},
        "factors": _lists(model.factors.tracks),
        "preferences": _lists(np.ascontiguousarray(model.tracks.T)) if parameters.als_share > 0.0 else None,
        "related": ragged(pl.Series(side.indices.astype(np.int32)), side.indptr) if parameters.track_share > 0.0 else None,
        "related_weights": ragged(pl.Series(side.data), side.indptr) if parameters.track_share > 0.0 else None,
    }
    return MODEL_TRACKS.conform(pl.DataFrame({name: column for name, column in columns.items() if column is not None}))


def _lists(matrix: Floats | Float32s) -> pl.Series:
    """The rows of a matrix."""
    return ragged(pl.Series(matrix.ravel()), np.arange(len(matrix) + 1) * matrix.shape[1])


def open_neighbors(
    tables: Mapping[str, pl.DataFrame], history: History, canonical: Ints, settings: Settings
) -> Callable[[int, int], Similar]:
    """What scores listeners ``first`` … ``last`` − 1 of a run, by number, as the run itself did; nothing is fitted.

    ``tables`` hold `model` and `model_tracks` of the run, ``history`` its ratings, ``settings`` its own. Raises ``ValueError``
    where the tables are not of this catalogue.
    """
    if settings.neighborhood == "co_rated":
        return lambda _first, _last: CoRated(history, canonical, settings)
    threads = settings.threads or cpu_count() or 1
    ratings = history.in_catalog("approval")
    values = dict(tables["model"].filter(pl.col("name") != FACTOR).select("name", "value").iter_rows())
    model = _model(tables, _parameters(values), ratings)

    def opened(first: int, last: int) -> Similar:
        fitted = model.listeners(ratings[first:last], np.arange(first, last, dtype=np.int32), threads)
        return Blended(history, canonical, settings, Collaborative(model, fitted, first), _chance(values))

    return opened


def _parameters(values: Mapping[str, float]) -> Parameters:
    """Each of the type that it has by default."""
    return Parameters(**{name: type(default)(values[name]) for name, default in asdict(Parameters()).items()})


def _chance(values: Mapping[str, float]) -> Chance | None:
    names = [f"{CHANCE}{name}" for name in Chance._fields]
    return Chance(*(values[name] for name in names)) if names[0] in values else None


def _model(tables: Mapping[str, pl.DataFrame], parameters: Parameters, ratings: csr_array) -> Model:
    stored, rated, count = tables["model_tracks"], cleaned(ratings), ratings.shape[1]
    if stored.height != count:
        raise ValueError(f"the model is of {stored.height:,} tracks, the run has {count:,}")
    weights = TrackWeights(*(stored[name].to_numpy(writable=True) for name in TrackWeights._fields))
    rows, cast = standardised(strength(rated, weights.rarity)), weighted_votes(rated, weights.damping)
    values = tables["model"].filter(pl.col("name") == FACTOR).sort("place")["value"].to_numpy(writable=True)
    of_tracks = _matrix(stored["factors"]).astype(np.float64, copy=False)
    # + 0: a listener without ratings has zeros, whatever the sign of a factor
    factors = Factors(rows.times(of_tracks) + 0.0, values, of_tracks)
    shared = np.ascontiguousarray((cast.T @ factors.vectors).T, np.float32)
    # of no share, so zeros do as well
    preferences = _matrix(stored["preferences"]) if parameters.als_share > 0.0 else np.zeros((count, 1))
    by_vector = np.ascontiguousarray(preferences.T, np.float32)
    side = _side(stored) if parameters.track_share > 0.0 else none(count)
    return Model(parameters, weights, rows, factors, cast.astype(np.float32), shared, by_vector, side)


def _matrix(lists: pl.Series) -> NDArray[Any]:
    """Lists of one length as rows. Writable, like everywhere here: kernels are compiled for such arrays."""
    values = lists.explode(empty_as_null=False).to_numpy(writable=True)
    return values.reshape(len(lists), len(values) // max(len(lists), 1))


def _side(stored: pl.DataFrame) -> csr_array:
    bounds = np.r_[0, np.cumsum(stored["related"].list.len().to_numpy())]
    related, weights = (stored[name].explode(empty_as_null=False).to_numpy() for name in ("related", "related_weights"))
    return csr_array((weights.astype(np.float32), related.astype(np.int32), bounds), shape=(stored.height, stored.height))
