"""What the report says about a run, as small frames; large tables are read lazily, column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from recsys.inputs import ANYONE
from recsys.lake import Run
from recsys.matrices.catalog import build_catalog
from recsys.settings import Settings
from recsys.tables import DROP_RULES

_LISTENERS = 4000
"""Listeners whose genres are looked at; spread evenly over all."""
MAP_TRACKS, MAP_LISTENERS = 1200, 150
GENRES = 12
EXAMPLES = 3
_SHOWN = 8
"""Rows of an example list."""
_POINTS = 60
"""Points of a curve."""


def built_in(run: Run) -> pl.Expr:
    """The lists that every listener has: saved ones may be many."""
    return pl.col("list").is_in(list(run.manifest.settings["lists"]))


def funnel(run: Run) -> pl.DataFrame:
    """``list, rule, tracks``: what each rule keeps out of the catalogue of the mean listener."""
    there = run.scan("lists").collect_schema().names()  # a run of another version may lack a rule
    names = [name for name in (f"dropped_{rule}" for rule in DROP_RULES) if name in there]
    means = run.scan("lists").filter(built_in(run)).group_by("list").agg(pl.col(names).mean()).collect().sort("list")
    long = means.unpivot(index="list", variable_name="rule", value_name="tracks").filter(pl.col("tracks") > 0)
    rule = pl.col("rule").str.strip_prefix("dropped_").str.replace_all("_", " ", literal=True)
    return long.with_columns(rule)


def reason_shares(run: Run) -> pl.DataFrame:
    """``list, reason, share``: rows of each list by reason code."""
    rows = run.scan("rankings").filter(built_in(run)).group_by("list", "reason_code").agg(pl.len().alias("rows")).collect()
    share = pl.col("rows") / pl.col("rows").sum().over("list")
    return rows.select(
        "list", pl.col("reason_code").str.replace_all("_", " ", literal=True).alias("reason"), share.alias("share")
    ).sort("list", "reason")


def part_shares(run: Run) -> pl.DataFrame:
    """``list, part, points``: mean points of the parts of the score."""
    names = [name for name in run.scan("rankings").collect_schema() if name.endswith("_points")]
    means = run.scan("rankings").filter(built_in(run)).group_by("list").agg(pl.col(names).mean()).collect().sort("list")
    long = means.unpivot(index="list", variable_name="part", value_name="points")
    return long.with_columns(pl.col("part").str.strip_suffix("_points"))


def popularity_curve(run: Run) -> pl.DataFrame:
    """``of, tracks, share``: the share of listening, and of list rows, that the most frequent share of the catalogue has."""
    size = max(1, run.scan("tracks").select(pl.col("id").n_unique()).collect().item())
    listened = run.scan("ratings").filter("known").group_by("track_id").agg(pl.len().alias("rows"))
    listed = run.scan("rankings").group_by("track_id").agg(pl.len().alias("rows"))
    return pl.concat([_curve("listening", listened.collect(), size), _curve("lists", listed.collect(), size)])


def _curve(of: str, counts: pl.DataFrame, size: int) -> pl.DataFrame:
    rows = np.sort(counts["rows"].to_numpy())[::-1].astype(np.float64)
    at = np.unique(np.r_[0, np.geomspace(1, size, _POINTS).round()]).astype(int)
    total = np.r_[0.0, np.cumsum(rows)] / max(1.0, float(rows.sum()))
    return pl.DataFrame({"of": of, "tracks": at / size, "share": total[np.minimum(at, len(total) - 1)]})


def genre_shares(run: Run) -> pl.DataFrame:
    """``genre, of, share``: the most listened genres, in what listeners know and in their lists; ``*`` is left out."""
    genres = run.scan("tracks").select(pl.col("id").alias("track_id"), pl.col("genres").list.unique()).unique("track_id")
    known = run.scan("ratings").filter("known").select("user_id", "track_id")
    listed = run.scan("rankings").select("user_id", "track_id")
    frames = [
        _genres(rows, genres, _sampled(run)).with_columns(of=pl.lit(of)) for of, rows in (("known", known), ("listed", listed))
    ]
    best = frames[0].sort("share", "genre", descending=[True, False]).head(GENRES)["genre"]
    return pl.concat(frames).filter(pl.col("genre").is_in(best.implode())).select("genre", "of", "share")


def _sampled(run: Run) -> pl.LazyFrame:
    users = run.scan("profiles").filter(pl.col("user_id") != ANYONE).select("user_id").collect().sort("user_id")
    return users.gather_every(max(1, users.height // _LISTENERS)).lazy()


def _genres(rows: pl.LazyFrame, genres: pl.LazyFrame, users: pl.LazyFrame) -> pl.DataFrame:
    """``genre, share``: a track spreads 1 over its genres."""
    spread = rows.join(users, on="user_id", how="semi").join(genres, on="track_id").filter(pl.col("genres").list.len() > 0)
    each = spread.select("genres", weight=1 / pl.col("genres").list.len()).explode("genres").rename({"genres": "genre"})
    weights = each.group_by("genre").agg(pl.col("weight").sum()).collect()
    return weights.select("genre", (pl.col("weight") / pl.col("weight").sum()).alias("share"))


def taste_map(run: Run) -> pl.DataFrame:
    """``what, x, y``: tracks with sound and listeners' tastes on the two directions in which tracks differ most (PCA)."""
    tracks = run.read("tracks")
    settings = Settings.model_validate({name: run.manifest.settings[name] for name in ("duplicate_tracks", "exclusions")})
    catalog = build_catalog(tracks, settings)
    sound = catalog.normalized[catalog.audio]
    taste = run.scan("profiles").filter("taste_audio").select("taste").collect()["taste"].to_numpy()
    if len(sound) < 2:
        return pl.DataFrame(schema={"what": pl.String, "x": pl.Float64, "y": pl.Float64})
    centre = sound.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(sound, rowvar=False))
    directions = axes[:, :-3:-1] * np.sign(axes[:, :-3:-1].sum(axis=0) + 1e-12)  # a sign that does not hang on the solver
    return pl.concat(
        [
            _placed("track", _spread(sound, MAP_TRACKS) - centre, directions),
            _placed("listener's taste", _spread(taste, MAP_LISTENERS) - centre, directions),
        ]
    )


