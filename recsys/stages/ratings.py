"""Stage ``ratings``: what each listener's events say about each track."""

from __future__ import annotations

import polars as pl

from recsys import models
from recsys.inputs import Snapshot
from recsys.settings import Settings
from recsys.stages.songs import releases
from recsys.tables import RATINGS


def rate(snapshot: Snapshot, settings: Settings) -> pl.DataFrame:
    """Table ``ratings``, sorted by user and track; model ``sql/ratings.sql``."""
    rows = models.run(
        "ratings",
        {"events": snapshot.events, "controls": snapshot.controls, "releases": releases(snapshot.songs)},
        {
            "as_of": snapshot.as_of,
            "half_life_days": settings.half_life_days,
            "undated_decay": settings.undated_decay,
        },
    )
    return RATINGS.conform(rows)
