"""Input files at random, the same for the same seed: good rows among bad ones in every format, and damage of every kind."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.tables import FEATURES, INPUTS, POSTPONED, RANGES, STRINGS, TABLES, TARGETS, UTC, Column
from tests.support.worlds import Row

FORMATS = ("csv", "jsonl", "json", "parquet")
PACKINGS = ("", ".gz", ".zst")
DAMAGES = ("cut", "flips", "swap", "nuls", "empty", "renamed")
WORDS = ("x", "Beyoncé", "日本語", "a, b; c", 'say "hi"', "two\nlines", "🎵", "'; --", "مرحبا", "\u202etfel", " spaced ", "\t")
TIMES = ("2024-01-05T14:23:00Z", "2024-01-05 14:23:00.5+02:00", 1704464581, "1704464581.5", "2099-12-31T23:59:59-11:00")
DATES = ("1999", "1999-12", "1999-12-31")
BAD = (
    None, True, -1, 0.1, 2**63, 2**64 - 1, -(2**63), 1e308, "", " ", "nan", "Infinity", "1e400", "-0", "1" * 400, "x" * 5000,
    "\0", '"', '""', "'", "|", "a|\0", "\r", "\x1b[0m", "é\u2028", "\ufeff", "\ud7ff\ue000",
    "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z", "1970-01-01", "2024-02-30T00:00:00Z", "2024-01-05T14:23:00+99:00",
    "2024-03-31T02:30:00", 1704464581000, "1704464581000000000",
    "{}", "[]", '["a"', '{"energy":2}', '{"energy":NaN}', '[{"track_id":null}]', [], [[]], {}, {"x": [1]}, [None], ["a", 1.5],
    {"energy": "high"}, {"until": []}, [{"track_id": "a", "until": "soon"}], [{"track_id": "a", "until": -1e300}],
)  # fmt: skip
LINES = (
    b"one field", b'stray "quote', b"," * 60, b"\xff\xfe\xfa", b"a\0b,c", b"\x00", b"x" * 70_000,
    b'{"user_id": "u"', b"[1, 2]", b"null", b"NaN", b'"\\ud800"', b'{"weight": NaN}', b'{"x": -Infinity, "x": 1}', b"{}",
    b"[" * 5000, b'{"a":' * 3000,
)  # fmt: skip
"""Lines that are no row of any format."""


class File(NamedTuple):
    """One file; ``rows`` that it holds, and the ids (in an export: titles) of those that nothing is wrong with."""

    table: str
    """Input table, or ``export``."""
    name: str
    data: bytes
    rows: int
    good: list[str]


class Junk:
    """Rows, files and damage from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one(self, values: Sequence[Any]) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def good(self, column: Column) -> Any:
        """A value that the column takes, as JSON has it."""
        if column.allowed:
            return self.one(column.allowed)
        if column.ids == "date":
            return self.one(DATES)
        low, high = (-9 if column.low is None else column.low), (9 if column.high is None else column.high)
        makers: dict[pl.DataType, Callable[[], Any]] = {
            pl.Boolean(): lambda: self.chance(0.5),
            pl.Float64(): lambda: round(float(self.rng.uniform(low, high)), 3),
            pl.Int64(): lambda: int(self.rng.integers(low, high, endpoint=True)),
            UTC: lambda: self.one(TIMES),
            STRINGS: lambda: [self.one(WORDS) for _ in range(self.rng.integers(3))],
            POSTPONED: lambda: [
                self.one(["t", {"track_id": "t", "until": self.one(TIMES)}]) for _ in range(self.rng.integers(3))
            ],
            RANGES: lambda: {name: [self.good(TABLES["tracks"][name]), None] for name in FEATURES if self.chance(0.2)},
            TARGETS: lambda: {name: self.good(TABLES["tracks"][name]) for name in FEATURES if self.chance(0.2)},
        }
        return makers.get(column.dtype, lambda: self.one(WORDS))()

    def rows(self, table: str, count: int) -> tuple[list[Row], list[str]]:
        """Half of the rows have one to three bad values; the others' ids."""
        result: list[Row] = []
        good: list[str] = []
        for number in range(count):
            key = TABLES[table].names[0]
            row = {column.name: self.good(column) for column in TABLES[table] if not column.null or self.chance(0.4)}
            row |= {key: f"{table}-{number}"} | ({"artist": "a"} if table == "tracks" else {})
            row = {name: value if value != "" and str(value).strip() else "x" for name, value in row.items()}
            good += [row[key]] if not self._spoil(row, TABLES[table].names) else []
            result.append(row)
        return result, good

    def _spoil(self, row: Row, names: Sequence[str]) -> bool:
        if self.chance(0.5):
            return False
        for _ in range(self.rng.integers(1, 4)):
            row[self.one(names)] = self.one(BAD)
        return True

    def table(self, table: str, form: str, count: int) -> File:
        """A file of ``count`` rows; text has lines among them that are no rows at all."""
        rows, good = self.rows(table, count)
        names = TABLES[table].names
        if form == "parquet":
            return File(table, "f.parquet", self._parquet(table, rows), count, good)
        if form == "json":
            return File(table, "f.json", orjson.dumps(rows), count, good)
        lines = [orjson.dumps(row) for row in rows] if form == "jsonl" else self._csv(names, rows)
        return File(table, f"f.{form}", *self._littered(lines, form == "csv"), good)

    def _littered(self, lines: list[bytes], header: bool) -> tuple[bytes, int]:
        """Lines among lines that are no row, and how many there are; a header keeps its place."""
        top, rest = lines[:header], lines[header:]
        strays = self.chance(0.5)
        if strays:  # a stray quote may end at any line break, also at one inside a good row
            rest = [line.replace(b"\n", b" ") for line in rest]
        for _ in range(len(rest) // 10):
            rest.insert(
                int(self.rng.integers(len(rest) + 1)), self.one([line for line in LINES if strays or line.count(b'"') % 2 == 0])
            )
        end = self.one([b"\n", b"\r\n"])
        return self.one([b"", b"\xef\xbb\xbf"]) + end.join([*top, *rest]), len(rest)

    def _csv(self, names: Sequence[str], rows: Sequence[Row]) -> list[bytes]:
        separator = self.one([",", ";", "\t"])
        return [
            _csv_line([text(row.get(name)) for name in names], separator) for row in [dict(zip(names, names, strict=True)), *rows]
        ]

    def _parquet(self, table: str, rows: Sequence[Row]) -> bytes:
        """Each column as text or in its own type, where it can be."""
        columns = {column.name: self._series(column, [row.get(column.name) for row in rows]) for column in TABLES[table]}
        sink = io.BytesIO()
        pq.write_table(pl.DataFrame(columns).to_arrow(), sink, row_group_size=50, write_page_checksum=True)
        return sink.getvalue()

    def _series(self, column: Column, values: list[Any]) -> pl.Series:
        if column.dtype in (pl.Float64(), pl.Int64(), pl.Boolean()) and self.chance(0.5):
            kinds = (bool,) if column.dtype == pl.Boolean() else (int, float)
            if all(value is None or (type(value) in kinds and abs(value) < 2**62) for value in values):
                return pl.Series(column.name, values, dtype=column.dtype if column.dtype == pl.Boolean() else pl.Float64)
        return pl.Series(column.name, [None if value is None else text(value) for value in values], dtype=pl.String)

    def export(self, kind: str, count: int) -> File:
        """A personal export, half of its entries spoilt."""
        rows: list[Row] = []
        good: list[str] = []
        for number in range(count):
            row = EXPORTS[kind](number)
            title = f"song {number}"
            good += [] if self._spoil(row, list(row)) else [title]
            rows.append(row)
        name = f"{kind}.{'csv' if kind == 'lastfm' else 'jsonl' if kind == 'listenbrainz' else 'json'}"
        if kind == "lastfm":
            names = list(rows[0])
            lines = [
                _csv_line([text(row.get(name)) for name in names], ",") for row in [dict(zip(names, names, strict=True)), *rows]
            ]
            return File("export", name, *self._littered(lines, True), good)
        if kind == "listenbrainz":  # told by its first line
            data, others = self._littered([orjson.dumps(row) for row in [_listen(count), *rows]], True)
            return File("export", name, data, others + 1, good)
        return File("export", name, orjson.dumps(rows), count, good)

    def damaged(self, file: File, damage: str) -> File:
        """The file after an accident of its stored bytes."""
        data = bytearray(file.data)
        first, last = sorted(int(place) for place in self.rng.integers(0, len(data), 2))
        if damage == "cut":
            del data[first:]
        elif damage == "flips":
            for place in self.rng.integers(0, len(data), self.rng.integers(1, 9)):
                data[place] ^= 1 << int(self.rng.integers(8))
        elif damage == "swap":
            data = data[last:] + data[first:last] + data[:first]
        elif damage == "nuls":
            data[first:last] = bytes(last - first)
        elif damage == "empty":
            data.clear()
        name = self.one(["f.csv", "f.json", "f.parquet", "f.csv.gz", "f.zip", "f"]) if damage == "renamed" else file.name
        return file._replace(name=name, data=bytes(data))


def _csv_line(cells: Sequence[str], separator: str) -> bytes:
    sink = io.StringIO()
    csv.writer(sink, delimiter=separator).writerow(cells)
    return sink.getvalue().removesuffix("\r\n").encode()


def text(value: Any) -> str:
    """A value as a CSV field has it."""
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()


def packed(file: File, packing: str) -> File:
    data = {
        "": lambda: file.data,
        ".gz": lambda: gzip.compress(file.data, mtime=0),
        ".zst": lambda: pa.compress(file.data, "zstd", asbytes=True),
    }[packing]()
    return file._replace(name=file.name + packing, data=data)


def files(seed: int, count: int, packings: Sequence[str] = PACKINGS) -> Iterator[File]:
    """Every table in every format, and every export, in every packing; ``count`` rows each."""
    junk = Junk(seed)
    for packing in packings:
        for kind in EXPORTS:
            yield packed(junk.export(kind, count), packing)
        for table in INPUTS:
            for form in FORMATS:
                yield packed(junk.table(table, form, count), packing)


def _extended(number: int) -> Row:
    return {
        "ts": f"2024-01-05T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "ms_played": 200_000,
        "master_metadata_track_name": f"song {number}",
        "master_metadata_album_artist_name": "ABBA",
        "master_metadata_album_album_name": "Gold",
        "spotify_track_uri": None,
        "reason_start": "clickrow",
        "reason_end": "trackdone",
        "skipped": False,
        "incognito_mode": False,
    }


def _endsong(number: int) -> Row:
    return {"username": "u", "conn_country": "SE", "ip_addr_decrypted": "203.0.113.7"} | _extended(number) | {"skipped": None}


def _basic(number: int) -> Row:
    return {"endTime": "2024-01-05 14:23", "artistName": "ABBA", "trackName": f"song {number}", "msPlayed": 40_000}


def _listen(number: int) -> Row:
    names = {"track_name": f"song {number}", "artist_name": "ABBA", "release_name": "Gold", "additional_info": {"isrc": "GB"}}
    return {"listened_at": 1_748_964_167 + number, "track_metadata": names}


def _lastfm(number: int) -> Row:
    return {
        "uts": 1_704_067_200 + number,
        "artist": "ABBA",
        "artist_mbid": "",
        "album": "Gold",
        "track": f"song {number}",
        "track_mbid": "",
    }


EXPORTS = {"Streaming_History_Audio_2024": _extended, "endsong_0": _endsong, "StreamingHistory0": _basic, "listenbrainz": _listen,
           "lastfm": _lastfm}  # fmt: skip
"""An entry of each personal export, by its number."""
