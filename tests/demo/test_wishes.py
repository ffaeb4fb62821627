"""Controls and saved lists: every kind of wish is there, and names what exists."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.demo import AS_OF, COLD, PARENTS, DemoWorld
from recsys.demo.listeners import listeners


def test_every_kind_of_control_is_used(demo: DemoWorld) -> None:
    assert [name for name in demo.controls.columns if demo.controls[name].count() == 0] == []


def test_cold_listeners_and_parents_have_controls(demo: DemoWorld) -> None:
    assert {*COLD, *PARENTS} <= set(demo.controls["user_id"]) <= set(listeners())


def test_every_kind_of_wish_is_requested(demo: DemoWorld) -> None:
    used = {name for name in demo.requests.columns if demo.requests[name].count()}
    assert {
        "limit",
        "mode",
        "seed_track_ids",
        "feature_targets",
        "exploration_target",
        "min_popularity",
        "max_popularity",
    } <= used
    assert {"include_explicit", "excluded_genres"} <= used
    assert "*" in set(demo.requests["user_id"])


@pytest.mark.parametrize("column", ["excluded_tracks", "postponed_tracks"])
def test_named_tracks_exist(demo: DemoWorld, column: str) -> None:
    named = demo.controls[column].drop_nulls().explode()
    ids = named.struct["track_id"] if column == "postponed_tracks" else named
    assert ids.is_in(demo.tracks["id"].to_list()).all()


def test_postponed_tracks_come_back_after_the_demo_date(demo: DemoWorld) -> None:
    until = demo.controls.select(pl.col("postponed_tracks").explode()).drop_nulls().unnest("postponed_tracks")["until"]
    assert (until > AS_OF).all()
