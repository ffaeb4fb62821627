"""Who a snapshot's tracks are credited to, and what genres they have: every name by itself."""

from __future__ import annotations

import polars as pl

from recsys import names
from recsys.names import Artists
from recsys.tables import STRINGS

_SEVERAL = r"(?i)[;|•·、，,/&+×\\]|\s(?:and|x|feat|ft|featuring|with|vs|presents|pres|con|com|y|e|et|avec|und|mit|og|och)\b|\sf/"
_GUESTS = r"(?i)[\s(\[](?:(?:feat|ft|featuring|with|con|com|avec|mit)\b|[fw]/)"


def credit_tracks(tracks: pl.DataFrame) -> pl.DataFrame:
    """The tracks with ``artists`` as :meth:`recsys.names.Artists.credited` reads them, ``genres`` as :func:`recsys.names.genres`.

    ``artist`` is filled from ``artists`` where it is missing.
    """
    pairs = tracks.group_by("artist", "artists").len().sort("artist", "artists")
    known = Artists.of(pairs.iter_rows())
    doubtful = tracks.select(
        (pl.col("artists").list.len() > 0).fill_null(value=False)
        | pl.col("artist").str.contains(_SEVERAL).fill_null(value=False)
        | pl.col("title").str.contains(_GUESTS).fill_null(value=False)
    ).to_series()
    single = tracks.select(pl.when(pl.col("artist").str.contains(r"\S")).then(pl.concat_list("artist"))).to_series()
    read = [known.credited(artist, listed, title) or None for artist, listed, title in _rows(tracks, doubtful)]
    several = pl.DataFrame(
        {"row": doubtful.arg_true(), "read": pl.Series(read, dtype=STRINGS)}, schema_overrides={"row": pl.UInt32}
    )
    rows = pl.DataFrame({"single": single, "doubtful": doubtful}).with_row_index("row")
    joined = rows.join(several, on="row", how="left", maintain_order="left")
    artists = joined.select(pl.when("doubtful").then("read").otherwise("single")).to_series()
    shown = pl.coalesce(pl.when(pl.col("artist").str.contains(r"\S")).then("artist"), pl.col("artists").list.join(", "))
    return tracks.with_columns(artists.alias("artists"), _genres(tracks["genres"])).with_columns(shown.alias("artist"))


def _rows(tracks: pl.DataFrame, chosen: pl.Series) -> list[tuple[str | None, list[str] | None, str | None]]:
    return tracks.filter(chosen).select("artist", "artists", "title").rows()


def _genres(listed: pl.Series) -> pl.Series:
    distinct = listed.drop_nulls().unique()
    read = pl.DataFrame(
        {"genres": distinct, "read": pl.Series([names.genres(texts) for texts in distinct], dtype=STRINGS)},
        schema={"genres": STRINGS, "read": STRINGS},
    )
    return listed.to_frame().join(read, on="genres", how="left", maintain_order="left")["read"].alias("genres")
