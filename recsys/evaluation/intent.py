"""Do seeds, targets and modes steer a list? A protocol for any lake whose events tell what belongs together.

An intent is what one listener heard in one context (``events.context``: a playlist, a place, an hour), or in one session where
no event has a context: events less than :data:`_PAUSE` apart. Of each listener's largest intent a share is hidden, with all
events of these tracks; the others stay. Five of the rest are the seeds of the list `seeded`; the list `target` asks for much
energy and a fast tempo; both are compared with `balanced`, and `balanced` with the other modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from recsys.errors import InputError
from recsys.inputs import Inputs
from recsys.pipeline import build
from recsys.settings import Settings
from recsys.stages.snapshot import take_snapshot
from recsys.tables import FEATURES, REQUESTS

_K = 50
_SEEDS = 5
_LEAST = 10
"""Tracks of an intent, at least."""
_HIDDEN = 0.3
_PAUSE = timedelta(minutes=30)
_LISTENERS = 1000
_TARGET = {"energy": 0.9, "tempo": 165.0}
_MODES = ("balanced", "comfort", "discovery")
_CELL = ["user_id", "track_id"]


@dataclass(frozen=True)
class IntentTask:
    """Inputs without the hidden tracks, with the requests; ``members``: ``user_id, track_id, hidden, seed`` of every intent."""

    inputs: Inputs
    as_of: datetime
    members: pl.DataFrame


def intent_task(inputs: Inputs, seed: int = 0) -> IntentTask:
    """The task of a lake's inputs. Raises :class:`InputError` when no listener has an intent of :data:`_LEAST` tracks."""
    newest = inputs.events["occurred_at"].max()
    as_of = newest if isinstance(newest, datetime) else datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    snapshot = take_snapshot(Inputs(tracks=inputs.tracks, events=inputs.events), Settings(), as_of)
    events = snapshot.events.filter(pl.col("track_id").is_in(snapshot.tracks["id"].implode()))
    heard = events.filter(~pl.col("type").is_in(["skip", "dislike", "hide"]))
    members = _drawn(_largest(_intents(heard)), seed)
    if members.is_empty():
        raise InputError(f"no listener has {_LEAST} tracks in one context or session; intents cannot be judged on this lake")
    before = events.join(members.filter("hidden"), on=_CELL, how="anti")
    return IntentTask(Inputs(tracks=snapshot.tracks, events=before, requests=_requests(members)), as_of, members)


def _intents(heard: pl.DataFrame) -> pl.DataFrame:
    """``user_id, track_id, intent``, one row per track of an intent."""
    if heard["context"].null_count() < heard.height:
        return heard.drop_nulls("context").select(*_CELL, intent=pl.col("context")).unique()
    dated = heard.drop_nulls("occurred_at").sort("user_id", "occurred_at", "track_id")
    begins = pl.col("occurred_at").diff().over("user_id").fill_null(timedelta(days=9)) > _PAUSE
    return dated.with_columns(intent=begins.cum_sum().over("user_id").cast(pl.String)).select(*_CELL, "intent").unique()


