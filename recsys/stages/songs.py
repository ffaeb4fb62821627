"""Which tracks are one song: a ladder of MusicBrainz recording, ISRC, and title, first artist and length.

Tracks joined by any step are one song, directly or through others. Live, remix, karaoke and the like are songs of their own
(:func:`recsys.names.title_key`).
"""

from __future__ import annotations

import polars as pl

from recsys.matrices.groups import each_once, joined, labels
from recsys.names import key, title_key
from recsys.tables import SONGS

_STEPS = ("mbid", "isrc", "name")
APART_MS = 30_000
"""Tracks of one title and artist whose lengths leave a gap of more than this are different songs."""

_MBID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_ISRC = r"^[A-Z]{2}[A-Z0-9]{3}\d{7}$"


def identify_songs(tracks: pl.DataFrame) -> pl.DataFrame:
    """Table ``songs`` of the snapshot's ``tracks``, row by row.

    A song's name is the id of its most popular track, of equals the least.
    """
    steps = {
        "mbid": labels(_pattern(tracks["mbid"].str.strip_chars().str.to_lowercase(), _MBID)),
        "isrc": labels(_pattern(tracks["isrc"].str.replace_all(r"[\s-]", "").str.to_uppercase(), _ISRC)),
        "name": labels(_names(tracks)),
    }
    groups = joined(list(steps.values()), tracks.height)
    frame = tracks.select(pl.col("id").alias("track_id"), pl.col("popularity").fill_null(0.0)).with_columns(
        pl.Series("group", groups), *(pl.Series(step, column) for step, column in steps.items())
    )
    main = pl.col("track_id").sort_by("popularity", "track_id", descending=[True, False]).first()
    grouped = frame.with_columns(main.over("group").alias("song"))
    first = grouped.filter(pl.col("track_id") == pl.col("song")).unique("group", keep="first", maintain_order=True)
    matched = grouped.join(
        first.select("group", *(pl.col(step).alias(f"{step}_main") for step in _STEPS)),
        on="group",
        how="left",
        maintain_order="left",
    )
    direct = [pl.when((pl.col(step) >= 0) & (pl.col(step) == pl.col(f"{step}_main"))).then(pl.lit(step)) for step in _STEPS]
    own = pl.when(pl.col("track_id") == pl.col("song")).then(pl.lit("own"))
    return SONGS.conform(matched.with_columns(pl.coalesce(own, *direct, pl.lit("chain")).alias("matched_by")))


def single_songs(tracks: pl.DataFrame) -> pl.DataFrame:
    """Table ``songs`` where every track is a song of its own."""
    ids = tracks["id"].unique(maintain_order=True)
    return SONGS.conform(pl.DataFrame({"track_id": ids, "song": ids, "matched_by": pl.repeat("own", len(ids), eager=True)}))


def releases(songs: pl.DataFrame) -> pl.DataFrame:
    """Columns track_id and song of the tracks of table ``songs`` whose song has several."""
    several = songs.filter(pl.col("track_id") != pl.col("song")).select("song").unique()
    return songs.join(several, on="song", how="semi").select("track_id", "song")


def _pattern(ids: pl.Series, pattern: str) -> pl.Series:
    return pl.select(pl.when(ids.str.contains(pattern)).then(ids)).to_series()


def _names(tracks: pl.DataFrame) -> pl.Series:
    """Title, first artist and cluster of lengths as one text; null where title or artist is missing."""
    artist = pl.coalesce(pl.col("artists").list.first(), "artist")
    named = tracks.select(
        title=pl.col("title").map_batches(lambda titles: each_once(titles, title_key), return_dtype=pl.String),
        artist=artist.map_batches(lambda artists: each_once(artists, key), return_dtype=pl.String),
        length=pl.col("duration_ms"),
    ).with_row_index("row")
    whole = named.filter((pl.col("title") != "") & (pl.col("artist") != "")).sort("title", "artist", "length", "row")
    gap = pl.col("length") - pl.col("length").shift(1).over("title", "artist")
    # nulls come first in each group: a track without a length belongs to the shortest of its name
    cluster = (gap > APART_MS).fill_null(value=False).cast(pl.Int64).cum_sum().over("title", "artist")
    texts = whole.select("row", pl.concat_str("title", "artist", cluster.cast(pl.String), separator="\x1f").alias("name"))
    return named.select("row").join(texts, on="row", how="left", maintain_order="left")["name"]
