"""Intents on a planted world: what a context holds is known, and seeds of it must lead there."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys import InputError, Inputs
from recsys.evaluation.intent import _HIDDEN, _SEEDS, intent_task, judge_intent
from recsys.settings import Settings
from recsys.tables import EVENTS, TRACKS
from tests.support.worlds import event, frame, track


def world(*, contexts: bool = True) -> Inputs:
    """30 listeners, each with 14 tracks of one of three playlists of 24, and 10 of another one."""
    rng = np.random.default_rng(0)
    tracks = [
        track(
            f"t{number:02d}",
            popularity=0.5,
            energy=0.1 + 0.4 * (number % 3),
            tempo=80.0 + 40 * (number % 3),
            genres=[f"g{number % 3}"],
        )
        for number in range(72)
    ]
    rows = []
    for user in range(30):
        for nth, size in enumerate((14, 10)):
            playlist = (user + nth) % 3
            for minute, at in enumerate(rng.permutation(24)[:size]):
                days = 1.0 + 2 * nth + minute / 1440
                context = f"playlist {playlist}" if contexts else None
                rows.append(event(f"u{user:02d}", f"t{3 * int(at) + playlist:02d}", "like", days=days, context=context))
    return Inputs(tracks=frame(TRACKS, tracks), events=frame(EVENTS, rows))


@pytest.mark.parametrize("contexts", [True, False])
def test_the_largest_intent_is_split(contexts: bool) -> None:
    task = intent_task(world(contexts=contexts))
    sizes = task.members.group_by("user_id").agg(pl.len(), pl.col("hidden").sum(), pl.col("seed").sum())
    assert sizes.height == 30
    assert sizes.drop("user_id").unique().rows() == [(14, int(14 * _HIDDEN), _SEEDS)]
    assert task.members.filter(pl.col("hidden") & pl.col("seed")).is_empty()
    left = task.inputs.events.select("user_id", "track_id")
    assert left.join(task.members.filter("hidden"), on=["user_id", "track_id"], how="semi").is_empty()
    assert task.inputs.requests["list"].to_list() == ["seeded"] * 30 + ["target"] * 30


@pytest.mark.slow
def test_seeds_and_targets_steer() -> None:
    result = judge_intent(intent_task(world()), Settings())
    assert result["listeners"] == 30
    assert result["seeded_ndcg@50"] >= result["balanced_ndcg@50"] > 0.2  # type: ignore[operator]
    assert result["target_distance"] <= 1.0  # type: ignore[operator]
    assert all(value is not None for value in result.values())


def test_a_lake_without_intents() -> None:
    alone = Inputs(tracks=frame(TRACKS, [track("a")]), events=frame(EVENTS, [event("u", "a")]))
    with pytest.raises(InputError, match="intents cannot be judged"):
        intent_task(alone)
