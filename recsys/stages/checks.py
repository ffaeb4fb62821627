"""Stage ``checks``: what a run measured, and whether its tables may be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from recsys import contract, models
from recsys.models import TableRows
from recsys.settings import Settings
from recsys.tables import CHECKS, INPUTS, METRICS

CHECKED = ("tracks", "songs", "controls", "ratings", "profiles", "neighbors", "lists", "candidates", "rankings")
"""The tables that checks and metrics read."""
FITTED = ("model", "model_tracks")
"""Further tables whose contract is checked."""


def check_tables(tables: Mapping[str, TableRows], settings: Settings) -> pl.DataFrame:
    """Table ``checks`` over the other tables of a run, as frames or Parquet files.

    The contract of each table (:mod:`recsys.contract`), then the rules across tables (model ``sql/checks.sql``).
    """
    own = pl.concat(_contract(name, tables[name], settings) for name in (*CHECKED, *FITTED) if name in CHECKED or name in tables)
    if (own["rule"].eq(contract.TYPES) & ~own["passed"]).any():
        return CHECKS.conform(own)  # the rules across tables could not even be asked
    views = {name: tables[name] for name in CHECKED}
    rules = settings.model_dump(include={"hide_rejected", "exclusions", "blocked_explicit"})
    return pl.concat([CHECKS.conform(own), CHECKS.conform(models.run("checks", views, rules))]).sort("table", "rule")


def _contract(name: str, rows: TableRows, settings: Settings) -> pl.DataFrame:
    keyed = name not in ("tracks", "model_tracks") or settings.duplicate_tracks == "last"
    results = contract.check(name, rows, keyed=keyed)
    frame = pl.DataFrame(results, schema={"rule": pl.String, "failures": pl.Int64, "example": pl.String}, orient="row")
    # inputs were judged row by row when they were ingested; frames that come from elsewhere may be wider
    severity = (
        pl.when(pl.lit(name in INPUTS) & pl.col("rule").str.contains(" lies in ")).then(pl.lit("warn")).otherwise(pl.lit("fail"))
    )
    return frame.with_columns(pl.lit(name).alias("table"), severity.alias("severity"), (pl.col("failures") == 0).alias("passed"))


def _compare(before: Mapping[str, TableRows], after: Mapping[str, TableRows], settings: Settings) -> pl.DataFrame:
    """Warnings about a run in the columns of ``checks``: how far it is from the published one; model ``sql/drift.sql``.

    They are no part of the run: what a run holds does not depend on what was published before it.
    """
    views = {f"{table}_{when}": tables[table] for table in CHECKED for when, tables in (("before", before), ("after", after))}
    bounds = settings.model_dump(include={"row_change", "list_overlap", "row_floor", "overlap_floor", "coverage_floor"})
    return CHECKS.conform(models.run("drift", views, bounds))


class _Stored(Protocol):
    """A run on the disk: as much of it as the rules about two runs need."""

    @property
    def tables(self) -> list[str]: ...
    @property
    def manifest(self) -> Any: ...
    def files(self, table: str) -> list[Path]: ...


def drift(run: _Stored, before: _Stored | None) -> pl.DataFrame:
    """:func:`compare` of two stored runs by the settings of the later one; no rule without a run to compare with."""
    if before is None or not {*CHECKED} <= {*before.tables}:
        return CHECKS.empty()
    old, new = ({name: each.files(name) for name in CHECKED} for each in (before, run))
    return _compare(old, new, Settings.model_validate(run.manifest.settings))


def measure_tables(tables: Mapping[str, TableRows]) -> pl.DataFrame:
    """Table ``metrics`` over the other tables of a run; model ``sql/metrics.sql``."""
    return METRICS.conform(models.run("metrics", {name: tables[name] for name in CHECKED}))


def passed(checked: pl.DataFrame) -> bool:
    """Whether no rule of severity ``fail`` is broken."""
    return checked.filter(pl.col("severity") == "fail")["passed"].all()
