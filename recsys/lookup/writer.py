"""Makes the lookup files of a run, part by part: never more than a slice of a table is in memory.

Those of lists come in pieces, which whoever made the tables may have stored beside them: see :mod:`recsys.lookup.pieces`.

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

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
from isal.isal_zlib import crc32

from recsys import models
from recsys.lake import Staged
from recsys.lookup import rows_json
from recsys.lookup import slices as sliced
from recsys.lookup.arrow import SCHEMAS, batch_of
from recsys.lookup.names import FILES, FORMAT, LENGTHS, OFFSETS, name
from recsys.lookup.offsets import offsets
from recsys.lookup.pieces import KEYS, Joined, clear_pieces, numbered_tracks, sorted_tracks
from recsys.tables import CONTROLS

Append = Callable[[pa.RecordBatch], None]


def write(staged: Staged) -> None:
    """Write the lookup files of a staged run from its tables.

    ``rankings``, ``candidates`` and ``lists`` must be sorted by their keys, as the contract says.
    """
    tracks = _write_tracks(staged)
    rows, pool, lists = (_join(staged, file, tracks) for file in ("rows", "pool", "lists"))
    _write_users(staged, _listings(lists, _begun(staged, rows), _numbered(pool)), tracks.select("track_id", "name"))
    clear_pieces(staged.path)
    staged.write_file(
        OFFSETS, orjson.dumps({"format": FORMAT, "files": {file: offsets(staged.path / name(file)) for file in FILES}})
    )


def _write_tracks(staged: Staged) -> pl.DataFrame:
    """Returns columns track_id, track (its number), head and name."""
    heads = []
    tracks = sorted_tracks(sliced.whole_table(staged.files("tracks")))
    with _file(staged, "tracks") as append:
        for part in tracks.iter_slices(sliced.SLICE):
            text = rows_json.tracks(part)
            append(batch_of("tracks", part.select("id").hstack(text)))
            heads.append(text["head"])
    return numbered_tracks(tracks, heads)


def _join(staged: Staged, file: str, tracks: pl.DataFrame) -> pl.DataFrame:
    """Write a file from the pieces of all parts; the index of them all."""
    pieces = Joined(staged, file, tracks)
    with _file(staged, file) as append:
        for batch in pieces.batches():
            append(batch)
    return pieces.index()


def _begun(staged: Staged, rows: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id, list, rows_count, offset (in the whole file), bytes, first_bytes."""
    begins = pl.Series([data for _, data in offsets(staged.path / name("rows"))["texts"]["rows"]], dtype=pl.Int64)
    offset = pl.col("offset") + begins.gather(rows["batch"])
    return rows.select(*KEYS, pl.col("count").alias("rows_count"), offset, "bytes", "first_bytes")


def _numbered(pool: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id, list, pool_first, pool_count, pool_sum."""
    count = pl.col("count")
    return pool.select(*KEYS, (count.cum_sum() - count).alias("pool_first"), count.alias("pool_count"), "pool_sum")


def _listings(lists: pl.DataFrame, rows: pl.DataFrame, pool: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id and lists (where each lies), in order of user_id."""
    if lists.is_empty():
        return pl.DataFrame(schema={"user_id": pl.String, "lists": pl.String})
    records = lists.select(*KEYS, pl.int_range(pl.len()).alias("record"))
    numbered = records.join(rows, on=KEYS, how="left", maintain_order="left").join(
        pool, on=KEYS, how="left", maintain_order="left"
    )
    return rows_json.listings(numbered.fill_null(0))


def _recent(staged: Staged, own: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id and recent of listeners with dated events."""
    columns = ["user_id", "track_id", "rating", "events", "last_at"]
    parts = (part for file in staged.files("ratings") for part in sliced.uncut(file, ["user_id"], columns))
    empty = pl.DataFrame(schema={"user_id": pl.String, "recent": pl.String})
    return pl.concat([empty, *(rows_json.recent(part, own) for part in parts)])


def _write_users(staged: Staged, listed: pl.DataFrame, own: pl.DataFrame) -> None:
    """Needs columns user_id and lists; ``own``: track_id and name of every track.

    Profiles are by far the most of it: they are in memory once, while only their numbers are joined and put in order.
    """
    ids = models.scan(staged.files("profiles")).select("user_id").with_row_index("profile").collect()
    users = listed.join(ids, on="user_id", how="full", coalesce=True).with_columns(pl.col("lists").fill_null("{}"))
    _write_names(staged, users.select(pl.col("user_id").sort()), own)
    profiles, controls = (sliced.whole_table(staged.files(table)) for table in ("profiles", "controls"))
    profiles, controls = profiles.drop("user_id"), controls.unique("user_id", keep="last")
    hashes = np.fromiter((crc32(user.encode()) for user in users["user_id"]), dtype=np.int64, count=users.height)
    users = users.with_columns(bucket=pl.Series(hashes % max(users.height, 1))).sort("bucket", "user_id")
    with _file(staged, "users") as append:
        for first in range(0, users.height, sliced.SLICE):
            last = min(first + sliced.SLICE, users.height)
            begin, end = np.searchsorted(users["bucket"], (first, last)).tolist()
            buckets = [b""] * (last - first)
            part = users[begin:end]
            part = part.hstack(profiles.select(pl.all().gather(part["profile"])))
            for bucket, record in zip(part["bucket"], _records(part, controls), strict=True):
                buckets[bucket - first] += record
            append(batch_of("users", pl.DataFrame({"users": buckets})))


def _write_names(staged: Staged, ids: pl.DataFrame, own: pl.DataFrame) -> None:
    """``ids``: column user_id, sorted."""
    recent = ids.join(_recent(staged, own), on="user_id", how="left", maintain_order="left")
    names = recent.select(pl.col("user_id").alias("id"), pl.col("recent").fill_null("[]"))
    with _file(staged, "names") as append:
        if names.height:
            append(batch_of("names", names))


def _records(part: pl.DataFrame, controls: pl.DataFrame) -> Iterator[bytes]:
    """The records of listeners."""
    own = part.select("user_id").join(controls, on="user_id", how="left", maintain_order="left")
    columns = part["user_id"], rows_json.profiles(part), rows_json.records(own, CONTROLS.names), part["lists"]
    for user, *texts in zip(*(column.cast(pl.Binary) for column in columns), strict=True):
        text = b"\n".join(texts)
        yield LENGTHS.pack(len(user), len(text)) + user + text


@contextmanager
def _file(staged: Staged, file: str) -> Iterator[Append]:
    """A lookup file to fill; the block's value adds batches to it."""
    with staged.open(name(file)) as handle, pa.ipc.new_file(handle, SCHEMAS[file]) as writer:
        yield writer.write_batch
