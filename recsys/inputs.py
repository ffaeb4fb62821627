"""What a run is made from: the four input tables as Polars frames, and their latest versions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from recsys.errors import InputError
from recsys.tables import CONTROLS, EVENTS, METRICS, REQUESTS, TRACKS, Table

if TYPE_CHECKING:
    from recsys.models import Rows, TableRows

BATCH = "batch"
"""Optional Int32 column: ordinal of the ingested batch a row came from. A later batch is a later version."""

ANYONE = "*"
"""In a request: every listener. In a run's tables: a listener without any history."""

SHOWN_COLUMNS = {"user_id": pl.String, "list": pl.String, "track_id": pl.String}


@dataclass(frozen=True)
class InputFiles:
    """Parquet files of batches of an input table: its columns, null where a file lacks one, and ``batch`` by their folders."""

    table: Table
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Inputs:
    """Input tables by name; any may be left out, and so may any nullable column.

    Raises :class:`recsys.errors.InputError` on construction when a frame does not fit its contract.
    """

    tracks: pl.DataFrame = field(default_factory=TRACKS.empty)
    events: pl.DataFrame = field(default_factory=EVENTS.empty)
    controls: pl.DataFrame = field(default_factory=CONTROLS.empty)
    requests: pl.DataFrame = field(default_factory=REQUESTS.empty)
    shown: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SHOWN_COLUMNS))
    """What earlier runs listed, in the columns :data:`SHOWN_COLUMNS`: a list leaves its own tracks out."""
    event_files: InputFiles | None = None
    """Events that stay in their files; ``events`` is empty then."""

    def __post_init__(self) -> None:
        for table in (TRACKS, EVENTS, CONTROLS, REQUESTS):
            object.__setattr__(self, table.name, _versioned(table, getattr(self, table.name)))
        if (own := self.events["user_id"] == ANYONE).any():
            meaning = "which stands for a listener without a history; name the listener"
            raise InputError(f"events.user_id: row {own.arg_max()} is {ANYONE}, {meaning}")

    @property
    def event_rows(self) -> Rows:
        """The events, wherever they are."""
        return self.events if self.event_files is None else self.event_files


@dataclass(frozen=True)
class Snapshot:
    """What a run computes from. Frames follow the data contract and are sorted by their key.

    ``tracks`` has one row per id (or several, see ``Settings.duplicate_tracks``), ``lists`` one per (user_id, list) in the
    columns of ``requests``, for every listener and for :data:`ANYONE`, without nested columns that are null in every row.
    """

    as_of: datetime
    tracks: pl.DataFrame
    events: pl.DataFrame
    controls: pl.DataFrame
    lists: pl.DataFrame
    aliases: pl.DataFrame
    songs: pl.DataFrame
    """Table ``songs``."""
    users: list[str]
    """Every listener in order, :data:`ANYONE` included."""
    account: pl.DataFrame = field(default_factory=METRICS.empty)
    """What went in and what was left out, in the columns of ``metrics``."""

    event_files: tuple[Path, ...] = ()
    """Files of the events that stay on the disk, each with all of some listeners, in order; ``events`` is empty then."""

    @property
    def event_parts(self) -> list[TableRows]:
        """The events, wherever they are, in parts of some listeners each."""
        return [[path] for path in self.event_files] or [self.events]

    def without_events(self) -> Snapshot:
        """The same without its events, which only the ratings are made from."""
        return replace(self, events=EVENTS.empty(), event_files=())


def _versioned(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    batch = frame[BATCH].cast(pl.Int32) if BATCH in frame.columns else pl.Series(BATCH, [0] * frame.height, dtype=pl.Int32)
    return table.conform(frame).with_columns(batch)
