"""What a run is made from: the four input tables as Polars frames."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from recsys.tables import CONTROLS, EVENTS, REQUESTS, TRACKS, Table

BATCH = "batch"
"""Optional Int32 column: ordinal of the ingested batch a row came from. A later batch is a later version."""


@dataclass(frozen=True)
class Inputs:
    """Input tables by name; any may be left out, and so may any nullable column.

    Raises :class:`recsys.errors.InputError` on construction when a frame does not fit its contract.
    """

    tracks: pl.DataFrame = field(default_factory=TRACKS.empty)
    events: pl.DataFrame = field(default_factory=EVENTS.empty)
    controls: pl.DataFrame = field(default_factory=CONTROLS.empty)
    requests: pl.DataFrame = field(default_factory=REQUESTS.empty)

    def __post_init__(self) -> None:
        for table in (TRACKS, EVENTS, CONTROLS, REQUESTS):
            object.__setattr__(self, table.name, _versioned(table, getattr(self, table.name)))


def _versioned(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    batch = frame[BATCH].cast(pl.Int32) if BATCH in frame.columns else pl.Series(BATCH, [0] * frame.height, dtype=pl.Int32)
    return table.conform(frame).with_columns(batch)
