"""The invented listeners: home groups, long tail, and odd ones."""

from __future__ import annotations

import polars as pl

from recsys.demo import AS_OF, COLD, LISTENERS, PARENTS, SKIPPER, DemoWorld


def test_sizes(demo: DemoWorld) -> None:
    assert (demo.tracks.height, demo.events.height, demo.requests.height) == (2_000, 40_000, 6)
    assert demo.events["user_id"].n_unique() == LISTENERS - len(COLD)


def test_every_event_lies_before_the_demo_date(demo: DemoWorld) -> None:
    times = demo.events["occurred_at"]
    assert times.is_sorted(nulls_last=True)
    assert times.drop_nulls().max() < AS_OF
    assert 0 < times.null_count() < 100


def test_listeners_mostly_play_their_planted_group(demo: DemoWorld) -> None:
    group = dict(demo.groups.iter_rows())
    plays = demo.events.filter(pl.col("type") == "play", ~pl.col("track_id").str.starts_with("demo-t9"))
    home = plays["user_id"].replace_strict(group) == plays["track_id"].replace_strict(group)
    assert home.mean() > 0.6


def test_some_events_name_tracks_the_catalogue_lacks(demo: DemoWorld) -> None:
    assert 10 < demo.events.join(demo.tracks, left_on="track_id", right_on="id", how="anti").height < 200


def test_odd_listeners_are_there(demo: DemoWorld) -> None:
    assert set(demo.events.filter(pl.col("user_id") == SKIPPER)["type"]) == {"skip"}
    assert set(COLD) <= set(demo.controls["user_id"])
    assert demo.events.filter(pl.col("user_id").is_in(COLD)).is_empty()
    kids = demo.events.filter(pl.col("context") == "kids")
    assert set(kids["user_id"]) <= set(PARENTS)
    assert kids.height > 10


def test_popularity_has_a_long_tail(demo: DemoWorld) -> None:
    plays = demo.events["track_id"].value_counts()["count"].sort(descending=True)
    assert plays.head(200).sum() / plays.sum() > 0.35
