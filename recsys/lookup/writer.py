"""Makes the lookup files of a run, part by part: never more than a slice of a table is in memory.

Each file is Arrow IPC, not compressed, so that a row's bytes lie at a known place; ``places.json`` says at which. Rows are named
by their number in the whole file. Integers inside a row are little-endian int32. What is read at once ends in its CRC-32: every
row of bytes, and the three parts of a row of ``rows``; the one of a list's rows in ``pool`` is among the list's numbers.

    users.arrow    users                        a hash table: row CRC-32(id) % rows holds the records of the listeners that fall
                                                there. A record: bytes of the id, bytes of the rest, the id, the rest, which is
                                                profile, controls and {list: numbers of ``reader.Listed``}, JSON, a line each
    names.arrow    id, recent                   every listener, sorted; JSON of what was heard last
    lists.arrow    record                       every row of ``lists``, JSON
    rows.arrow     rows                         the rows of ``rankings`` of one list, JSON with tracks and commas: three sizes
                                                (see ``names``), where each row ends and the first rows; the others; both
                                                packed as one LZ4 block; and the numbers of the tracks
    pool.arrow     track, parts of the score    every row of ``candidates``, float32
    tracks.arrow   id, head, more               sorted by id; JSON, see ``fragments``
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from isal.isal_zlib import crc32

from recsys.lake import Staged
from recsys.lookup import rows_json
from recsys.lookup.columns import sealed
from recsys.lookup.names import CODEC, DEFAULT_LIMIT, FILES, FORMAT, LENGTHS, LEVEL, NO_TRACK, OFFSETS, OLD_PARTS, SIZES, name
from recsys.lookup.offsets import offsets
from recsys.tables import CONTROLS, FITS, LISTS

SLICE = 65_536
"""Rows in memory at a time."""

Append = Callable[[pl.DataFrame], None]

Texts = tuple[pl.DataFrame, pl.Series, pl.Series]
"""Lists and how many rows each has; the text of every row, and the number of its track."""

_KEYS = ["user_id", "list"]
_SIZES = ("offset", "bytes", "first_bytes", "pool_sum")
_POOLED = {part: FITS.get(part, part) for part in OLD_PARTS}
"""Column of `pool` → of `candidates`."""
_BYTES = pa.large_binary()
_SCHEMAS = {
    "users": pa.schema({"users": _BYTES}),
    "names": pa.schema({"id": _BYTES, "recent": _BYTES}),
    "lists": pa.schema({"record": _BYTES}),
    "rows": pa.schema({"rows": _BYTES}),
    "pool": pa.schema({"track": pa.int32(), **dict.fromkeys(OLD_PARTS, pa.float32())}),
    "tracks": pa.schema({"id": _BYTES, "head": _BYTES, "more": _BYTES}),
}


def write(staged: Staged) -> None:
    """Write the lookup files of a staged run from its tables.

    ``rankings``, ``candidates`` and ``lists`` must be sorted by their keys, as the contract says.
    """
    ids = _write_tracks(staged)
    ranges = _write_rows(staged, ids).join(_write_pool(staged, ids), on=_KEYS, how="full", coalesce=True)
    _write_users(staged, _write_lists(staged, ranges), ids.select("track_id", "name"))
    staged.write_file(
        OFFSETS, orjson.dumps({"format": FORMAT, "files": {file: offsets(staged.path / name(file)) for file in FILES}})
    )


def _write_tracks(staged: Staged) -> pl.DataFrame:
    """Returns columns track_id, track (its number), head and name."""
    heads = []
    tracks = _table(staged, "tracks").unique("id", keep="last", maintain_order=True).sort("id")
    with _file(staged, "tracks") as append:
        for part in tracks.iter_slices(SLICE):
            text = rows_json.tracks(part)
            append(part.select("id").hstack(text))
            heads.append(text["head"])
    numbers = tracks.select(pl.col("id").alias("track_id"), pl.int_range(pl.len(), dtype=pl.Int32).alias("track"))
    head = pl.concat(heads).alias("head") if heads else pl.lit("").alias("head")
    return numbers.with_columns(head, rows_json.names(tracks))


def _write_rows(staged: Staged, ids: pl.DataFrame) -> pl.DataFrame:
    """Returns columns user_id, list, rows_count, offset, bytes, first_bytes."""
    lists = []
    texts = (_texts(part, ids) for part in _whole_lists(staged.files("rankings")))
    with _file(staged, "rows") as append, ThreadPoolExecutor(1) as pool:
        for counted, rows in _ahead(pool, texts):
            append(rows)
            lists.append(counted)
    begins = [data for _, data in offsets(staged.path / name("rows"))["texts"]["rows"]]
    moved = [part.with_columns(pl.col("offset") + begin) for part, begin in zip(lists, begins, strict=True)]
    return _all(moved).select(*_KEYS, pl.col("count").alias("rows_count"), "offset", "bytes", "first_bytes")


def _texts(part: pl.DataFrame, ids: pl.DataFrame) -> Texts:
    ranked = _numbered(part, ids.drop("name"))
    return _counted(part), rows_json.rows(ranked, ids.select("track_id", "name")), ranked["track"]


def _ahead(pool: ThreadPoolExecutor, parts: Iterable[Texts]) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Packs each part while the next one is made."""
    waiting = None
    for part in parts:
        begun = pool.submit(_packed, *part)
        if waiting is not None:
            yield waiting.result()
        waiting = begun
    if waiting is not None:
        yield waiting.result()


