"""Who a snapshot's tracks are credited to, and what genres they have: every name by itself, and so in what listeners wish."""

from __future__ import annotations

from collections.abc import Callable, Set

import numpy as np
import polars as pl

from recsys import names
from recsys.matrices.columns import ragged
from recsys.names import Artists, key
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
    read = [known.credited(artist, listed, title) for artist, listed, title in _rows(tracks, doubtful)]
    several = pl.DataFrame({"row": doubtful.arg_true(), "read": _lists(read)}, schema_overrides={"row": pl.UInt32})
    rows = pl.DataFrame({"single": single, "doubtful": doubtful}).with_row_index("row")
    joined = rows.join(several, on="row", how="left", maintain_order="left")
    artists = joined.select(pl.when("doubtful").then("read").otherwise("single")).to_series()
    shown = pl.coalesce(pl.when(pl.col("artist").str.contains(r"\S")).then("artist"), pl.col("artists").list.join(", "))
    return tracks.with_columns(artists.alias("artists"), _genres(tracks["genres"])).with_columns(shown.alias("artist"))


def _lists(names: list[list[str]]) -> pl.Series:
    """A column of the lists, null for one without a name. (Polars takes ten times as long to make one of so many.)"""
    bounds = np.r_[0, np.cumsum([len(listed) for listed in names], dtype=np.int64)]
    lists = ragged(pl.Series([name for listed in names for name in listed], dtype=pl.String), bounds)
    return pl.select(pl.when(lists.list.len() > 0).then(lists)).to_series().cast(STRINGS)


def _rows(tracks: pl.DataFrame, chosen: pl.Series) -> list[tuple[str | None, list[str] | None, str | None]]:
    return tracks.filter(chosen).select("artist", "artists", "title").rows()


def _genres(listed: pl.Series) -> pl.Series:
    distinct = listed.drop_nulls().unique()
    read = pl.DataFrame(
        {"genres": distinct, "read": pl.Series([names.genres(texts) for texts in distinct], dtype=STRINGS)},
        schema={"genres": STRINGS, "read": STRINGS},
    )
    return listed.to_frame().join(read, on="genres", how="left", maintain_order="left")["read"].alias("genres")


_LISTS_OF = {
    "artists": ("excluded_artists", "excluded_artist_ids", "seed_artists"),
    "genres": ("excluded_genres", "seed_genres"),
}
"""Columns of controls and requests that name what tracks name one by one."""


def part_names(wishes: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """Controls or requests with each artist or genre by itself where one text names several (``rock, pop``).

    ``tracks``: as :func:`credit_tracks` returns them. A name that one of them has stays as it is, and so does any single one.
    """
    wanted = {name: kind for kind, names in _LISTS_OF.items() for name in names if name in wishes.columns}
    wanted = {name: kind for name, kind in wanted.items() if wishes[name].null_count() < wishes.height}
    if not wanted:
        return wishes
    known = Artists.of(tracks.group_by("artist", "artists").len().sort("artist", "artists").iter_rows())
    split: dict[str, Callable[[str], list[str]]] = {"artists": known.credited, "genres": lambda name: names.genres([name])}
    there = {kind: {key(name) for name in tracks[kind].explode().drop_nulls().unique()} for kind in set(wanted.values())}
    if "artists" in there:
        there["artists"] |= {key(name) for name in tracks["artist"].drop_nulls().unique()}  # as the track shows it
    return wishes.with_columns(
        pl.Series(
            name,
            [None if row is None else _apart(row, split[kind], there[kind]) for row in wishes[name].to_list()],
            dtype=STRINGS,
        )
        for name, kind in wanted.items()
    )


def _apart(listed: list[str], split: Callable[[str], list[str]], there: Set[str]) -> list[str]:
    parts = [part for name in listed for part in ([name] if key(name) in there else split(name) or [name])]
    return list(dict.fromkeys(parts))
