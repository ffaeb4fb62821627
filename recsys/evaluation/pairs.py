"""A task from a pair of tables ``user_id, item_id, value``: what is learnt from, and what is to be predicted."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from recsys.errors import InputError
from recsys.evaluation.task import Task, make_task
from recsys.inputs import Inputs
from recsys.tables import EVENTS, TRACKS
from recsys.text import counted

_AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
"""The day of every event: pairs have no time."""
_PLAY = 0.45
"""Points of a play; a value of n counts as n plays."""
_COLUMNS = ("user_id", "item_id", "value")
IDS = ("id", "item_id", "track_id")
"""Names that the id of a track may have."""


def pairs_task(train: pl.DataFrame, test: pl.DataFrame, tracks: pl.DataFrame | None = None) -> Task:
    """Learn from ``train``, predict ``test``; without ``tracks`` the catalogue is every item of either.

    Values of one (user, item) add up; a pair counts when its sum is above 0. Raises :class:`InputError` for missing columns or
    values that are no numbers.
    """
    notes: list[str] = []
    learnt, hidden = (_summed(frame, name, notes) for frame, name in ((train, "train"), (test, "test")))
    catalogue = _catalogue(learnt, hidden) if tracks is None else _tracks(tracks, learnt, notes)
    _only_in(hidden, learnt, notes)
    moment = pl.lit(_AS_OF).cast(EVENTS.schema["occurred_at"])
    events = learnt.select(
        "user_id", pl.col("item_id").alias("track_id"), type=pl.lit("play"), weight=_PLAY * pl.col("value"), occurred_at=moment
    )
    later = hidden.select(
        "user_id", pl.col("item_id").alias("track_id"), approved=pl.lit(value=True), declined=pl.lit(value=False)
    )
    return make_task(Inputs(tracks=catalogue, events=events), _AS_OF, later, notes)


def validation(train: pl.DataFrame, share: float = 0.2, seed: int = 1000) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``train`` without, and only with, a random ``share`` (0–1) of its pairs: what to choose settings on."""
    if missing := [column for column in _COLUMNS if column not in train.columns]:
        raise InputError(f"train: column {missing[0]!r} is missing; needed: {', '.join(_COLUMNS)}")
    pairs = train.with_columns(pl.col("user_id", "item_id").cast(pl.String))
    drawn = pl.struct("user_id", "item_id").hash(seed) % 1_000_000 < share * 1_000_000
    return pairs.filter(~drawn).select(_COLUMNS), pairs.filter(drawn).select(_COLUMNS)


def _summed(frame: pl.DataFrame, name: str, notes: list[str]) -> pl.DataFrame:
    """One row per (user, item) with a positive value."""
    if missing := [column for column in _COLUMNS if column not in frame.columns]:
        raise InputError(
            f"{name}: column {missing[0]!r} is missing; needed: {', '.join(_COLUMNS)}; it has: {', '.join(frame.columns)}"
        )
    ids = pl.col("user_id", "item_id").cast(pl.String)
    try:
        typed = frame.select(ids, pl.col("value").cast(pl.Float64))
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{name}: user_id and item_id must be names or numbers, value a number: {error}") from error
    whole = typed.filter(pl.all_horizontal(pl.col("user_id", "item_id").is_not_null()), pl.col("value").is_finite())
    if broken := typed.height - whole.height:
        notes.append(f"{name}: left out: {counted(broken, 'row')} without user_id, item_id or a finite value")
    summed = whole.group_by("user_id", "item_id").agg(pl.col("value").sum()).sort("user_id", "item_id")
    if repeats := whole.height - summed.height:
        notes.append(f"{name}: pairs that come more than once are added up ({counted(repeats, 'row')})")
    kept = summed.filter(pl.col("value") > 0)
    if none := summed.height - kept.height:
        notes.append(f"{name}: left out: {counted(none, 'pair')} with a value of 0 or less")
    return kept


def _catalogue(*parts: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([part.select(pl.col("item_id").alias("id")) for part in parts]).unique().sort("id")


def _tracks(tracks: pl.DataFrame, learnt: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """The catalogue in contract columns, once per id; items of ``learnt`` that it lacks are noted."""
    name = next((one for one in IDS if one in tracks.columns), None)
    if name is None:
        raise InputError(f"tracks: there is no id; name the column one of: {', '.join(IDS)}; it has: {', '.join(tracks.columns)}")
    known = [column for column in tracks.columns if column in TRACKS.names and column != "id"]
    frame = (
        tracks.select(pl.col(name).cast(pl.String).alias("id"), *known)
        .drop_nulls("id")
        .unique("id", keep="last", maintain_order=True)
    )
    if lacking := learnt.filter(~pl.col("item_id").is_in(frame["id"].implode()))["item_id"].n_unique():
        notes.append(f"tracks: they lack {counted(lacking, 'item')} of train, which nobody can be recommended")
    return TRACKS.conform(frame.sort("id"))


def _only_in(hidden: pl.DataFrame, learnt: pl.DataFrame, notes: list[str]) -> None:
    for column, word in (("user_id", "user"), ("item_id", "item")):
        if only := len({*hidden[column]} - {*learnt[column]}):
            notes.append(f"only in test: {counted(only, word)}; counted, without any history")
