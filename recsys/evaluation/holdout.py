"""A task from a lake: its events cut in two, in time or at random.

What a run at the cut could not have known is left out of what methods learn from: events from the cut on, tracks released after
it, tracks that only a later event mentions, and controls and saved requests, which carry no time. Undated events are learnt from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from recsys.errors import InputError, UsageError
from recsys.evaluation.splits import drawn
from recsys.evaluation.task import PAIR, Task, make_task
from recsys.inputs import Inputs
from recsys.settings import Settings
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.text import counted

_FORM = re.compile(r"(last|random):(\d+(?:\.\d+)?)(d|%)")
_ALLOWED = "last:30d, last:20% or random:20%"


@dataclass(frozen=True)
class Holdout:
    """``last``: events of the last ``amount`` days, or percent of the dated events.

    ``random``: percent of each listener's pairs.
    """

    kind: Literal["last", "random"]
    amount: float
    unit: Literal["d", "%"]

    @classmethod
    def parse(cls, text: str) -> Holdout:
        """From words like ``last:30d``. Raises :class:`UsageError`.

        >>> Holdout.parse("last:20%")
        Holdout(kind='last', amount=20.0, unit='%')
        """
        match = _FORM.fullmatch(text.strip())
        if not match or (match[1] == "random" and match[3] == "d"):
            raise UsageError(f"--holdout {text!r} is not a part of the events; write {_ALLOWED}")
        amount = float(match[2])
        if amount <= 0 or (match[3] == "%" and amount >= 100):
            raise UsageError(f"--holdout {text!r}: more than 0 and less than all; write {_ALLOWED}")
        return cls(match[1], amount, match[3])  # type: ignore[arg-type]


def holdout_task(inputs: Inputs, holdout: Holdout, seed: int = 0) -> Task:
    """The task that ``holdout`` cuts from a lake's inputs. Raises :class:`InputError` when there is nothing to cut."""
    whole = Inputs(tracks=inputs.tracks, events=inputs.events)
    newest = whole.events["occurred_at"].max()
    if not isinstance(newest, datetime):
        if holdout.kind == "last" or whole.events.is_empty():
            raise InputError(
                f"the lake has no {'dated ' * (not whole.events.is_empty())}events to hold out; use --holdout random:20%"
            )
        newest = datetime(2026, 1, 1, tzinfo=UTC)
    snapshot = take_snapshot(whole, Settings(), newest)
    events, tracks = snapshot.events, snapshot.tracks
    if holdout.kind == "random":
        return _random(tracks, events, holdout, newest, seed)
    cut = cut_at(events, holdout, newest)
    before = events.filter(pl.col("occurred_at").is_null() | (pl.col("occurred_at") < cut))
    kept, notes = _known_at(tracks, before, cut)
    if undated := before["occurred_at"].null_count():
        notes.append(f"learnt from: {counted(undated, 'undated event')}")
    after = events.filter(pl.col("occurred_at") >= cut)
    return make_task(Inputs(tracks=kept, events=before), cut, held_opinions(after, newest), notes)


def cut_at(events: pl.DataFrame, holdout: Holdout, newest: datetime) -> datetime:
    """First moment of the held-out part."""
    if holdout.unit == "d":
        return newest - timedelta(days=holdout.amount)
    times = events["occurred_at"].drop_nulls().sort()
    return times[min(len(times) - 1, int(len(times) * (1 - holdout.amount / 100)))]


def held_opinions(events: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """``user_id, track_id, approved, declined``: what events alone say about each pair."""
    rated = rate(take_snapshot(Inputs(tracks=_named(events), events=events), Settings(), as_of), Settings())
    declined = (pl.col("negative_events") > 0) | pl.col("rejected")
    return rated.select(*PAIR, approved=pl.col("known") & ~pl.col("rejected"), declined=declined)


def _named(events: pl.DataFrame) -> pl.DataFrame:
    """A catalogue of the events' tracks: ids were resolved before, nothing else is needed."""
    ids = events["track_id"].unique().sort()
    return pl.DataFrame({"id": ids if len(ids) else pl.Series(["-"])})


def _known_at(tracks: pl.DataFrame, before: pl.DataFrame, cut: datetime) -> tuple[pl.DataFrame, list[str]]:
    """The catalogue without what came into the world after the cut."""
    day = pl.lit(f"{cut:%Y-%m-%d}").str.slice(0, pl.col("release_date").str.len_chars())
    released = (pl.col("release_date").fill_null("") <= day.fill_null("")) | pl.col("release_date").is_null()
    mentioned = (pl.col("origin").fill_null("catalog") != "mention") | pl.col("id").is_in(before["track_id"].unique().implode())
    kept = tracks.filter(released & mentioned)
    left = tracks.height - kept.height
    notes = [f"in no list: {counted(left, 'track')} released or first mentioned after the cut"] if left else []
    if kept.is_empty():
        raise InputError(f"no track of the catalogue was known at {cut:%Y-%m-%d %H:%M} UTC; choose a later cut")
    return kept, notes


def _random(tracks: pl.DataFrame, events: pl.DataFrame, holdout: Holdout, newest: datetime, seed: int) -> Task:
    """Hide a share of the pairs that each listener approved of, with all their events."""
    pairs = held_opinions(events, newest).filter("approved").sort(PAIR)
    users = pairs["user_id"].unique(maintain_order=True)
    bounds = np.r_[0, np.cumsum(pairs.group_by("user_id", maintain_order=True).len()["len"].cast(pl.Int64).to_numpy())]
    column = np.arange(pairs.height) - np.repeat(bounds[:-1], np.diff(bounds))
    shape = (len(users), int(column.max(initial=0)) + 1)
    hidden = pairs.filter(drawn(csr_array((np.ones(pairs.height), column, bounds), shape=shape), holdout.amount / 100, seed))
    before = events.join(hidden.select(PAIR), on=PAIR, how="anti")
    notes = ["drawn at random: lists learn from events that came after hidden ones"]
    return make_task(Inputs(tracks=tracks, events=before), newest, hidden, notes)
