"""What went into a run, what of it is used, and what was left out for which reason: every row is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from recsys.inputs import Inputs
from recsys.models import TableRows
from recsys.settings import Settings
from recsys.stages.events import account_of
from recsys.tables import METRICS

_SHAPE = {name: METRICS.schema[name] for name in ("name", "value", "unit")}


class Counted(NamedTuple):
    """How many events there were, are left out as too late, and are used; and plays and other actions that those stand for."""

    ingested: int
    late: int
    used: int
    plays: int

    @classmethod
    def of(cls, counts: pl.DataFrame, parts: Sequence[TableRows], settings: Settings) -> Counted:
        """``counts``: of :func:`recsys.stages.events.listening`; ``parts``: the events used."""
        late = int(counts["late"].sum()) if settings.future_events == "drop" else 0
        return cls(int(counts["events"].sum()), late, *account_of(parts))


def account(inputs: Inputs, tracks: pl.DataFrame, aliases: pl.DataFrame, settings: Settings, events: Counted) -> pl.DataFrame:
    """Rows of table ``metrics``, from the inputs and what the snapshot made of them; model ``sql/account.sql`` adds them up."""
    ids = inputs.tracks["id"].n_unique() if settings.duplicate_tracks == "last" else tracks.height + aliases.height
    counts = {
        "events ingested": (events.ingested, "events"),
        "events after the moment": (events.late, "events"),
        "events counted once": (events.ingested - events.late - events.used, "events"),
        "events used": (events.used, "events"),
        "plays used": (events.plays, "events"),
        "track rows ingested": (inputs.tracks.height, "rows"),
        "older versions of tracks": (inputs.tracks.height - ids, "rows"),
        "mentions of catalogue tracks": (aliases.height, "rows"),
        "tracks used": (tracks.height, "rows"),
    }
    frame = pl.DataFrame([(name, float(value), unit) for name, (value, unit) in counts.items()], _SHAPE, orient="row")
    return METRICS.conform(frame.with_columns(pl.lit("snapshot").alias("stage")))
