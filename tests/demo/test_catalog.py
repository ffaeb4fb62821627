"""The invented catalogue: artists of one group, and the oddities real catalogues have."""

from __future__ import annotations

import polars as pl

from recsys.demo import DemoWorld


def test_artists_belong_to_one_group(demo: DemoWorld) -> None:
    names = demo.tracks["id"].replace_strict(dict(demo.groups.iter_rows()))
    artists = demo.tracks.select(pl.col("artists").list.first().alias("artist"), group=names)
    assert artists.group_by("artist").agg(pl.col("group").n_unique())["group"].max() == 1


def test_catalog_oddities_are_there(demo: DemoWorld) -> None:
    tracks = demo.tracks
    assert 0.05 < tracks["tempo"].null_count() / tracks.height < 0.12
    assert tracks.filter(pl.col("tempo").is_null())["energy"].null_count() == tracks["tempo"].null_count()
    assert 0.05 < tracks["explicit"].mean() < 0.2
    assert (tracks["artists"].list.len() == 2).sum() > 50
    assert tracks["quality_penalty"].count() > 20
    assert tracks.filter(pl.col("commercial_boost") > 0)["discovery_allowed"].all()
    assert tracks["title"].str.ends_with(" - Remastered").sum() == 20
    assert tracks.select("title", "artist").is_duplicated().sum() == 40
