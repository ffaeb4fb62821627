"""Makes the lookup files of a run, part by part: never more than a slice of a table is in memory.

Each file is Arrow IPC, not compressed, so that a reader can map it: a row's bytes lie at a known place. Rows are named by their
number in the whole file.

    tracks.arrow   id, head, more               sorted by id; JSON, see ``fragments``
    rows.arrow     track, row                   every row of ``rankings``: number of its track, JSON with the track
    pool.arrow     track, parts of the score    every row of ``candidates``, float32
    lists.arrow    name, rows_first, rows_count, pool_first, pool_count, record
    users.arrow    id, lists_first, lists_count, profile, controls      sorted by id
    index.arrow    hash, user                   sorted by hash, the CRC-32 of a listener's id
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.lake import Staged
from recsys.lookup import fragments
from recsys.lookup.names import PARTS, name
from recsys.tables import CONTROLS, LISTS

SLICE = 65_536
"""Rows in memory at a time."""

Append = Callable[[pl.DataFrame], None]

_KEYS = ["user_id", "list"]
_BYTES = pa.large_binary()
_SCHEMAS = {
    "tracks": pa.schema({"id": _BYTES, "head": _BYTES, "more": _BYTES}),
    "rows": pa.schema({"track": pa.int32(), "row": _BYTES}),
    "pool": pa.schema({"track": pa.int32(), **dict.fromkeys(PARTS, pa.float32())}),
    "lists": pa.schema(
        {"name": _BYTES}
        | dict.fromkeys(("rows_first", "rows_count", "pool_first", "pool_count"), pa.int64())
        | {"record": _BYTES}
    ),
    "index": pa.schema({"hash": pa.int64(), "user": pa.int64()}),
    "users": pa.schema(
        {"id": _BYTES, "lists_first": pa.int64(), "lists_count": pa.int64(), "profile": _BYTES, "controls": _BYTES}
    ),
}


def write(staged: Staged) -> None:
    """Write the lookup files of a staged run from its tables.

    ``rankings``, ``candidates`` and ``lists`` must be sorted by their keys, as the contract says.
    """
    ids = _write_tracks(staged)
    ranges = _write_rows(staged, ids).join(_write_pool(staged, ids), on=_KEYS, how="full", coalesce=True).fill_null(0)
    _write_users(staged, _write_lists(staged, ranges))


def _write_tracks(staged: Staged) -> pl.DataFrame:
    """Returns columns track_id, track (its number) and head."""
    heads = []
    found = _table(staged, "tracks").unique("id", keep="last", maintain_order=True).sort("id")
    with _file(staged, "tracks") as append:
        for part in found.iter_slices(SLICE):
            text = fragments.tracks(part)
            append(part.select("id").hstack(text))
            heads.append(text["head"])
    numbers = found.select(pl.col("id").alias("track_id"), pl.int_range(pl.len(), dtype=pl.Int32).alias("track"))
    return numbers.with_columns(pl.concat(heads).alias("head") if heads else pl.lit("").alias("head"))


def _write_rows(staged: Staged, ids: pl.DataFrame) -> pl.DataFrame:
    """Returns columns user_id, list, rows_first, rows_count."""
    counts = []
    with _file(staged, "rows") as append:
        for part in _whole_lists(staged.files("rankings")):
            named = part.join(ids, on="track_id", how="left", maintain_order="left")
            append(named.select(pl.col("track").fill_null(-1)).with_columns(fragments.rows(named)))
            counts.append(_counted(part))
    return _ranges(counts, "rows")


def _write_pool(staged: Staged, ids: pl.DataFrame) -> pl.DataFrame:
    """Returns columns user_id, list, pool_first, pool_count."""
    counts, numbers = [], ids.drop("head")
    with _file(staged, "pool") as append:
        for part in _whole_lists(staged.files("candidates"), [*_KEYS, "track_id", *PARTS]):
            append(
                part.join(numbers, on="track_id", how="left", maintain_order="left").with_columns(pl.col("track").fill_null(-1))
            )
            counts.append(_counted(part))
    return _ranges(counts, "pool")


def _counted(part: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id, list, count of whole lists, in order."""
    return part.group_by(_KEYS, maintain_order=True).len("count")


