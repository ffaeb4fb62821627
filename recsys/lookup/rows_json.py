"""Rows of a run as JSON text, ready to be sent: frames in, one text per row out.

Numbers of scores and profiles are rounded to 4 decimals, as the older service did; not-a-number becomes null. Times are ISO 8601
in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recsys.lookup.names import DIGITS
from recsys.tables import FEATURES, FITS, PARTS

_RECENT = 10
"""Songs heard last that are shown of a listener."""
ARTISTS = 20
"""Artists shown in a profile: it goes with every answer."""
BREAKDOWN = ("content", "collaborative", "popularity", "exploration", "diversity", "safety", "commercial")
"""Parts of a score in an answer, before ``final``."""
_TRACK = (
    "id",
    "title",
    "artist",
    "artists",
    "album",
    "genres",
    "release_date",
    "duration_ms",
    "popularity",
    "explicit",
    "isrc",
    "mbid",
    "spotify_id",
    "song_key",
)
"""Facts of a track in a list, before its audio features."""
OFFERS = ("commercial_boost", "quality_penalty", "discovery_allowed")
ORIGINS = ("origin", "provenance")
"""Facts that only the answer about the track itself adds."""

_TIME = "%Y-%m-%dT%H:%M:%S%.fZ"


def rows(ranked: pl.DataFrame, own: pl.DataFrame) -> pl.Series:
    """Rows of ``rankings`` with their tracks (column ``head``, null where the snapshot has none).

    ``own``: columns track_id and name of every track, as :func:`names` writes them.
    """
    breakdown = pl.struct(*(_rounded(FITS.get(name, name)).alias(name) for name in BREAKDOWN), _rounded("score").alias("final"))
    points = pl.struct(*(_rounded(f"{part}_points").alias(part) for part in PARTS))
    matches = (pl.col("explanation").arr.get(at).cast(pl.Float64).round(DIGITS).alias(name) for at, name in enumerate(FEATURES))
    rest = _json(
        _rounded("score"),
        "rank",
        "reason",
        "reason_code",
        "reason_args",
        "supporters",
        _rounded("because_rest"),
        "source",
        breakdown.alias("score_breakdown"),
        points.alias("points"),
        pl.struct(*matches).alias("explanation"),
    )
    head = pl.col("head").fill_null("null")
    parts = (pl.lit('{"track":'), head, pl.lit(',"because":'), _because(ranked, own), pl.lit(","), rest.str.slice(1))
    return ranked.select(pl.concat_str(parts).alias("row")).to_series()


def _because(ranked: pl.DataFrame, own: pl.DataFrame) -> pl.Series:
    """The own tracks behind each row with their shares as a JSON array, ``null`` where nothing of the kind was stored."""
    numbered = ranked.lazy().select("because", row=pl.int_range(pl.len()))
    each = numbered.filter(pl.col("because").list.len() > 0).explode("because").unnest("because")
    unnamed = pl.concat_str(_json("track_id").str.strip_suffix("}"), pl.lit(',"title":null,"artist":null'))
    text = pl.concat_str(pl.col("name").fill_null(unnamed), pl.lit(',"share":'), pl.col("share").round(DIGITS), pl.lit("}"))
    named = each.join(own.lazy(), on="track_id", how="left", maintain_order="left")
    texts = named.group_by("row", maintain_order=True).agg(text.str.join(","))
    array = pl.concat_str(pl.lit("["), pl.col("name").fill_null(""), pl.lit("]"))
    joined = numbered.join(texts, on="row", how="left", maintain_order="left")
    whole = pl.when(pl.col("because").is_null()).then(pl.lit("null")).otherwise(array)
    return joined.select(whole.alias("because")).collect().to_series()


def tracks(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns head (the track as lists show it) and more (the facts only the track's own answer adds, without their ``{``)."""
    sound = pl.struct(*FEATURES)
    features = pl.when(pl.all_horizontal(pl.col(FEATURES).is_null())).then(None).otherwise(sound).alias("features")
    return frame.select(_json(*_TRACK, features, *OFFERS).alias("head"), _json(*ORIGINS).str.strip_prefix("{").alias("more"))


