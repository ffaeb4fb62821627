"""Tracks that sound like a track, by the weighted cosine that lists are scored with; computed when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys.errors import LakeError, NotFoundError
from recsys.lookup.current import Published

if TYPE_CHECKING:
    import polars as pl

_NEAREST = 10
"""Tracks in an answer."""


def alike_tracks(published: Published, track_id: str) -> list[dict[str, Any]]:
    """The tracks nearest in sound, nearest first, without other releases of the same song; none for a track without audio.

    Raises :class:`NotFoundError` for a track that the run does not have.
    """
    import polars as pl  # here, for the server starts without the tables

    run = published.reader.run
    try:
        own = run.scan("tracks").filter(pl.col("id") == track_id).last().collect()
        if own.is_empty():
            raise NotFoundError(f"run {run.id} has no track {track_id!r}")
        return _nearest(run.scan("tracks"), own).collect(engine="streaming").to_dicts()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LakeError(f"run {run.id}: tracks cannot be read: {error}") from error


def _nearest(tracks: pl.LazyFrame, own: pl.DataFrame) -> pl.LazyFrame:
    import polars as pl

    from recsys.matrices.features import RANGE_MAX, RANGE_MIN, WEIGHTS
    from recsys.tables import FEATURES

    raw = {name: pl.col(name).fill_null(0.0) for name in FEATURES}
    known = pl.sum_horizontal(value != 0 for value in raw.values()) >= 4
    heard = tracks.filter(known, raw["tempo"] > 0, raw["time_signature"] > 0)
    ranges = zip(FEATURES, RANGE_MIN, RANGE_MAX, WEIGHTS**0.5, strict=True)
    normal = {name: ((raw[name] - low) / (high - low)).clip(0.0, 1.0) * weight for name, low, high, weight in ranges}
    mine = own.filter(known, raw["tempo"] > 0, raw["time_signature"] > 0).select(**normal).to_dicts()
    if not mine:
        return tracks.clear().select("id", "title", "artist", similarity=pl.lit(0.0))
    dot = pl.sum_horizontal(normal[name] * value for name, value in mine[0].items())
    length = pl.sum_horizontal(value**2 for value in normal.values()).sqrt()
    cosine = (dot / (length * sum(value**2 for value in mine[0].values()) ** 0.5)).round(4)
    key, song = own["id"].item(), own["song_key"].item()
    others = heard.filter(pl.col("id") != key, pl.col("song_key").ne_missing(song) if song else pl.lit(True))
    best = others.with_columns(similarity=cosine).unique("id", keep="last")
    order = best.sort("similarity", "id", descending=[True, False])
    return order.select("id", "title", "artist", "similarity").head(_NEAREST)