def _ranges(counts: Sequence[pl.DataFrame], kind: str) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"user_id": pl.String, "list": pl.String, "count": pl.UInt32})
    found = pl.concat([empty, *counts]).with_columns(pl.col("count").cast(pl.Int64))
    first = pl.col("count").cum_sum() - pl.col("count")
    return found.select(*_KEYS, first.alias(f"{kind}_first"), pl.col("count").alias(f"{kind}_count"))


def _write_lists(staged: Staged, ranges: pl.DataFrame) -> pl.DataFrame:
    """Returns columns user_id, lists_first, lists_count, in order of user_id."""
    users = []
    with _file(staged, "lists") as append:
        for part in _slices(staged.files("lists")):
            records = fragments.records(part, LISTS.names)
            placed = part.select(_KEYS).join(ranges, on=_KEYS, how="left", maintain_order="left").fill_null(0)
            append(placed.rename({"list": "name"}).drop("user_id").with_columns(records))
            users.append(part.select("user_id"))
    counted = (
        pl.concat([pl.DataFrame(schema={"user_id": pl.String}), *users]).group_by("user_id", maintain_order=True).len("count")
    )
    count = pl.col("count").cast(pl.Int64)
    return counted.select("user_id", (count.cum_sum() - count).alias("lists_first"), count.alias("lists_count"))


def _write_users(staged: Staged, listed: pl.DataFrame) -> None:
    profiles, controls = _table(staged, "profiles"), _table(staged, "controls").unique("user_id", keep="last")
    found = listed.join(profiles, on="user_id", how="full", coalesce=True).sort("user_id")
    with _file(staged, "users") as append:
        for part in found.iter_slices(SLICE):
            own = part.select("user_id").join(controls, on="user_id", how="left", maintain_order="left")
            ranges = part.select(pl.col("user_id").alias("id"), pl.col("lists_first", "lists_count").fill_null(0))
            profile, control = fragments.profiles(part), fragments.records(own, CONTROLS.names)
            append(ranges.with_columns(profile.alias("profile"), control.alias("controls")))
    _write_index(staged, found["user_id"])


def _write_index(staged: Staged, users: pl.Series) -> None:
    hashes = np.fromiter((crc32(user.encode()) for user in users), dtype=np.int64, count=len(users))
    order = np.argsort(hashes, kind="stable")
    with _file(staged, "index") as append:
        append(pl.DataFrame({"hash": hashes[order], "user": order}))


def _table(staged: Staged, table: str) -> pl.DataFrame:
    return pl.concat(pl.DataFrame(pq.ParquetFile(path).read()) for path in staged.files(table))


def _slices(files: Sequence[Path], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(SLICE, columns=columns):
            yield pl.DataFrame(batch)


def _whole_lists(files: Sequence[Path], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """Slices that never cut a list in two."""
    held = pl.DataFrame()
    for part in _slices(files, columns):
        joined = pl.concat([held, part]) if held.height else part
        last = joined.select(pl.struct(_KEYS).rle_id().alias("run"))["run"]
        cut = int(last.search_sorted(last[-1])) if joined.height else 0
        held = joined[cut:]
        if cut:
            yield joined[:cut]
    if held.height:
        yield held


@contextmanager
def _file(staged: Staged, file: str) -> Iterator[Append]:
    """A lookup file to fill; the block's value adds rows to it."""
    schema = _SCHEMAS[file]
    with staged.open(name(file)) as handle, pa.ipc.new_file(handle, schema) as writer:
        yield lambda part: writer.write_table(part.select(schema.names).rechunk().to_arrow().cast(schema).combine_chunks())
