"""Who and what is in a run, and how to find one of them by a part of a name."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from rapidfuzz import fuzz, process

from recsys.inputs import ANYONE
from recsys.lake import Run
from recsys.names import key

ALIKE = 60.0
"""Percent of likeness from which on two names are near."""


def listeners(run: Run) -> pl.DataFrame:
    """Columns user_id, events, cold and lists; most events first."""
    lists = run.scan("lists").group_by("user_id").agg(pl.len().alias("lists"))
    profiles = run.scan("profiles").filter(pl.col("user_id") != ANYONE)
    columns = ("user_id", pl.col("interaction_count").alias("events"), "cold")
    rows = profiles.select(*columns).join(lists, on="user_id", how="left")
    return rows.sort(["events", "user_id"], descending=[True, False]).collect()


def tracks_listed(run: Run) -> pl.DataFrame:
    """Columns title, artist, popularity, lists (in how many it is) and track_id; those in most lists first."""
    lists = run.scan("rankings").group_by("track_id").agg(pl.len().alias("lists"))
    tracks = run.scan("tracks").unique("id", keep="last", maintain_order=True).rename({"id": "track_id"})
    rows = tracks.select("title", "artist", "popularity", "track_id").join(lists, on="track_id", how="left")
    rows = rows.with_columns(pl.col("lists").fill_null(0)).sort(["lists", "track_id"], descending=[True, False])
    return rows.select("title", "artist", "popularity", "lists", "track_id").collect()


def search(rows: pl.DataFrame, columns: Sequence[str], text: str) -> pl.DataFrame:
    """Rows that hold every word of the text, in any spelling and order, in one of the columns or several together."""
    words = key(text).split()
    names = _names(rows, columns)
    return rows.filter(pl.Series([all(word in name for word in words) for name in names], dtype=pl.Boolean))


def near(rows: pl.DataFrame, columns: Sequence[str], text: str, limit: int) -> pl.DataFrame:
    """Rows with a name like the text, the likest first."""
    wanted, best = key(text), dict[int, float]()
    for column in columns:
        hits = process.extract(wanted, _names(rows, (column,)), scorer=fuzz.ratio, limit=limit, score_cutoff=ALIKE)
        for _, score, row in hits:
            best[row] = max(best.get(row, 0.0), score)
    order = sorted(best, key=lambda row: (-best[row], row))[:limit]
    return rows[order]


def _names(rows: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    return [key(" ".join(filter(None, names))) for names in rows.select(columns).iter_rows()]
