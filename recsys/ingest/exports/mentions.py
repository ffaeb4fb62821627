"""Identified plays → events, and the songs that they name."""

from __future__ import annotations

import polars as pl

from recsys.matrices.song import song_keys, text_ids
from recsys.tables import EVENTS, TRACKS


def identified(plays: pl.DataFrame) -> pl.DataFrame:
    """Plays with ``song_key`` and ``track_id``: MusicBrainz id, else Spotify id, else text id; null where no song is named."""
    artist = pl.select(pl.coalesce(plays["artists"].list.first(), plays["artist"])).to_series()
    named = plays.with_columns(
        song_keys(plays["title"], artist).alias("song_key"), text_ids(plays["title"], artist).alias("text_id")
    )
    return named.with_columns(pl.coalesce("mbid", "spotify_id", "text_id").alias("track_id")).drop("text_id")


def events(plays: pl.DataFrame, user_id: str, source: str) -> pl.DataFrame:
    """Rows of ``events``."""
    return EVENTS.conform(plays.with_columns(pl.lit(user_id).alias("user_id"), pl.lit(source).alias("source")))


def mentions(plays: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``tracks``: each song once, every field as the first play that has it gives it, by id."""
    fields = ("title", "artist", "artists", "album", "mbid", "isrc", "spotify_id", "duration_ms", "song_key")
    songs = plays.group_by("track_id", maintain_order=True).agg(pl.col(fields).drop_nulls().first())
    named = songs.rename({"track_id": "id"}).with_columns(pl.lit("mention").alias("origin"))
    return TRACKS.conform(named.sort("id"))


def matched(mentions: pl.DataFrame, catalogue: pl.DataFrame) -> int:
    """How many mentioned songs the catalogue has: by id, Spotify id, MusicBrainz id, ISRC, or normalised title and artist."""
    owned = catalogue.with_columns(pl.coalesce("spotify_id", "id").alias("spotify_id"))
    matches = [
        pl.col(name).is_in(owned[name].drop_nulls().implode()) for name in ("id", "spotify_id", "mbid", "isrc", "song_key")
    ]
    return mentions.filter(pl.any_horizontal(matches)).height