def _packed(counted: pl.DataFrame, texts: pl.Series, tracks: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lists with offset (in this part), bytes and first_bytes of each, and its rows."""
    codec, rows, sizes = pa.Codec(CODEC, LEVEL), [], []
    all_texts, numbers = texts.cast(pl.Binary).to_list(), tracks.to_numpy().astype("<i4")
    bounds = np.append(0, counted["count"].cum_sum().to_numpy())
    for begin, end in pairwise(bounds.tolist()):
        own = all_texts[begin:end]
        first, others = b",".join(own[:DEFAULT_LIMIT]), b"".join(b"," + text for text in own[DEFAULT_LIMIT:])
        ends = np.cumsum([len(text) + 1 for text in own]) - 1
        block = codec.compress(first, asbytes=True)
        head = sealed(SIZES.pack(len(block), len(first), len(others)) + ends.astype("<i4").tobytes() + block)
        rows.append(head + sealed(codec.compress(others, asbytes=True)) + sealed(numbers[begin:end].tobytes()))
        sizes.append(len(head))
    size = pl.DataFrame({"bytes": [len(row) for row in rows], "first_bytes": sizes})
    return counted.hstack(size.with_columns(offset=pl.col("bytes").cum_sum() - pl.col("bytes"))), pl.DataFrame({"rows": rows})


def _write_pool(staged: Staged, ids: pl.DataFrame) -> pl.DataFrame:
    """Returns columns user_id, list, pool_first, pool_count, pool_sum."""
    lists, numbers = [], ids.drop("head", "name")
    with _file(staged, "pool") as append:
        for part in _whole_lists(staged.files("candidates"), [*_KEYS, "track_id", *_POOLED.values()]):
            renamed = part.select(*_KEYS, "track_id", *(pl.col(column).alias(old) for old, column in _POOLED.items()))
            rows, counted = _numbered(renamed, numbers), _counted(renamed)
            append(rows)
            lists.append(counted.with_columns(pool_sum=pl.Series(_sums(rows, counted["count"]), dtype=pl.Int64)))
    count = pl.col("count")
    return _all(lists).select(*_KEYS, (count.cum_sum() - count).alias("pool_first"), count.alias("pool_count"), "pool_sum")


def _sums(rows: pl.DataFrame, counts: pl.Series) -> list[int]:
    """CRC-32 of every list's rows, column after column."""
    columns = [rows[name].to_numpy().astype(kind) for name, kind in (("track", "<i4"), *((part, "<f4") for part in OLD_PARTS))]
    bounds = np.append(0, counts.cum_sum().to_numpy()).tolist()
    return [crc32(b"".join(column[begin:end].tobytes() for column in columns)) for begin, end in pairwise(bounds)]


def _numbered(part: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """The rows with their tracks' numbers."""
    return part.join(ids, on="track_id", how="left", maintain_order="left").with_columns(pl.col("track").fill_null(NO_TRACK))


def _counted(part: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id, list, count of whole lists, in order."""
    return part.group_by(_KEYS, maintain_order=True).len("count")


def _all(lists: Sequence[pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"user_id": pl.String, "list": pl.String, "count": pl.UInt32} | dict.fromkeys(_SIZES, pl.Int64))
    return pl.concat([empty, *lists], how="diagonal").with_columns(pl.col("count").cast(pl.Int64))


def _write_lists(staged: Staged, ranges: pl.DataFrame) -> pl.DataFrame:
    """Returns columns user_id and lists (where each lies), in order of user_id."""
    users, first = [pl.DataFrame(schema={"user_id": pl.String, "lists": pl.String})], 0
    with _file(staged, "lists") as append:
        for part in _slices(staged.files("lists")):
            append(rows_json.records(part, LISTS.names).to_frame())
            numbered = part.select(*_KEYS, pl.int_range(first, first + pl.len()).alias("record"))
            users.append(numbered.join(ranges, on=_KEYS, how="left", maintain_order="left").fill_null(0))
            first += part.height
    return rows_json.listings(pl.concat(users[1:])) if first else users[0]


def _recent(staged: Staged, own: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id and recent of listeners with dated events."""
    parts = _uncut(staged.files("ratings"), ["user_id"], ["user_id", "track_id", "rating", "events", "last_at"])
    empty = pl.DataFrame(schema={"user_id": pl.String, "recent": pl.String})
    return pl.concat([empty, *(rows_json.recent(part, own) for part in parts)])


def _write_users(staged: Staged, listed: pl.DataFrame, own: pl.DataFrame) -> None:
    """Needs columns user_id and lists; ``own``: track_id and name of every track."""
    profiles, controls = _table(staged, "profiles"), _table(staged, "controls").unique("user_id", keep="last")
    users = listed.join(profiles, on="user_id", how="full", coalesce=True).with_columns(pl.col("lists").fill_null("{}"))
    with _file(staged, "names") as append:
        ids = users.select(pl.col("user_id").sort())
        recent = ids.join(_recent(staged, own), on="user_id", how="left", maintain_order="left")
        append(recent.select(pl.col("user_id").alias("id"), pl.col("recent").fill_null("[]")))
    hashes = np.fromiter((crc32(user.encode()) for user in users["user_id"]), dtype=np.int64, count=users.height)
    users = users.with_columns(bucket=pl.Series(hashes % max(users.height, 1))).sort("bucket", "user_id")
    with _file(staged, "users") as append:
        for first in range(0, users.height, SLICE):
            last = min(first + SLICE, users.height)
            begin, end = np.searchsorted(users["bucket"], (first, last)).tolist()
            buckets = [b""] * (last - first)
            part = users[begin:end]
            for bucket, record in zip(part["bucket"], _records(part, controls), strict=True):
                buckets[bucket - first] += record
            append(pl.DataFrame({"users": buckets}))


def _records(part: pl.DataFrame, controls: pl.DataFrame) -> Iterator[bytes]:
    """The records of listeners."""
    own = part.select("user_id").join(controls, on="user_id", how="left", maintain_order="left")
    columns = part["user_id"], rows_json.profiles(part), rows_json.records(own, CONTROLS.names), part["lists"]
    for user, *texts in zip(*(column.cast(pl.Binary) for column in columns), strict=True):
        text = b"\n".join(texts)
        yield LENGTHS.pack(len(user), len(text)) + user + text


def _table(staged: Staged, table: str) -> pl.DataFrame:
    return pl.concat(pl.DataFrame(_parquet(path).read()) for path in staged.files(table))


def _parquet(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, page_checksum_verification=True)


def _slices(files: Sequence[Path], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    for path in files:
        for batch in _parquet(path).iter_batches(SLICE, columns=columns):
            yield pl.DataFrame(batch)


def _whole_lists(files: Sequence[Path], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """Slices that never cut a list in two."""
    return _uncut(files, _KEYS, columns)


def _uncut(files: Sequence[Path], keys: list[str], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """Slices that never cut what has equal keys in two; the rows of equal keys follow one another."""
    held = pl.DataFrame()
    for part in _slices(files, columns):
        joined = pl.concat([held, part]) if held.height else part
        last = joined.select(pl.struct(keys).rle_id().alias("run"))["run"]
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
    texts = [] if file == "rows" else [field.name for field in schema if field.type == _BYTES]

    def add(part: pl.DataFrame) -> None:
        columns = (pl.Series(name, list(map(sealed, part[name].cast(pl.Binary))), dtype=pl.Binary) for name in texts)
        rows = part.with_columns(columns).select(schema.names)
        writer.write_table(rows.rechunk().to_arrow().cast(schema).combine_chunks())

    with staged.open(name(file)) as handle, pa.ipc.new_file(handle, schema) as writer:
        yield add
