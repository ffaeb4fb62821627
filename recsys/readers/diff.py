"""What changed between the lists of two runs, and why; model ``sql/diff.sql``."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from recsys import models
from recsys.models import TableRows

READS = ("rankings", "candidates", "ratings", "neighbors", "controls", "tracks", "lists")
"""The tables that a comparison reads."""


def compare_runs(before: Mapping[str, TableRows], after: Mapping[str, TableRows], *, settings_changed: bool) -> pl.DataFrame:
    """One row per user, list and track that ``entered``, ``left`` or ``moved``, with both ranks and the cause.

    ``settings_changed``: whether the runs' settings or code differ.
    """
    views = {f"{table}_{when}": tables[table] for table in READS for when, tables in (("before", before), ("after", after))}
    return models.run("diff", views, {"settings_changed": settings_changed})
