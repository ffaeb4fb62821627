"""The lookup's files of lists, part by part: what one part of a run's tables adds to ``rows``, ``pool`` and ``lists``.

A piece is a batch of such a file and its index: which lists lie in it, and where. Whoever makes a part of the tables can store
its pieces beside them, in the staged run; :mod:`recsys.lookup.writer` puts the pieces of all parts one after the other, and makes
those that nobody stored. Either way they are the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from logging import getLogger
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from isal.isal_zlib import crc32

from recsys.buffered import buffered_map
from recsys.lake import Staged, files, resume
from recsys.lake.records import File
from recsys.lookup import rows_json
from recsys.lookup import slices as sliced
from recsys.lookup.arrow import SCHEMAS, batch_of
from recsys.lookup.columns import sealed
from recsys.lookup.names import CODEC, DEFAULT_LIMIT, FOLDER, LEVEL, NO_TRACK, OLD_PARTS, SIZES
from recsys.tables import FITS, LISTS

TABLES_OF = {"rows": "rankings", "pool": "candidates", "lists": "lists"}
"""File that comes in pieces → the table that it is made from."""
PIECES = f"{FOLDER}/pieces"
"""Folder of stored pieces in the staged run."""
KEYS = ["user_id", "list"]
_INDEX = "index"
_ENTRY = {"user_id": pl.String, "list": pl.String, "batch": pl.Int64}
_NUMBERS = {"rows": ("count", "offset", "bytes", "first_bytes"), "pool": ("count", "pool_sum"), "lists": ()}
"""File → what its index says of each list, beside the batch that it lies in. ``offset``: first byte in that batch."""
_POOLED = {part: FITS.get(part, part) for part in OLD_PARTS}
"""Column of `pool` → of `candidates`."""
_SOURCES = ("arrow", "columns", "names", "pieces", "rows_json", "slices")

_THREADS = 2
"""Slices of rows in the making at once: texts are made by Polars, on one thread a slice, and packed by Python."""


class Piece(NamedTuple):
    """A batch of a file, and its lists."""

    batch: pa.RecordBatch
    lists: pl.DataFrame
    """user_id, list and :data:`_NUMBERS`, in order."""


@cache
def pieces_version() -> str:
    """What decides the bytes of pieces, beside libraries: a digest of sources, in hexadecimal. Others' pieces are not used."""
    sources = [Path(__file__).with_name(f"{name}.py").read_bytes().replace(b"\r\n", b"\n") for name in _SOURCES]
    return hashlib.sha256(b"\0".join(sources)).hexdigest()[:16]


def sorted_tracks(tracks: pl.DataFrame) -> pl.DataFrame:
    """Table ``tracks`` in the order of the lookup's numbers: the last row of each id, sorted by id."""
    return tracks.unique("id", keep="last", maintain_order=True).sort("id")


def numbered_tracks(tracks: pl.DataFrame, heads: Sequence[pl.Series] | None = None) -> pl.DataFrame:
    """Columns track_id, track (its number), head and name of sorted tracks; ``heads``: the texts, where they are known."""
    if heads is None:
        heads = [rows_json.tracks(part)["head"] for part in tracks.iter_slices(sliced.SLICE)]
    numbers = tracks.select(pl.col("id").alias("track_id"), pl.int_range(pl.len(), dtype=pl.Int32).alias("track"))
    head = pl.concat(heads).alias("head") if heads else pl.lit("").alias("head")
    return numbers.with_columns(head, rows_json.names(tracks))


def make_pieces(file: str, parts: Sequence[Path], tracks: pl.DataFrame) -> Iterator[Piece]:
    """The pieces of a file from parts of its table, sorted by their keys; a piece never reaches over the end of a part.

    ``tracks``: of :func:`numbered_tracks`.
    """
    return _MAKERS[file](parts, tracks)


def store_pieces(folder: Path, part: str, tracks: pl.DataFrame) -> list[File]:
    """Write the pieces of one part of the tables into the staged run in ``folder``, and record them.

    ``part``: what the part's files are called. Raises :class:`LakeError` when they cannot be written.
    """
    indexes, names = [], [_name(file, part) for file in (*TABLES_OF, _INDEX)]
    for name in names:
        files.make_folder((folder / name).parent)
    for file, table in TABLES_OF.items():
        with files.create(folder / _name(file, part), "file") as handle, pa.ipc.new_file(handle, SCHEMAS[file]) as writer:
            for number, piece in enumerate(make_pieces(file, [folder / table / part], tracks)):
                writer.write_batch(piece.batch)
                indexes.append(_entries(file, number, piece.lists).with_columns(file=pl.lit(file)))
    with files.create(folder / _name(_INDEX, part), "file") as handle:
        pl.concat([pl.DataFrame(schema={"file": pl.String}), *indexes], how="diagonal").write_ipc(handle)
    records = [File.of(folder, name) for name in names]
    for facts in records:
        resume.record_file(folder, facts)
    return records


