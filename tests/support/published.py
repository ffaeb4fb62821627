"""A small lake with published runs that have everything readers open, over a corner of the demo world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from recsys import Inputs, Lake, Settings, build
from recsys.demo import AS_OF, COLD, world
from recsys.lake import Run
from recsys.lookup import writer
from recsys.readers.views import VIEWS_FILE, staged_views
from recsys.tables import INPUTS, REJECTS

LISTENERS = ("*", "demo-u001", "demo-u002", "demo-u003", "demo-u005", "demo-u009", "demo-u014", "demo-u105", *COLD)
SLASHED = "demo/ü 100%"
"""A listener whose id is hard to put in an address."""
EARLIER = AS_OF - timedelta(days=30)


def corner(listeners: Iterable[str] = LISTENERS) -> Inputs:
    """The demo world's inputs of a few listeners, one of them renamed to :data:`SLASHED`."""
    demo = world()
    renamed = pl.col("user_id").replace("demo-u009", SLASHED)
    mine = pl.col("user_id").is_in(list(listeners))
    events, controls, requests = (
        frame.filter(mine).with_columns(renamed) for frame in (demo.events, demo.controls, demo.requests)
    )
    return Inputs(demo.tracks, events, controls, requests)


def publish(root: Path, *moments: datetime, settings: Settings | None = None) -> Lake:
    """A lake in ``root`` with one run per moment, the last one published. Two input rows were rejected."""
    lake, inputs = Lake(root), corner()
    settings = settings or Settings(list_limit=10, pool=40)
    for ordinal, table in enumerate(INPUTS):
        frame = getattr(inputs, table).drop("batch")
        rejects = _rejects(table) if table == "events" else REJECTS.empty()
        source, rows = f"{table}.x", frame.height + rejects.height
        lake.add_batch(table, frame, rejects=rejects, source=source, digest=f"{ordinal:064x}", rows_read=rows)
    for moment in moments:
        lake.publish(commit(lake, settings, moment).id)
    return lake


def commit(lake: Lake, settings: Settings, moment: datetime) -> Run:
    """One run, with the lookup files and the views."""
    with lake.stage(lake.plan(settings, moment)) as staged:
        for table, frame in build(lake.inputs(), settings, as_of=moment).items():
            staged.write(table, frame)
        writer.write(staged)
        staged.write_file(VIEWS_FILE, staged_views(staged).encode())
        return lake.commit(staged, status="passed", seconds={"all": 1.0}, metrics={"listeners": 8.0})


def _rejects(table: str) -> pl.DataFrame:
    rows = {"batch": ["00"] * 2, "table": [table] * 2, "source": ["events.x"] * 2, "line": [3, 9], "column": ["type", None]}
    return REJECTS.conform(
        pl.DataFrame({**rows, "code": ["value", "row"], "reason": ["not allowed", "not read"], "raw": ["a", "b"]})
    )
