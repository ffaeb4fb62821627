"""What a method is judged on: everything known at a cut, and what listeners did after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.inputs import Inputs
from recsys.matrices.catalog import Catalog, build_catalog
from recsys.settings import Settings
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.text import counted

PAIR = ("user_id", "track_id")


@dataclass(frozen=True)
class Task:
    """Rows are listeners, columns are tracks of the catalogue; both in ascending order of their ids.

    Nothing in ``inputs``, ``known`` or ``barred`` is from after ``as_of``.
    """

    inputs: Inputs
    """What methods may learn from."""
    as_of: datetime
    users: list[str]
    catalog: Catalog
    known: csr_array
    """Tracks heard with approval before the cut; values are points, > 0."""
    barred: csr_array
    """Tracks that no baseline may list: known, or disliked or hidden."""
    relevant: csr_array
    """Tracks approved of after the cut that were neither known nor rejected before it. Every stored entry is relevant."""
    skipped: csr_array
    """Tracks skipped, disliked or hidden after the cut, and never approved of."""
    notes: list[str] = field(default_factory=list)
    """What was left out or is unusual, in words."""

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Listeners with something relevant: means of accuracy are over them."""
        return np.diff(self.relevant.indptr) > 0

    @property
    def shape(self) -> tuple[int, int]:
        """(listeners, tracks)."""
        return len(self.users), len(self.catalog.ids)


def make_task(inputs: Inputs, as_of: datetime, later: pl.DataFrame, notes: list[str]) -> Task:
    """The task of ``inputs`` at ``as_of``; ``later``: ``user_id, track_id, approved, declined`` (Boolean), one row per pair."""
    settings = Settings()
    snapshot = take_snapshot(inputs, settings, as_of)
    return task_of(as_of, snapshot.tracks, rate(snapshot, settings), later, inputs=inputs, notes=notes)


def task_of(
    as_of: datetime,
    tracks: pl.DataFrame,
    rated: pl.DataFrame,
    later: pl.DataFrame,
    *,
    inputs: Inputs | None = None,
    notes: list[str] | None = None,
) -> Task:
    """The task from tables ``tracks`` and ``ratings`` of a run as of ``as_of``; ``later`` as in :func:`make_task`."""
    catalog = build_catalog(tracks, Settings())
    users = sorted({*rated["user_id"].unique()} | {*later["user_id"].unique()})
    grid = Grid(users, catalog)
    barred = grid.matrix(rated.filter(pl.col("known") | pl.col("rejected")).with_columns(points=1.0))
    wanted, notes = _wanted(later, rated, catalog, notes or [])
    return Task(
        inputs or Inputs(tracks=tracks),
        as_of,
        users,
        catalog,
        known=grid.matrix(rated.filter("known").with_columns(points=pl.col("positive").clip(1e-9))),
        barred=barred,
        relevant=grid.matrix(wanted.filter("approved").with_columns(points=1.0)),
        skipped=grid.matrix(wanted.filter("declined", ~pl.col("approved")).with_columns(points=1.0)),
        notes=notes,
    )


def _wanted(later: pl.DataFrame, rated: pl.DataFrame, catalog: Catalog, notes: list[str]) -> tuple[pl.DataFrame, list[str]]:
    """Later pairs that a list could have held, and notes about the others."""
    before = rated.filter(pl.col("known") | pl.col("rejected")).select(PAIR)
    listed = later.filter(pl.col("track_id").is_in(catalog.ids))
    wanted = listed.join(before, on=PAIR, how="anti")
    if absent := later.height - listed.height:
        notes = [*notes, f"left out: {counted(absent, 'later pair')} of tracks that the catalogue of the cut lacks"]
    if again := listed.height - wanted.height:
        notes = [*notes, f"left out: {counted(again, 'later pair')} known or rejected before the cut"]
    if not wanted["approved"].any():
        notes = [*notes, "nothing relevant after the cut: accuracy cannot be measured"]
    if before.is_empty():
        notes = [*notes, "nothing known before the cut: every list is that of a listener without history"]
    return wanted, notes


@dataclass(frozen=True)
class Grid:
    """Listeners and tracks by number."""

    users: list[str]
    catalog: Catalog

    def matrix(self, pairs: pl.DataFrame) -> csr_array:
        """(listeners × tracks) of ``user_id, track_id, points``, one entry per pair; pairs outside are left out."""
        rows = pl.DataFrame(
            {"user_id": self.users, "row": range(len(self.users))}, schema={"user_id": pl.String, "row": pl.Int64}
        )
        ids = list(self.catalog.row_of.items())
        columns = pl.DataFrame(ids, schema={"track_id": pl.String, "column": pl.Int64}, orient="row")
        cells = pairs.join(rows, on="user_id").join(columns, on="track_id").sort("row", "column")
        place = cells["row"].to_numpy(), cells["column"].to_numpy()
        shape = (len(self.users), len(self.catalog.ids))
        return csr_array((cells["points"].cast(pl.Float64).to_numpy(), place), shape=shape)
