"""Stage ``profiles``: what each listener's history says about the listener."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from os import cpu_count
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys import models
from recsys.inputs import Snapshot
from recsys.matrices.catalog import Catalog
from recsys.matrices.columns import ragged
from recsys.matrices.history import History
from recsys.matrices.netting import Evidence
from recsys.matrices.taste import estimate_taste
from recsys.models import TableRows
from recsys.names import key
from recsys.settings import Settings
from recsys.tables import FEATURES, PROFILES

_READ = ("track_id", "positive", "events", "negative_events")
"""Columns of ``ratings`` that are read."""
BLOCK = 8192
"""Listeners whose profiles a thread makes at once: their points for and against every name take far more than their rows."""


def profile_listeners(
    snapshot: Snapshot, rated: TableRows, catalog: Catalog, history: History, settings: Settings
) -> pl.DataFrame:
    """Table ``profiles``: one row per listener, sorted; models ``sql/names.sql`` and ``sql/strongest.sql``, and
    :mod:`recsys.matrices.taste`.

    ``rated``: table ``ratings``, a frame or its files, which ``history`` is made of, sorted by listener.
    """
    tracks = snapshot.tracks.select("id", "artist", "genres")
    names = _Names.of(models.run("names", {"tracks": tracks, "shown": _shown(tracks, settings)}))

    def block(first: int) -> pl.DataFrame:
        last = min(first + BLOCK, len(history.users))
        bounds = history.rating.indptr[first : last + 1] - history.rating.indptr[first]
        own = models.scan(rated).slice(int(history.rating.indptr[first]), int(bounds[-1])).select(_READ).collect()
        return _profiled(_tastes(catalog, history, first, last, settings), own, bounds, names)

    with ThreadPoolExecutor(settings.threads or cpu_count()) as workers:
        blocks = [workers.submit(copy_context().run, block, first) for first in range(0, len(history.users), BLOCK)]
        profiled = pl.concat([each.result() for each in blocks])
    return PROFILES.conform(profiled.with_columns(pl.lit(snapshot.as_of).alias("updated_at")))


class _Names(NamedTuple):
    """Names of artists and genres."""

    borne: pl.DataFrame
    """Columns id, is_genre and number: those that each track bears."""
    spelled: pl.Series
    """The name of each number from 1 on."""

    @classmethod
    def of(cls, rows: pl.DataFrame) -> _Names:
        return cls(rows.drop("name"), rows.unique("number").sort("number")["name"])


def _tastes(catalog: Catalog, history: History, first: int, last: int, settings: Settings) -> pl.DataFrame:
    """What is known of the sound that the listeners ``first`` … ``last`` − 1 like."""
    targets = np.full((last - first, len(FEATURES)), np.nan)
    evidence = Evidence(history.in_catalog("liked", first, last), history.in_catalog("disliked", first, last), targets)
    tastes = estimate_taste(catalog, evidence, settings)
    return pl.DataFrame(
        {
            "user_id": pl.Series(history.users[first:last], dtype=pl.String),
            "taste": pl.Series(tastes.vector, dtype=PROFILES["taste"].dtype),
            "taste_audio": tastes.audio,
            "confidence": tastes.confidence,
            "cold": tastes.cold,
        }
    )


def _profiled(tastes: pl.DataFrame, own: pl.DataFrame, bounds: NDArray[np.integer], names: _Names) -> pl.DataFrame:
    """Tastes with what the ratings of the same listeners say: those of a listener are the rows of ``own`` between ``bounds``."""
    counts = [np.diff(np.r_[0, np.cumsum(own[name].to_numpy())][bounds]) for name in ("events", "negative_events")]
    events, against = counts
    friction = np.divide(against, events, out=np.zeros(len(events)), where=events > 0)
    listener = np.repeat(np.arange(len(events), dtype=np.int32), np.diff(bounds))
    rated = own.select("track_id", "positive", pl.Series("listener", listener))
    strongest = models.run("strongest", {"ratings": rated, "names": names.borne})
    tops = {name: _tops(strongest.filter(kind), names.spelled, len(events)) for name, kind in _TOPS.items()}
    readiness = ((0.45 + 0.55 * pl.col("confidence")) * (1 - 0.6 * pl.col("friction"))).clip(0, 1)
    columns = {"interaction_count": events, "friction": friction, **tops}
    return tastes.with_columns(**{name: pl.Series(values) for name, values in columns.items()}).with_columns(
        readiness.alias("exploration_readiness")
    )


_TOPS = {"top_genres": pl.col("is_genre"), "top_artists": ~pl.col("is_genre")}
"""Which of the strongest names stand in a column."""


def _tops(strongest: pl.DataFrame, spelled: pl.Series, listeners: int) -> pl.Series:
    """The names of each listener, strongest first, and their strengths."""
    named = pl.DataFrame({"name": spelled.gather(strongest["number"] - 1), "strength": strongest["strength"]})
    bounds = np.searchsorted(strongest["listener"].to_numpy(), np.arange(listeners + 1, dtype=np.int32))
    return ragged(named.to_struct(), bounds)


def _shown(tracks: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The spelling under which each name of an artist or a genre is counted: the most frequent of those with its key."""
    schema = pl.Schema({"is_genre": pl.Boolean(), "name": pl.String(), "shown": pl.String()})
    if settings.song_identity == "track":
        return pl.DataFrame(schema=schema)
    names = {False: tracks["artist"], True: tracks["genres"].explode()}
    return pl.concat(
        [
            _spelled(column.drop_nulls(), lower=is_genre).select(pl.lit(is_genre).alias("is_genre"), "name", "shown")
            for is_genre, column in names.items()
        ]
    ).cast(schema)


def _spelled(names: pl.Series, *, lower: bool) -> pl.DataFrame:
    counts = names.alias("name").value_counts(name="count")
    keyed = counts.with_columns(
        pl.Series("key", [key(name) for name in counts["name"]], dtype=pl.String),
        (pl.col("name").str.to_lowercase() if lower else pl.col("name")).alias("spelling"),
    )
    return keyed.with_columns(
        pl.col("spelling").sort_by("count", "spelling", descending=[True, False]).first().over("key").alias("shown")
    )
