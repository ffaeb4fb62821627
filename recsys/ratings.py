"""Stage ``ratings``: what each listener's events say about each track."""

from __future__ import annotations

import polars as pl

from recsys import models
from recsys.settings import Settings
from recsys.snapshot import Snapshot
from recsys.tables import RATINGS


def ratings(taken: Snapshot, settings: Settings) -> pl.DataFrame:
    """Table ``ratings``, sorted by user and track; model ``sql/ratings.sql``."""
    rows = models.run(
        "ratings",
        {"events": taken.events, "controls": taken.controls},
        {
            "as_of": taken.as_of,
            "half_life_days": settings.half_life_days,
            "undated_decay": settings.undated_decay,
        },
    )
    return RATINGS.conform(rows)