def _spread(rows: Any, most: int) -> Any:
    rows = np.asarray(rows, np.float64).reshape(-1, 12)
    return rows[:: max(1, -(-len(rows) // most))]


def _placed(what: str, rows: Any, directions: Any) -> pl.DataFrame:
    at = (rows @ directions).round(3)
    return pl.DataFrame(
        {"what": [what] * len(at), "x": at[:, 0], "y": at[:, 1]}, schema={"what": pl.String, "x": pl.Float64, "y": pl.Float64}
    )


def example_listeners(run: Run) -> list[dict[str, Any]]:
    """A listener with much history, one in the middle, one with little: the first rows of each one's first list."""
    profiles = (
        run.scan("profiles").filter(pl.col("user_id") != ANYONE).select("user_id", "interaction_count", "top_genres", "cold")
    )
    order = profiles.sort("interaction_count", "user_id", descending=[True, False]).collect()
    picks = sorted({0, order.height // 2, order.height - 1} - {-1})[:EXAMPLES] if order.height else []
    titles = (
        run.scan("tracks")
        .unique("id", keep="last", maintain_order=True)
        .select(pl.col("id").alias("track_id"), "title", "artist")
    )
    people = []
    for person in order[picks].to_dicts():
        own = run.scan("rankings").filter(pl.col("user_id") == person["user_id"], pl.col("rank") <= _SHOWN)
        rows = own.join(titles, on="track_id", how="left").sort("list", "rank").collect()
        lists = rows["list"].unique(maintain_order=True).to_list()
        name = "balanced" if "balanced" in lists else next(iter(lists), "")
        genres = ", ".join(each["name"] for each in person["top_genres"][:3])
        people.append({**person, "genres": genres, "list": name, "rows": rows.filter(pl.col("list") == name).to_dicts()})
    return people


def numbers(run: Run, before: Run | None) -> list[dict[str, Any]]:
    """What the run measured, beside the run before it: ``name, now, before``."""
    earlier = dict(before.manifest.metrics) if before else {}
    return [{"name": name, "now": value, "before": earlier.get(name)} for name, value in run.manifest.metrics.items()]


def overlap(run: Run, before: Run | None) -> pl.DataFrame:
    """``list, kept``: the share of each list's rows that the listener's list of the run before held."""
    if before is None:
        return pl.DataFrame(schema={"list": pl.String, "kept": pl.Float64})
    key = ["user_id", "list", "track_id"]
    old = before.scan("rankings").select(key).with_columns(kept=1)
    both = run.scan("rankings").select(key).join(old.select("user_id", "list").unique(), on=["user_id", "list"], how="semi")
    kept = both.join(old, on=key, how="left").group_by("list").agg(pl.col("kept").fill_null(0).mean())
    return kept.collect().sort("list")


def intake(run: Run) -> pl.DataFrame:
    """``table, batches, rows``: what the run was made from."""
    sources = [(source.table, source.rows) for source in run.manifest.inputs]
    frame = pl.DataFrame(sources, schema={"table": pl.String, "rows": pl.Int64}, orient="row")
    return frame.group_by("table", maintain_order=True).agg(pl.len().alias("batches"), pl.col("rows").sum())
