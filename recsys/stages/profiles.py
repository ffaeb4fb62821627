"""Stage ``profiles``: what each listener's history says about the listener."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from os import cpu_count

import numpy as np
import polars as pl

from recsys import models
from recsys.inputs import Snapshot
from recsys.matrices.catalog import Catalog
from recsys.matrices.history import History
from recsys.matrices.netting import Evidence
from recsys.matrices.taste import estimate_taste
from recsys.models import TableRows
from recsys.names import key
from recsys.settings import Settings
from recsys.tables import FEATURES, PROFILES

_COUNTED = ("user_id", "track_id", "positive", "events", "negative_events")
"""Columns of ``ratings`` that the model reads."""
BLOCK = 8192
"""Listeners whose profiles a thread makes at once: their points for and against every name take far more than their rows."""


def profile_listeners(
    snapshot: Snapshot, rated: TableRows, catalog: Catalog, history: History, settings: Settings
) -> pl.DataFrame:
    """Table ``profiles``: one row per listener, sorted; model ``sql/profiles.sql`` and :mod:`recsys.matrices.taste`.

    ``rated``: table ``ratings``, a frame or its files, which ``history`` is made of, sorted by listener.
    """
    tracks = snapshot.tracks.select("id", "artist", "genres")
    names = {"tracks": tracks, "shown": _shown(tracks, settings)}

    def block(first: int) -> pl.DataFrame:
        last = min(first + BLOCK, len(history.users))
        begin, end = history.rating.indptr[[first, last]].tolist()
        own = models.scan(rated).slice(begin, end - begin).select(_COUNTED).collect()
        counted = models.run("profiles", {"ratings": own, **names})
        return _profiled(_tastes(catalog, history, first, last, settings), counted)

    with ThreadPoolExecutor(settings.threads or cpu_count()) as workers:
        blocks = [workers.submit(copy_context().run, block, first) for first in range(0, len(history.users), BLOCK)]
        profiled = pl.concat([each.result() for each in blocks])
    return PROFILES.conform(profiled.with_columns(pl.lit(snapshot.as_of).alias("updated_at")))


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


def _profiled(tastes: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """Tastes with what was counted of the same listeners; of those without an event nothing was."""
    joined = tastes.join(counted, on="user_id", how="left", maintain_order="left").with_columns(
        pl.col("interaction_count", "friction").fill_null(0), pl.col("top_genres", "top_artists").fill_null([])
    )
    readiness = ((0.45 + 0.55 * pl.col("confidence")) * (1 - 0.6 * pl.col("friction"))).clip(0, 1)
    return joined.with_columns(readiness.alias("exploration_readiness"))


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
