"""What went into a run, what of it is used, and what was left out for which reason: every row is counted once."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from recsys.inputs import Inputs
from recsys.settings import Settings
from recsys.tables import METRICS

_SHAPE = {name: METRICS.schema[name] for name in ("name", "value", "unit")}


def account(
    inputs: Inputs, tracks: pl.DataFrame, events: pl.DataFrame, aliases: pl.DataFrame, settings: Settings, as_of: datetime
) -> pl.DataFrame:
    """Rows of table ``metrics``, from the inputs and what the snapshot made of them; model ``sql/account.sql`` adds them up."""
    late = int((inputs.events["occurred_at"] > as_of).sum()) if settings.future_events == "drop" else 0
    ids = inputs.tracks["id"].n_unique() if settings.duplicate_tracks == "last" else tracks.height + aliases.height
    counts = {
        "events ingested": (inputs.events.height, "events"),
        "events after the moment": (late, "events"),
        "events counted once": (inputs.events.height - late - events.height, "events"),
        "events used": (events.height, "events"),
        "plays used": (int(events["plays"].fill_null(1).sum()), "events"),
        "track rows ingested": (inputs.tracks.height, "rows"),
        "older versions of tracks": (inputs.tracks.height - ids, "rows"),
        "mentions of catalogue tracks": (aliases.height, "rows"),
        "tracks used": (tracks.height, "rows"),
    }
    frame = pl.DataFrame([(name, float(value), unit) for name, (value, unit) in counts.items()], _SHAPE, orient="row")
    return METRICS.conform(frame.with_columns(pl.lit("snapshot").alias("stage")))