class Joined:
    """The pieces of a file, of all parts of its table: stored ones, and those that are made now. Each is handed out once."""

    def __init__(self, staged: Staged, file: str, tracks: pl.DataFrame) -> None:
        self._staged, self._file, self._tracks = staged, file, tracks
        self._indexes = [pl.DataFrame(schema={**_ENTRY, **dict.fromkeys(_NUMBERS[file], pl.Int64)})]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Every batch, in order."""
        for number, piece in enumerate(self._pieces()):
            self._indexes.append(_entries(self._file, number, piece.lists))
            yield piece.batch

    def index(self) -> pl.DataFrame:
        """Columns user_id, list, batch (which of those handed out) and what else the file's index says, in order."""
        return pl.concat(self._indexes)

    def _pieces(self) -> Iterator[Piece]:
        unstored = list[Path]()
        for part in self._staged.files(TABLES_OF[self._file]):
            if not self._stored(part.name):
                unstored.append(part)
                continue
            yield from make_pieces(self._file, unstored, self._tracks)
            unstored.clear()
            yield from self._read(part.name)
        yield from make_pieces(self._file, unstored, self._tracks)

    def _stored(self, part: str) -> bool:
        """Whether the pieces of a part are stored and whole."""
        records = [self._staged.handed_file(_name(file, part)) for file in (self._file, _INDEX)]
        problems = [facts.problem(self._staged.path, content=True) for facts in records if facts]
        for problem in filter(None, problems):
            getLogger("recsys").warning("lookup: %s; it is made again", problem)
        return problems == [None, None]

    def _read(self, part: str) -> Iterator[Piece]:
        path = self._staged.path / _name(self._file, part)
        index = pl.read_ipc(self._staged.path / _name(_INDEX, part)).filter(pl.col("file") == self._file)
        with pa.memory_map(str(path)) as mapped:
            reader = pa.ipc.open_file(mapped)
            for number in range(reader.num_record_batches):
                yield Piece(reader.get_batch(number), index.filter(pl.col("batch") == number))
        files.clear(path)  # the disk never holds all pieces and the file that they become


def clear_pieces(folder: Path) -> None:
    """Remove stored pieces from the staged run in ``folder``, where there are any."""
    if (folder / PIECES).exists():
        files.clear(folder / PIECES)


def _name(file: str, part: str) -> str:
    return f"{PIECES}/{pieces_version()}/{file}/{Path(part).stem}.arrow"


def _entries(file: str, batch: int, lists: pl.DataFrame) -> pl.DataFrame:
    """The lists of a piece, in the columns and types of its file's index."""
    numbers = pl.col(_NUMBERS[file]).cast(pl.Int64)
    return lists.select(*KEYS, pl.lit(batch, pl.Int64).alias("batch"), numbers)


def _rows(parts: Sequence[Path], tracks: pl.DataFrame) -> Iterator[Piece]:
    slices = (slice_ for part in parts for slice_ in sliced.uncut(part, KEYS))
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from buffered_map(pool, lambda slice_: _worded(slice_, tracks), slices, _THREADS + 1)


def _worded(part: pl.DataFrame, tracks: pl.DataFrame) -> Piece:
    ranked = _numbered(part, tracks.drop("name"))
    return _packed(_counted(part), rows_json.rows(ranked, tracks.select("track_id", "name")), ranked["track"])


def _packed(counted: pl.DataFrame, texts: pl.Series, tracks: pl.Series) -> Piece:
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
    index = counted.hstack(size.with_columns(offset=pl.col("bytes").cum_sum() - pl.col("bytes")))
    return Piece(batch_of("rows", pl.DataFrame({"rows": rows})), index)


def _pool(parts: Sequence[Path], tracks: pl.DataFrame) -> Iterator[Piece]:
    numbers, columns = tracks.drop("head", "name"), [*KEYS, "track_id", *_POOLED.values()]
    for slice_ in (slice_ for part in parts for slice_ in sliced.uncut(part, KEYS, columns)):
        renamed = slice_.select(*KEYS, "track_id", *(pl.col(column).alias(old) for old, column in _POOLED.items()))
        rows, counted = _numbered(renamed, numbers), _counted(renamed)
        yield Piece(
            batch_of("pool", rows), counted.with_columns(pool_sum=pl.Series(_sums(rows, counted["count"]), dtype=pl.Int64))
        )


def _sums(rows: pl.DataFrame, counts: pl.Series) -> list[int]:
    """CRC-32 of every list's rows, column after column."""
    columns = [rows[name].to_numpy().astype(kind) for name, kind in (("track", "<i4"), *((part, "<f4") for part in OLD_PARTS))]
    bounds = np.append(0, counts.cum_sum().to_numpy()).tolist()
    return [crc32(b"".join(column[begin:end].tobytes() for column in columns)) for begin, end in pairwise(bounds)]


def _numbered(part: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """The rows with their tracks' numbers."""
    return part.join(tracks, on="track_id", how="left", maintain_order="left").with_columns(pl.col("track").fill_null(NO_TRACK))


def _counted(part: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id, list, count of whole lists, in order."""
    return part.group_by(KEYS, maintain_order=True).len("count")


def _lists(parts: Sequence[Path], _tracks: pl.DataFrame) -> Iterator[Piece]:
    for slice_ in sliced.slices(parts):
        yield Piece(batch_of("lists", rows_json.records(slice_, LISTS.names).to_frame()), slice_.select(KEYS))


_MAKERS = {"rows": _rows, "pool": _pool, "lists": _lists}
