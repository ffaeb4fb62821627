"""Stage ``profiles``: what each listener's history says about the listener."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys import models
from recsys.inputs import Snapshot
from recsys.matrices.catalog import Catalog
from recsys.matrices.history import History
from recsys.matrices.taste import Evidence, estimate_taste
from recsys.settings import Settings
from recsys.tables import FEATURES, PROFILES


def profile_listeners(
    snapshot: Snapshot, rated: pl.DataFrame, catalog: Catalog, history: History, settings: Settings
) -> pl.DataFrame:
    """Table ``profiles``: one row per listener, sorted; model ``sql/profiles.sql`` and :mod:`recsys.matrices.taste`."""
    targets = np.full((len(history.users), len(FEATURES)), np.nan)
    evidence = Evidence(history.in_catalog("liked"), history.in_catalog("disliked"), targets)
    tastes = estimate_taste(catalog, evidence, settings)
    counted = models.run("profiles", {"ratings": rated, "tracks": snapshot.tracks.select("id", "artist", "genres")})
    own = pl.DataFrame(
        {
            "user_id": pl.Series(history.users, dtype=pl.String),
            "taste": pl.Series(tastes.vector, dtype=PROFILES["taste"].dtype),
            "taste_audio": tastes.audio,
            "confidence": tastes.confidence,
            "cold": tastes.cold,
        }
    )
    joined = own.join(counted, on="user_id", how="left", maintain_order="left").with_columns(
        pl.col("interaction_count", "friction").fill_null(0), pl.col("top_genres", "top_artists").fill_null([])
    )
    friction = pl.col("friction")
    readiness = ((0.45 + 0.55 * pl.col("confidence")) * (1 - 0.6 * friction)).clip(0, 1)
    return PROFILES.conform(
        joined.with_columns(readiness.alias("exploration_readiness"), pl.lit(snapshot.as_of).alias("updated_at"))
    )
