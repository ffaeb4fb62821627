"""Replays: opt-in rows for what the listener likes and has not heard for a while, and nothing else that is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys import Settings, build
from recsys.readers.scoring import open_scorer, rank
from recsys.settings import Mode
from recsys.stages.rankings.replays import _spread
from tests.support.chance import world
from tests.support.worlds import AS_OF, Row, asked, event, inputs, of, track

pytestmark = pytest.mark.slow  # whole runs

NEW = [f"new {number}" for number in range(12)]
LOVED = ("long ago", "long ago and often", "yesterday", "disliked since", "excluded", "same artist", "seed")


def made(requests: tuple[Row, ...] = (), **settings: Any) -> dict[str, pl.DataFrame]:
    rows = [track(name, popularity=0.5) for name in (*NEW, *LOVED)]
    rows[-2]["artist"] = "artist of long ago and often"
    days = {"long ago": 200, "long ago and often": 200, "yesterday": 1, "excluded": 300, "same artist": 150, "seed": 250}
    events = [event("u", name, days=when) for name, when in days.items()]
    events += [event("u", "long ago and often", "save", days=201), event("u", "disliked since", days=200)]
    events += [event("u", "disliked since", "dislike", days=100)]
    events += [event(f"v{number % 5}", name) for number, name in enumerate((*NEW, *LOVED))]
    control = {"user_id": "u", "excluded_tracks": ["excluded"]}
    return build(inputs(rows, events, [control], requests), Settings(list_limit=8, **settings), as_of=AS_OF)


def replayed(tables: dict[str, pl.DataFrame], name: str = "balanced") -> dict[str, int]:
    return {row["track_id"]: row["rank"] for row in of(tables, "rankings", "u", name) if row["source"] == "replay"}


def test_nobody_hears_anything_again_unless_it_is_wanted() -> None:
    tables = made()
    assert not any(replayed(tables, name) for name in ("balanced", "comfort", "discovery"))


def test_the_loved_and_long_unheard_come_back_evenly_spread() -> None:
    tables = made(replay_share=0.25)
    assert replayed(tables) == {"long ago and often": 4, "seed": 8}
    rows = of(tables, "rankings", "u", "balanced")
    assert [row["rank"] for row in rows] == [*range(1, 9)]
    again = rows[3]
    assert (again["reason_code"], again["reason"]) == ("replay", "You like it, and have not heard it for a while")
    assert not tables["checks"].filter(~pl.col("passed") & (pl.col("severity") == "fail")).height


def test_only_what_nothing_else_keeps_out() -> None:
    tables = made((asked("u", "mine", limit=8, seed_track_ids=["seed"]),), replay_share=1.0)
    assert set(replayed(tables)) == {"long ago", "long ago and often", "seed"}
    assert set(replayed(tables, "mine")) == {"long ago", "long ago and often"}
    assert replayed(tables, "discovery") == {}
    assert len(of(tables, "rankings", "u", "balanced")) == 8
    assert set(replayed(made(replay_share=1.0, replay_after_days=220.0))) == {"seed"}


def test_a_mode_has_a_share_of_its_own() -> None:
    tables = made(modes={"comfort": Mode(familiarity=1.5, replay=0.25)})
    assert replayed(tables, "balanced") == {}
    assert len(replayed(tables, "comfort")) == 2


@pytest.mark.parametrize("seed", [2, 5])
@pytest.mark.parametrize("preset", ["default", "reference"])
def test_any_world_keeps_its_rules_and_the_stored_model_makes_the_same(seed: int, preset: str) -> None:
    settings = Settings.preset_of(preset, list_limit=8, replay_share=0.3, replay_after_days=20.0)  # type: ignore[arg-type]
    tables = build(world(seed), settings, as_of=AS_OF)
    rankings = tables["rankings"]
    assert (rankings["source"] == "replay").any()
    assert not tables["checks"].filter(~pl.col("passed") & (pl.col("severity") == "fail")).height
    known = tables["ratings"].filter(pl.col("known")).select("user_id", "track_id")
    again = rankings.filter(pl.col("source") == "replay")
    assert again.join(known, on=["user_id", "track_id"], how="anti").is_empty()
    assert not rankings.select("user_id", "list", "track_id").is_duplicated().any()
    user = again["user_id"][0]
    own = {name: tables[name].filter(pl.col("user_id") == user) for name in ("lists", "rankings")}
    assert rank(*open_scorer(tables, settings, AS_OF, user, own["lists"]))[0].equals(own["rankings"])


@pytest.mark.parametrize(("rows", "replays", "places"), [(6, 2, [3, 6]), (0, 2, [0, 0]), (7, 1, [7]), (3, 6, [0, 1, 2, 2, 2, 3])])
def test_each_stands_at_the_end_of_a_part(rows: int, replays: int, places: list[int]) -> None:
    before = _spread(rows, replays)
    assert len(before) == replays
    assert before[-1] == rows
    assert np.ptp(np.diff(np.r_[0, before])) <= 1
    assert replays > rows > 0 or before.tolist() == places