def names(frame: pl.DataFrame) -> pl.Series:
    """Tracks as rows name those they are there because of: id, title and artist, without the last ``}``."""
    named = _json(pl.col("id").alias("track_id"), "title", "artist").str.strip_suffix("}")
    return frame.select(named.alias("name")).to_series()


def profiles(frame: pl.DataFrame) -> pl.Series:
    """Rows of ``profiles`` in the older service's shape: the vector in the order of the features, names → strengths."""
    numbers = (_rounded(name) for name in ("confidence", "exploration_readiness", "friction"))
    vector = pl.col("taste").arr.to_list().list.eval(pl.element().round(DIGITS)).alias("vector")
    columns: list[pl.Expr | str] = [
        "user_id",
        vector,
        "taste_audio",
        "interaction_count",
        *numbers,
        "cold",
        _plain("updated_at", frame.schema["updated_at"]),
    ]
    return frame.select(
        pl.concat_str(
            pl.struct(*columns).struct.json_encode().str.strip_suffix("}"),
            pl.lit(',"top_genres":'),
            _strengths("top_genres"),
            pl.lit(',"top_artists":'),
            _strengths("top_artists", ARTISTS),
            pl.lit("}"),
        ).alias("profile")
    ).to_series()


def recent(rated: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id and recent of rows of ``ratings``: the songs that each listener heard last, newest first, as a JSON array.

    ``own``: columns track_id and name of every track; songs that the snapshot lacks are left out.
    """
    dated = rated.lazy().filter(pl.col("last_at").is_not_null()).join(own.lazy(), on="track_id")
    newest = dated.sort("user_id", "last_at", "track_id", descending=[False, True, False])
    facts = _json(pl.col("last_at").dt.to_string(_TIME), "events", (pl.col("rating") > 0).alias("liked")).str.slice(1)
    text = pl.concat_str("name", pl.lit(","), facts).head(_RECENT).str.join(",")
    array = pl.concat_str(pl.lit("["), text, pl.lit("]")).alias("recent")
    return newest.group_by("user_id", maintain_order=True).agg(array).collect()


def records(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """Rows as they are stored."""
    columns = (_plain(name, frame.schema[name]) for name in names)
    return frame.select(pl.struct(*columns).struct.json_encode().alias("record")).to_series()


def listings(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id and lists (an object, name of the list → the numbers in all other columns) of rows in order of user_id."""
    key = _json("list").str.strip_prefix('{"list":').str.strip_suffix("}")
    numbers = pl.concat_list(pl.exclude("user_id", "list")).list.eval(pl.element().cast(pl.String)).list.join(",")
    entries = frame.select("user_id", pl.concat_str(key, pl.lit(":["), numbers, pl.lit("]")).alias("lists"))
    together = pl.concat_str(pl.lit("{"), pl.col("lists").str.join(","), pl.lit("}"))
    return entries.group_by("user_id", maintain_order=True).agg(together.alias("lists"))


def _json(*columns: pl.Expr | str) -> pl.Expr:
    return pl.struct(*columns).struct.json_encode()


def _rounded(name: str) -> pl.Expr:
    return pl.col(name).round(DIGITS)


def _strengths(name: str, most: int | None = None) -> pl.Expr:
    """A list of (name, strength), or its first entries, as an object."""
    entry = pl.element().struct
    key = pl.struct(entry.field("name")).struct.json_encode().str.strip_prefix('{"name":').str.strip_suffix("}")
    listed = pl.col(name) if most is None else pl.col(name).list.head(most)
    entries = listed.list.eval(pl.concat_str(key, pl.lit(":"), entry.field("strength").round(DIGITS)))
    return pl.concat_str(pl.lit("{"), entries.list.join(",").fill_null(""), pl.lit("}"))


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """The column in types that JSON has: times as text, vectors as lists."""
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return column.dt.to_string(_TIME)
    if isinstance(dtype, pl.Array):
        return column.arr.to_list()
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        inner = [pl.element().struct.field(field.name) for field in dtype.inner.fields]
        timed = [isinstance(field.dtype, pl.Datetime) for field in dtype.inner.fields]
        parts = [part.dt.to_string(_TIME) if is_time else part for part, is_time in zip(inner, timed, strict=True)]
        return column.list.eval(pl.struct(*parts))
    return column
