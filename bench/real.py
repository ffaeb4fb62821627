"""A real run: two public catalogues, one real listening history, 1,892 Last.fm listeners as the crowd.

    python -m bench.real ../shared/data [--lake /tmp/real-lake]

The data sets are not part of the project. Columns are mapped to the data contract here; what a source lacks and the mapping
assumes is written into ``provenance``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from recsys.matrices.tokens import token
from recsys.tables import FEATURES

LISTENER = "streamer"
AS_OF = datetime(2023, 12, 6, tzinfo=UTC)
"""The day after the history's last play."""
MOST_TRACKS = 10
"""An artist's plays are spread over this many of the artist's most popular tracks."""


def festifyme(folder: Path) -> pl.DataFrame:
    source = pl.read_parquet(folder / "festifyme_15k/tracks_features.parquet").unique(
        "id_track", keep="first", maintain_order=True
    )
    return source.select(
        pl.col("id_track").alias("id"),
        pl.col("track").alias("title"),
        pl.col("bands").alias("artist"),
        (pl.col("track_popularity") / 100).alias("popularity"),
        "explicit",
        pl.col("duration_ms").cast(pl.Int64),
        *FEATURES,
        pl.lit("{}").alias("provenance"),
    )


def spotify_songs(folder: Path) -> pl.DataFrame:
    source = pl.read_parquet(folder / "spotify_songs_32k/spotify_songs.parquet")
    genres = source.group_by("track_id").agg(pl.col("playlist_genre", "playlist_subgenre").unique().sort())
    known = source.unique("track_id", keep="first", maintain_order=True).join(
        genres, on="track_id", maintain_order="left", suffix="s"
    )
    features = [name for name in FEATURES if name != "time_signature"]
    return known.select(
        pl.col("track_id").alias("id"),
        pl.col("track_name").alias("title"),
        pl.col("track_artist").alias("artist"),
        pl.col("track_album_name").alias("album"),
        pl.col("track_album_release_date").alias("release_date"),
        (pl.col("track_popularity") / 100).alias("popularity"),
        pl.concat_list("playlist_genres", "playlist_subgenres").alias("genres"),
        "duration_ms",
        pl.col(features).cast(pl.Float64),
        # the source lacks it, and without it the rules would treat 28,000 tracks as having no audio at all
        pl.lit(4.0).alias("time_signature"),
        pl.lit('{"time_signature": "assumed"}').alias("provenance"),
    )


def crowd(folder: Path, catalog: pl.DataFrame) -> pl.DataFrame:
    """Artist plays as one event per track, weighted by the logarithm of the plays that fall to it."""
    plays = pl.read_parquet(folder / "hetrec2011_lastfm_2k/user_artists.parquet")
    names = pl.read_parquet(folder / "hetrec2011_lastfm_2k/artists.parquet")
    key = pl.col("name").map_elements(token, return_dtype=pl.String)
    tracks = (
        catalog.select("id", pl.col("artist").alias("name"), "popularity")
        .drop_nulls("name")
        .with_columns(key.alias("key"))
        .sort(["key", "popularity", "id"], descending=[False, True, False])
        .group_by("key", maintain_order=True)
        .agg(pl.col("id").head(MOST_TRACKS))
    )
    joined = plays.join(names.with_columns(key.alias("key")), on="artist_id").join(tracks, on="key")
    share = pl.col("plays") / pl.col("id").list.len()
    spread = joined.with_columns((0.45 * (1 + share).log(2)).clip(0.05, 5).alias("weight")).explode("id")
    return spread.select(
        pl.format("lastfm-{}", "user_id").alias("user_id"), pl.col("id").alias("track_id"), pl.lit("play").alias("type"), "weight"
    ).sort("user_id", "track_id")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--lake", type=Path, default=Path(tempfile.gettempdir()) / "recsys-real-lake")
    arguments = parser.parse_args()
    catalog = pl.concat([spotify_songs(arguments.data), festifyme(arguments.data)], how="diagonal").unique(
        "id", keep="first", maintain_order=True
    )
    with tempfile.TemporaryDirectory() as folder:
        catalog.write_parquet(f"{folder}/catalog.parquet")
        crowd(arguments.data, catalog).write_parquet(f"{folder}/crowd.parquet")
        lake = ["--lake", str(arguments.lake)]
        exports = [str(path) for path in sorted((arguments.data / "personal_exports/raw_spotify_example").glob("*.json"))]
        for command in (
            ["ingest", "tracks", f"{folder}/catalog.parquet", *lake],
            ["ingest", "events", f"{folder}/crowd.parquet", *lake],
            ["ingest", "export", *exports, "--user", LISTENER, *lake],
            ["run", "--as-of", AS_OF.isoformat(), *lake],
            ["show", LISTENER, *lake],
            ["show", LISTENER, "--list", "discovery", *lake],
            ["show", "lastfm-2", *lake],
        ):
            print("$ recsys", " ".join(command), flush=True)
            subprocess.run([str(Path(sys.executable).with_name("recsys")), *command], check=True)
    print(json.dumps({"catalog": catalog.height}))


if __name__ == "__main__":
    main()
