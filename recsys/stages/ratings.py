"""Stage ``ratings``: what each listener's events say about each track."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from recsys import models
from recsys.inputs import Snapshot
from recsys.models import Rows, TableRows, Within
from recsys.settings import Settings
from recsys.stages.events import listening
from recsys.stages.songs import releases
from recsys.tables import RATINGS

AT_ONCE = 500_000
"""Events of files that are rated at once, unless one listener has more: then DuckDB takes little memory."""


def rate(snapshot: Snapshot, settings: Settings) -> pl.DataFrame:
    """Table ``ratings``, sorted by user and track."""
    return pl.concat([rate_part(snapshot, part, settings) for part in snapshot.event_parts])


def rate_part(snapshot: Snapshot, events: TableRows, settings: Settings) -> pl.DataFrame:
    """Rows of ``ratings`` of the listeners of one of the snapshot's parts of events; model ``sql/ratings.sql``."""
    several = releases(snapshot.songs)
    return pl.concat([_rated(snapshot, some, several, settings) for some in _divided(events, snapshot)])


def _divided(events: TableRows, snapshot: Snapshot) -> Iterator[Rows]:
    """The events of some listeners at a time, in order; a frame as it is."""
    if isinstance(events, pl.DataFrame):
        yield events
        return
    counts = listening(events, snapshot.as_of)
    before = counts["events"].cum_sum() - counts["events"]
    starts = counts["user_id"].filter((before // AT_ONCE).diff().fill_null(0) > 0).to_list()
    for low, high in pairwise([None, *starts, None]):
        yield events if low is high is None else Within(tuple(events), "user_id", low, high)


def _rated(snapshot: Snapshot, events: Rows, several: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    rows = models.run(
        "ratings",
        {"events": events, "controls": snapshot.controls, "releases": several},
        {
            "as_of": snapshot.as_of,
            "half_life_days": settings.half_life_days,
            "undated_decay": settings.undated_decay,
        },
    )
    return RATINGS.conform(rows)
