"""Stage ``checks``: what a run measured, and whether its tables may be read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl

from recsys import contract, models
from recsys.inputs import ANYONE
from recsys.models import TableRows, Within
from recsys.names import key
from recsys.settings import Settings
from recsys.stages.claims import false_claims
from recsys.stages.partitions import BY_LISTENER, partitions
from recsys.tables import CHECKS, INPUTS, METRICS, STRINGS, TABLES

CHECKED = ("tracks", "songs", "controls", "ratings", "profiles", "neighbors", "lists", "candidates", "rankings")
"""The tables that checks and metrics read."""
FITTED = ("model", "model_tracks")
"""Further tables whose contract is checked."""
DAY = timedelta(days=1)
"""A moment may be this far ahead: the end of today somewhere."""


_BROKEN = {
    ("candidates", "favourite artists are not passed over"): "candidates: favourite artists are passed over",
    ("lists", "as many tracks as asked for"): "lists are shorter than requested",
    ("lists", "what was asked for is known"): "lists: seeds or modes that were asked for are unknown",
    **{
        (table, "about as many rows as in the published run"): f"{table}: many rows more or fewer than in the published run"
        for table in ("tracks", "ratings", "profiles", "lists", "candidates", "rankings")
    },
    ("rankings", "lists keep a share of the published run's tracks"): "rankings: lists keep few of the published run's tracks",
    (
        "rankings",
        "lists have something in common with the published run's",
    ): "rankings: next to none of the published run's tracks",
    (
        "rankings",
        "not far fewer different tracks than in the published run",
    ): "rankings: far fewer tracks than in the published run",
    ("rankings", "not far fewer rows than in the published run"): "rankings: far fewer rows than in the published run",
}
"""Rules whose words would puzzle beside the number of rows that break them → words for those."""


def broken_rule(table: str, rule: str) -> str:
    """A broken rule in words that the number of its failures can follow."""
    return _BROKEN.get((table, rule), f"{table}: {rule}")


def check_tables(tables: Mapping[str, TableRows], settings: Settings, account: pl.DataFrame | None = None) -> pl.DataFrame:
    """Table ``checks`` over the other tables of a run, as frames or Parquet files.

    The contract of each table (:mod:`recsys.contract`), the rules across tables (model ``sql/checks.sql``), whether the reasons
    are true (:mod:`recsys.stages.claims`), and what the snapshot counted (``account``, model ``sql/account.sql``). Of files, the
    rows of some listeners are in memory at a time.
    """
    names = [name for name in (*CHECKED, *FITTED) if name in CHECKED or name in tables]
    if any(contract.unlike(TABLES[name], tables[name]) for name in names):  # the rules across tables cannot even be asked
        return CHECKS.conform(pl.concat(_contract(name, tables[name], settings) for name in names))
    whole = {name: tables[name] for name in names if name not in BY_LISTENER}
    results = [_contract(name, rows, settings) for name, rows in whole.items()]
    results.append(_across(tables, settings))
    results.append(false_claims(tables, settings))
    if account is not None:
        results.append(models.run("account", {"account": account, "ratings": tables["ratings"], "tracks": tables["tracks"]}))
    return pl.concat(map(CHECKS.conform, results)).sort("table", "rule")


class PartitionChecks(NamedTuple):
    """What became of the rules in one partition."""

    checked: pl.DataFrame
    """In the columns of ``checks``."""
    passed_over: pl.DataFrame
    """Rows of model ``sql/passed_over.sql``."""


def check_partition(rows: Mapping[str, TableRows | Within], settings: Settings, *, listed: bool) -> PartitionChecks:
    """The rules over the rows of some listeners, which are a partition of :mod:`recsys.stages.partitions`; a pure function.

    ``rows`` besides have tracks, songs, keys (every name of an artist or a genre, and its key) and favourites (model
    ``sql/favourites.sql``); ``listed``: whether the run has lists for everyone.
    """
    own = [_contract(name, rows[name], settings) for name in BY_LISTENER]
    rules = settings.model_dump(include={"hide_rejected", "exclusions", "blocked_explicit"}) | {"listed": listed}
    across = models.run("checks", {name: rows[name] for name in (*CHECKED, "keys")}, rules)
    views = ("favourites", "tracks", "ratings", "profiles", "lists", "candidates", "keys")
    return PartitionChecks(
        pl.concat(map(CHECKS.conform, [*own, across])), models.run("passed_over", {name: rows[name] for name in views})
    )


def _across(tables: Mapping[str, TableRows], settings: Settings) -> pl.DataFrame:
    """The rules of and across the tables of listeners, partition by partition."""
    shared = {"tracks": tables["tracks"], "songs": tables["songs"], "keys": _keys(tables)}
    shared |= {"favourites": models.run("favourites", {"profiles": tables["profiles"]})}
    listed = bool(models.scan(tables["lists"]).select((pl.col("user_id") == ANYONE).any()).collect().item())
    parts = [check_partition({**shared, **rows}, settings, listed=listed) for rows in partitions(tables)]
    checked, passed_over = map(pl.concat, zip(*parts, strict=True))
    counted = [pl.col("severity").first(), pl.col("passed").all(), pl.col("failures").sum(), pl.col("example").min()]
    return pl.concat([checked.group_by("table", "rule").agg(counted), _passed_over(passed_over)])


def _passed_over(listeners: pl.DataFrame) -> pl.DataFrame:
    """The rule that favourite artists are not passed over: of all listeners sampled together, for each has few such tracks."""
    among, chance = listeners["among"].sum(), listeners["by_chance"].sum()
    broken = among < chance and chance >= 1
    example = listeners["user_id"].min() if broken else None
    row = ("candidates", "favourite artists are not passed over", "warn", not broken, int(broken), example)
    return pl.DataFrame([row], CHECKS.schema, orient="row")


def _keys(tables: Mapping[str, TableRows]) -> pl.DataFrame:
    """Every name of an artist or a genre in the tables, and its key."""
    named = {
        "tracks": ("artist", "artists", "genres"),
        "controls": ("excluded_artists", "excluded_genres"),
        "lists": ("excluded_artist_ids", "excluded_genres"),
    }
    lists = [_names(tables[table], column) for table, columns in named.items() for column in columns]
    names = pl.concat(lists).unique().sort()
    return pl.DataFrame({"name": names, "key": pl.Series([key(name) for name in names], dtype=pl.String)})


def _names(rows: TableRows, column: str) -> pl.Series:
    names = models.scan(rows).select(pl.col(column).alias("name").unique().drop_nulls()).collect().to_series()
    return (names.explode() if names.dtype == STRINGS else names).drop_nulls().unique()


def _contract(name: str, rows: TableRows | Within, settings: Settings) -> pl.DataFrame:
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


def foreseen(quality: pl.DataFrame, run: str, settings: Settings) -> pl.DataFrame:
    """How well the published run's lists foresaw what came since, against the lists before; model ``sql/foreseen.sql``.

    ``quality``: the lake's table; ``run``: the published run. No rule until two runs were judged.
    """
    bounds = settings.model_dump(include={"ndcg_change", "ndcg_floor"})
    return CHECKS.conform(models.run("foreseen", {"quality": quality}, {"run": run, **bounds}))


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


def moments(as_of: datetime, published: datetime | None, now: datetime) -> pl.DataFrame:
    """Rules about the moment of a run, in the columns of ``checks``: no reader gets lists of a clock that is wrong.

    ``published``: the moment of the run that readers have. One that lies after ``now`` was itself a mistake and binds nobody.
    """
    bound = published if published is not None and published <= now else None
    rules = [
        (
            "the moment is not before the published run's",
            bound is None or as_of >= bound,
            f"as of {as_of:%Y-%m-%d %H:%M}, published as of {published or as_of:%Y-%m-%d %H:%M} UTC",
        ),
        (
            "the moment is not in the future",
            as_of <= now + DAY,
            f"as of {as_of:%Y-%m-%d %H:%M}, the clock says {now:%Y-%m-%d %H:%M} UTC",
        ),
    ]
    return pl.DataFrame(
        [("events", rule, "fail", ok, int(not ok), None if ok else example) for rule, ok, example in rules],
        CHECKS.schema,
        orient="row",
    )


def measure_tables(tables: Mapping[str, TableRows], account: pl.DataFrame | None = None) -> pl.DataFrame:
    """Table ``metrics`` over the other tables of a run (model ``sql/metrics.sql``), and what the snapshot counted."""
    measured = METRICS.conform(models.run("metrics", {name: tables[name] for name in CHECKED}))
    return measured if account is None else pl.concat([measured, account]).sort("stage", "name")


def passed(checked: pl.DataFrame) -> bool:
    """Whether no rule of severity ``fail`` is broken."""
    return checked.filter(pl.col("severity") == "fail")["passed"].all()