def _largest(intents: pl.DataFrame) -> pl.DataFrame:
    """Each listener's intent of the most tracks; the first by name of equals."""
    sizes = intents.group_by("user_id", "intent").len("size").filter(pl.col("size") >= _LEAST)
    best = sizes.sort("user_id", "size", "intent", descending=[False, True, False]).unique(
        "user_id", keep="first", maintain_order=True
    )
    best = best.gather_every(max(1, -(-best.height // _LISTENERS)))
    return intents.join(best, on=["user_id", "intent"]).select(*_CELL, "size").sort(_CELL)


def _drawn(members: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Which tracks are hidden, and which of the rest are seeds: in an order that only the seed decides."""
    order = pl.struct(_CELL).hash(seed).rank("ordinal").over("user_id")
    hidden = order <= (_HIDDEN * pl.col("size")).floor()
    seeds = ~hidden & (order > pl.col("size") - _SEEDS)
    return members.select(*_CELL, hidden=hidden, seed=seeds)


def _requests(members: pl.DataFrame) -> pl.DataFrame:
    seeds = members.filter("seed").group_by("user_id", maintain_order=True).agg(pl.col("track_id").alias("seed_track_ids"))
    seeded = seeds.with_columns(list=pl.lit("seeded"), limit=pl.lit(_K, pl.Int64))
    wanted = pl.struct([pl.lit(_TARGET.get(name), pl.Float64).alias(name) for name in FEATURES])
    target = seeds.select("user_id", list=pl.lit("target"), limit=pl.lit(_K, pl.Int64), feature_targets=wanted)
    return REQUESTS.conform(pl.concat([seeded, target], how="diagonal"))


def judge_intent(task: IntentTask, settings: Settings) -> dict[str, float | None]:
    """The measures by name; none where the lake has nothing to measure by.

    ``seeded_ndcg@50``, ``balanced_ndcg@50``: the intent's hidden tracks, as the list seeded with it, and `balanced`, rank them.
    ``seeded_rows``, ``balanced_rows``: share of the list's tracks that belong to the intent. ``target_distance``: mean distance
    to the targets, in standard deviations of the catalogue, as a share of `balanced`'s; ``target_votes``: mean votes as a share
    of `balanced`'s. ``shared_*``: tracks of 50 shared with `balanced`. ``unheard_*``: share of rows by artists the listener
    never played. ``popularity_*``: mean popularity.
    """
    limits = settings.model_copy(update={"lists": _MODES, "list_limit": _K})
    rows = build(task.inputs, limits, as_of=task.as_of)["rankings"].filter(pl.col("rank") <= _K)
    users = task.members.select("user_id").unique()
    facts = task.inputs.tracks.select(pl.col("id").alias("track_id"), "artist", "popularity", *_TARGET)
    rows = rows.join(users, on="user_id", how="semi").join(facts, on="track_id", how="left", suffix="_given")
    votes = _by_list(rows, pl.col("collaborative").mean())
    away = _by_list(rows, _distance(facts))
    measures: dict[str, float | None] = {"listeners": users.height}
    for name in ("seeded", "balanced"):
        own = rows.filter(pl.col("list") == name)
        measures |= {f"{name}_ndcg@50": _gain(own, task.members), f"{name}_rows": _belonging(own, task.members)}
    measures |= {"target_distance": _ratio(away, "target"), "target_votes": _ratio(votes, "target")}
    measures |= {f"shared_{name}": _shared(rows, name) for name in ("seeded", "target", "comfort", "discovery")}
    unheard = _by_list(_unheard(rows, task.inputs.events, facts), pl.col("unheard").mean())
    known = _by_list(rows, pl.col("popularity_given" if "popularity_given" in rows.columns else "popularity").mean())
    for name in _MODES:
        measures |= {f"unheard_{name}": unheard.get(name), f"popularity_{name}": known.get(name)}
    return measures


def _by_list(rows: pl.DataFrame, value: pl.Expr) -> dict[str, float | None]:
    return dict(rows.group_by("list").agg(value.alias("value")).iter_rows())


def _ratio(values: dict[str, float | None], name: str) -> float | None:
    part, whole = values.get(name), values.get("balanced")
    return part / whole if part is not None and whole else None


def _distance(facts: pl.DataFrame) -> pl.Expr:
    """Mean over the targets of the mean distance in standard deviations."""
    spread = {name: facts[name].std() or None for name in _TARGET}
    away = [((pl.col(name) - wanted).abs() / spread[name]).mean() for name, wanted in _TARGET.items()]
    return pl.mean_horizontal(away)


def _gain(rows: pl.DataFrame, members: pl.DataFrame) -> float | None:
    """Mean NDCG@50 over listeners with something hidden."""
    hidden = members.filter("hidden")
    discount = 1 / (pl.col("rank") + 1).log(2)
    gained = rows.join(hidden, on=_CELL, how="semi").group_by("user_id").agg(discount.sum().alias("gain"))
    sizes = hidden.group_by("user_id").len("size").with_columns(rank=pl.int_ranges(1, pl.min_horizontal("size", _K) + 1))
    best = sizes.explode("rank").group_by("user_id").agg(discount.sum().alias("best"))
    both = best.join(gained, on="user_id", how="left").select(pl.col("gain").fill_null(0.0) / pl.col("best"))
    return _number(both.to_series().mean())


def _belonging(rows: pl.DataFrame, members: pl.DataFrame) -> float | None:
    return rows.join(members, on=_CELL, how="semi").height / rows.height if rows.height else None


def _shared(rows: pl.DataFrame, name: str) -> float | None:
    """Mean number of the list's tracks that `balanced` holds too."""
    own, other = (rows.filter(pl.col("list") == each).select(_CELL) for each in (name, "balanced"))
    users = own["user_id"].n_unique()
    return own.join(other, on=_CELL, how="semi").height / users if users else None


def _unheard(rows: pl.DataFrame, events: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """``unheard``: whether the listener never played the artist of the row."""
    played = events.select(_CELL).unique().join(facts.select("track_id", "artist"), on="track_id").select("user_id", "artist")
    marked = rows.join(played.unique().with_columns(played=True), on=["user_id", "artist"], how="left")
    return marked.with_columns(unheard=pl.col("played").is_null())


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
