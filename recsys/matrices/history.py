"""Table ``ratings`` as sparse matrices: what the profile, neighbour and scoring kernels read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from recsys import models
from recsys.mapped import Place, in_memory
from recsys.matrices.arrays import Flags, Ints, Ragged, pattern
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
        return self._rated(self.rating.data > 0)

    @cached_property
    def likes(self) -> Ragged:
        """The same without the tracks whose latest opinion is a dislike or hide: what may be said to be liked."""
        return self._rated((self.rating.data > 0) & (self.rejected.data == 0))

    def _rated(self, chosen: Flags) -> Ragged:
        """Tracks of the catalogue among the ``chosen`` ratings of each listener."""
        chosen &= self.rating.indices < self.tracks
        bounds = self.rating.indptr
        before = np.zeros(len(chosen) + 1, bounds.dtype)
        np.cumsum(chosen, dtype=bounds.dtype, out=before[1:])
        return Ragged(before[bounds].astype(np.int64), self.rating.indices[chosen].astype(np.int32, copy=False))

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {user: row for row, user in enumerate(self.users)}

    def in_catalog(self, name: str, first: int = 0, last: int | None = None) -> csr_array:
        """(listeners, tracks) float64 of one matrix for a range of listeners, catalogue columns only; not to be changed: where
        that is all of the matrix it is no copy."""
        return self.as_stored(name, first, last).astype(np.float64, copy=False)

    def as_stored(self, name: str, first: int = 0, last: int | None = None) -> csr_array:
        """The same in the matrix's own type, half as wide for some: no copy of those either."""
        whole: csr_array = getattr(self, name)
        block = whole if (first, last) == (0, None) else whole[first:last]
        return block[:, : self.tracks] if block.shape[1] > self.tracks else block


def build_history(rated: TableRows, users: list[str], catalog: Catalog, place: Place = in_memory) -> History:
    """Matrices of table ``ratings``, a frame or its files, over all ``users`` (sorted), with or without events.

    Of files a column of one is in memory at a time: names are several times what comes of them. A file has all rows of its
    listeners, who follow those of the file before. ``place``: where the values of the matrices shall be.
    """
    parts: list[TableRows] = [rated] if isinstance(rated, pl.DataFrame) else [[path] for path in rated]
    there = set[str]().union(*(_column(part, "track_id").unique().to_list() for part in parts))
    missing = sorted(there - catalog.row_of.keys())
    songs = [int(catalog.canonical[row]) for row in catalog.row_of.values()]
    columns = len(catalog.ids) + len(missing)
    tracks = _Numbers([*catalog.row_of, *missing], [*songs, *range(len(catalog.ids), columns)])
    other = _other_releases(catalog)
    pieces = [_piece(part, users, tracks, other) for part in parts]
    sizes = np.zeros(len(users) + 1, np.int64)
    for piece in pieces:
        sizes[1 + piece.first : 1 + piece.first + len(piece.sizes)] += piece.sizes
    indptr = np.cumsum(sizes)
    if indptr[-1] < np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)  # five matrices then share one pattern: a wider bound would have each widen its columns
    indices = place(_joined((piece.columns for piece in pieces), indptr[-1]))

    def matrix(value: pl.Expr | str) -> csr_array:
        values = (_column(part, value).to_numpy()[piece.order] for part, piece in zip(parts, pieces, strict=True))
        return csr_array((place(_joined(values, indptr[-1])), indices, indptr), shape=(len(users), columns))

    rating, liked, disliked, known, rejected = map(matrix, ("rating", "liked", "disliked", "known", "rejected"))
    approval, days = matrix(_APPROVAL), matrix(_LAST_DAY)
    releases = {listener: rows for piece in pieces for listener, rows in piece.releases.items()}
    return History(users, len(catalog.ids), missing, rating, liked, disliked, known, rejected, approval, days, releases)


class _Piece(NamedTuple):
    """Some rows of table ``ratings``."""

    order: Ints
    """Of the rows in the matrices."""
    columns: Ints
    """In that order."""
    first: int
    """Least number of a listener."""
    sizes: NDArray[np.int64]
    """Rows of each listener from that one on."""
    releases: dict[int, Ints]
    """As of :class:`History`."""


class _Numbers:
    """The number of each of some names."""

    def __init__(self, names: Sequence[str], numbers: Sequence[int]) -> None:
        self.names, self._numbers = pl.Series(names, dtype=pl.String), pl.Series(numbers, dtype=pl.Int32)

    def of(self, names: pl.Series) -> Ints:
        if names.is_empty():
            return np.empty(0, np.int32)
        return names.replace_strict(self.names, self._numbers, return_dtype=pl.Int32).to_numpy()


def _piece(rows: TableRows, users: list[str], tracks: _Numbers, other: _Numbers) -> _Piece:
    listeners, heard = _column(rows, "user_id"), _column(rows, "track_id")
    first, own = _between(users, listeners)
    user, number = _Numbers(own, range(len(own))).of(listeners), tracks.of(heard)
    order = np.lexsort((number, user)).astype(np.int32)
    return _Piece(order, number[order], first, np.bincount(user, minlength=len(own)), _releases(heard, user + first, other))


def _between(users: list[str], names: pl.Series) -> tuple[int, list[str]]:
    """The users from the least to the greatest of the names, and the number of the first of them."""
    if names.is_empty():
        return 0, []
    first = bisect_left(users, str(names.min()))
    return first, users[first : bisect_right(users, str(names.max()))]


def _other_releases(catalog: Catalog) -> _Numbers:
    """Rows of the releases that are not the main one of their song."""
    if catalog.main is None:
        return _Numbers([], [])
    other = [track for track, row in catalog.row_of.items() if catalog.main[row] != row]
    return _Numbers(other, [catalog.row_of[track] for track in other])


def _releases(tracks: pl.Series, user: Ints, other: _Numbers) -> dict[int, Ints]:
    """Listener → the ``other`` releases among the ``tracks`` rated."""
    heard = pl.DataFrame({"user": user, "track": tracks}).filter(pl.col("track").is_in(other.names.implode()))
    rows = heard.with_columns(pl.Series("row", other.of(heard["track"]))).group_by("user").agg(pl.col("row").sort())
    return {listener: np.array(own, np.int32) for listener, own in rows.iter_rows()}


def _column(rows: TableRows, value: pl.Expr | str) -> pl.Series:
    return models.scan(rows).select(value).collect().to_series()


def _joined(arrays: Iterable[NDArray[Any]], size: int) -> NDArray[Any]:
    """Behind each other, ``size`` values in all; never two copies of all of them."""
    out, first = np.empty(0), 0
    for array in arrays:
        out = out if first else np.empty(size, array.dtype)
        out[first : first + len(array)] = array
        first += len(array)
    return out
