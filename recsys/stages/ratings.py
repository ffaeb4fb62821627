"""Stage ``ratings``: what each listener's events say about each track."""

from __future__ import annotations

import polars as pl

from recsys import models
from recsys.inputs import Snapshot
from recsys.models import TableRows
from recsys.settings import Settings
from recsys.stages.songs import releases
from recsys.tables import RATINGS


def rate(snapshot: Snapshot, settings: Settings) -> pl.DataFrame:
    """Table ``ratings``, sorted by user and track."""
    return pl.concat([rate_part(snapshot, part, settings) for part in snapshot.event_parts])


def rate_part(snapshot: Snapshot, events: TableRows, settings: Settings) -> pl.DataFrame:
    """Rows of ``ratings`` of the listeners of one of the snapshot's parts of events; model ``sql/ratings.sql``."""
    rows = models.run(
        "ratings",
        {"events": events, "controls": snapshot.controls, "releases": releases(snapshot.songs)},
        {
            "as_of": snapshot.as_of,
            "half_life_days": settings.half_life_days,
            "undated_decay": settings.undated_decay,
        },
    )
    return RATINGS.conform(rows)
