"""Table ``ratings`` as sparse matrices: what the profile, neighbour and scoring kernels read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from recsys import models
from recsys.mapped import Place, in_memory
from recsys.matrices.arrays import Ragged, pattern
from recsys.matrices.catalog import Catalog
from recsys.models import TableRows

MILLISECONDS = 86_400_000
"""In a day."""
_APPROVAL = pl.when("rejected").then(pl.col("rating") - pl.col("positive")).otherwise("positive").cast(pl.Float32)
_LAST_DAY = (pl.col("last_at").dt.epoch("ms").cast(pl.Float64) / MILLISECONDS).cast(pl.Float32).fill_null(np.nan)


@dataclass(frozen=True)
class History:
    """One row per listener, one column per song.

    Columns 0 … tracks − 1 are the catalogue's rows: of a song the main release, of two records with one id the last. Further
    columns are rated tracks that the catalogue lacks. All matrices share one sparsity pattern, columns in ascending order;
    explicit zeros count as entries.
    """

    users: list[str]
    tracks: int
    missing: list[str]
    """Ids of the columns from ``tracks`` on."""
    rating: csr_array
    liked: csr_array
    disliked: csr_array
    known: csr_array
    rejected: csr_array
    approval: csr_array
    """What a listener's votes rest on, float32: the points for a song; those against, below 0, where it is rejected. A skip
    counts nowhere: who skips a song was played it for some reason, and listeners who skip much skip what they love, too."""
    last_day: csr_array
    """Days from 1970 to the newest event, float32; NaN for unknown."""
    releases: dict[int, NDArray[np.int32]]
    """Listener → rows of releases heard last that are not the main one of their song; only listeners with any."""

    @cached_property
    def user_ids(self) -> pl.Series:
        """``users`` as a column, built once: every block of listeners takes its names from it."""
        return pl.Series("user_id", self.users, dtype=pl.String)

    @cached_property
    def columns(self) -> csc_array:
        """``rating`` by track."""
        return self.rating.tocsc()

    @cached_property
    def entries(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
        """``rating`` as the kernels read it: bounds of rows, columns, values."""
        return *pattern(self.rating), self.rating.data

    @cached_property
    def positive(self) -> Ragged:
        """Tracks of the catalogue that each listener likes, a rating above 0."""
        good = (self.rating.data > 0) & (self.rating.indices < self.tracks)
        bounds = self.rating.indptr
        before = np.zeros(len(good) + 1, bounds.dtype)
        np.cumsum(good, dtype=bounds.dtype, out=before[1:])
        return Ragged(before[bounds].astype(np.int64), self.rating.indices[good].astype(np.int32, copy=False))

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {user: row for row, user in enumerate(self.users)}

    def in_catalog(self, name: str, first: int = 0, last: int | None = None) -> csr_array:
        """(listeners, tracks) float64 of one matrix for a range of listeners, catalogue columns only; not to be changed: where
        that is all of the matrix it is no copy."""
        whole: csr_array = getattr(self, name)
        block = whole if (first, last) == (0, None) else whole[first:last]
        return (block[:, : self.tracks] if block.shape[1] > self.tracks else block).astype(np.float64, copy=False)


def build_history(rated: TableRows, users: list[str], catalog: Catalog, place: Place = in_memory) -> History:
    """Matrices of table ``ratings``, a frame or its files, over all ``users`` (sorted), with or without events.

    The rows are sorted by user. Of files one column at a time is in memory: all of them are several times what comes of them.
    ``place``: where the values of the matrices shall be.
    """

    def column(value: pl.Expr | str) -> pl.Series:
        return models.scan(rated).select(value).collect().to_series()

    tracks = column("track_id")
    missing = sorted(set(tracks.unique()) - catalog.row_of.keys())
    number_of = {track: int(catalog.canonical[row]) for track, row in catalog.row_of.items()} | {
        track: len(catalog.ids) + number for number, track in enumerate(missing)
    }
    number = _numbered(tracks, number_of)
    user = _numbered(column("user_id"), {name: row for row, name in enumerate(users)})
    releases = _releases(tracks, user, catalog)
    del tracks
    order = np.lexsort((number, user))
    # 32 bits where they suffice: five matrices then share one pattern, for a wider bound would have each widen its columns
    width = np.int32 if len(order) < np.iinfo(np.int32).max else np.int64
    indptr = np.searchsorted(user[order], np.arange(len(users) + 1, dtype=user.dtype)).astype(width)
    shape, indices = (len(users), len(catalog.ids) + len(missing)), place(number[order])

    def matrix(value: pl.Expr | str) -> csr_array:
        return csr_array((place(column(value).to_numpy()[order]), indices, indptr), shape=shape)

    rating, liked, disliked, known, rejected = map(matrix, ("rating", "liked", "disliked", "known", "rejected"))
    approval, days = matrix(_APPROVAL), matrix(_LAST_DAY)
    return History(users, len(catalog.ids), missing, rating, liked, disliked, known, rejected, approval, days, releases)


def _releases(tracks: pl.Series, user: NDArray[np.int32], catalog: Catalog) -> dict[int, NDArray[np.int32]]:
    """Listener → rows of the releases among the ``tracks`` rated that are not the main one of their song."""
    if catalog.main is None:
        return {}
    other = {track: row for track, row in catalog.row_of.items() if catalog.main[row] != row}
    heard = pl.DataFrame({"user": user, "track": tracks}).filter(pl.col("track").is_in(list(other)))
    rows = heard.with_columns(pl.Series("row", _numbered(heard["track"], other))).group_by("user").agg(pl.col("row").sort())
    return {listener: np.array(own, np.int32) for listener, own in rows.iter_rows()}


def _numbered(keys: pl.Series, numbers: dict[str, int]) -> NDArray[np.int32]:
    return (
        keys.replace_strict(list(numbers), list(numbers.values()), return_dtype=pl.Int32).to_numpy()
        if len(keys)
        else np.empty(0, np.int32)
    )
