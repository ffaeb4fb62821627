"""Small worlds by hand, short enough for a person to check."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from recsys import Inputs, Settings
from recsys.pipeline import prepare, shard
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import CONTROLS, EVENTS, FEATURES, REQUESTS, TRACKS, Table

Row = dict[str, Any]
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
SOUND = dict(zip(FEATURES, (0.5, 0.5, -30.0, 0.5, 0.5, 0.5, 0.5, 0.5, 130.0, 4.0, 5.5, 0.5), strict=True))
"""Every feature in the middle of its default range: 0.5 when normalised."""


def frame(table: Table, rows: Iterable[Row]) -> pl.DataFrame:
    """Rows in the contract's columns; what a row leaves out is null."""
    whole = [{name: row.get(name) for name in table.names} for row in rows]
    return pl.DataFrame(whole, schema=table.schema, strict=False, infer_schema_length=None)


def track(name: str, **values: Any) -> Row:
    """A track with sound, of an artist of its own."""
    return {"id": name, "artist": f"artist of {name}", **SOUND, **values}


def silent(name: str, **values: Any) -> Row:
    """A track without audio features."""
    return {"id": name, "artist": f"artist of {name}", **values}


def event(user: str, heard: str, type: str = "like", days: float | None = 0.0, **values: Any) -> Row:  # noqa: A002
    """An event some days before :data:`AS_OF`; ``days=None`` leaves the time out."""
    when = None if days is None else AS_OF - timedelta(days=days)
    return {"user_id": user, "track_id": heard, "type": type, "occurred_at": when, **values}


def asked(user: str, name: str = "list", **values: Any) -> Row:
    """A saved list."""
    targets = values.pop("feature_targets", None)
    if targets is not None:
        targets = dict.fromkeys(FEATURES) | targets
    return {"user_id": user, "list": name, "feature_targets": targets, **values}


def inputs(
    tracks: Iterable[Row], events: Iterable[Row] = (), controls: Iterable[Row] = (), requests: Iterable[Row] = ()
) -> Inputs:
    return Inputs(frame(TRACKS, tracks), frame(EVENTS, events), frame(CONTROLS, controls), frame(REQUESTS, requests))


def of(tables: dict[str, pl.DataFrame], table: str, user: str, name: str = "list") -> list[Row]:
    """Rows of one listener's list."""
    return tables[table].filter(pl.col("user_id") == user, pl.col("list") == name).to_dicts()


def ranked(tables: dict[str, pl.DataFrame], user: str, name: str = "list") -> list[str]:
    """Track ids of a list, in order."""
    return [row["track_id"] for row in of(tables, "rankings", user, name)]


def candidate(tables: dict[str, pl.DataFrame], user: str, wanted: str, name: str = "list") -> Row:
    """The parts of one candidate's score."""
    return next(row for row in of(tables, "candidates", user, name) if row["track_id"] == wanted)


def prepared(given: Inputs, settings: Settings) -> Scorer:
    """The world as every shard of a run sees it."""
    taken = take_snapshot(given, settings, AS_OF)
    return prepare(taken, rate(taken, settings), settings)


def lists(given: Inputs, settings: Settings) -> dict[str, pl.DataFrame]:
    """Neighbours, candidates, rankings and lists of everyone: :func:`recsys.build` without what the lists do not need."""
    scorer = prepared(given, settings)
    return shard(scorer, 0, len(scorer.history.users))._asdict()
