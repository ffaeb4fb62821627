"""Hostile files of a few kB or MB that would take gigabytes, or minutes, from a reader without budgets."""

from __future__ import annotations

import gzip
import io
import json
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MB = 2**20
Maker = Callable[[], bytes]


def _parquet(table: pa.Table, times: int = 1, **options: Any) -> bytes:
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", **options) as writer:
        for _ in range(times):
            writer.write_table(table)
    return sink.getvalue()


def _repeated(values: list[Any], rows: int, kind: pa.DataType) -> pa.Array:
    """Rows that all hold the first value, as a dictionary: no more than an index each."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(values, kind))


def dictionary() -> bytes:
    """Every row the same text of 1 MB."""
    return _parquet(pa.table({"id": _repeated(["x" * MB], 5_000, pa.string())}))


def constant_numbers() -> bytes:
    rows = 2_000_000
    zeros = {"id": _repeated(["x"], rows, pa.string()), "duration_ms": pa.array(np.zeros(rows, np.int64))}
    return _parquet(pa.table(zeros), 30)


def nothing() -> bytes:
    rows = 2_000_000
    return _parquet(pa.table({name: pa.nulls(rows, pa.string()) for name in ("id", "title", "artist", "album")}), 15)


def long_text() -> bytes:
    return _parquet(pa.table({"id": ["a", "b"], "title": ["x" * 200 * MB, "y" * 200 * MB]}))


def long_lists() -> bytes:
    """Few rows of lists of millions of equal texts."""
    items = pa.array(["x" * 500] * 1_000_000)
    lists = pa.ListArray.from_arrays(pa.array([0, 1_000_000], pa.int32()), items)
    return _parquet(pa.table({"id": ["a"], "genres": lists}), 8)


def many_columns() -> bytes:
    return _parquet(pa.table({f"c{number}": [1] for number in range(20_000)}))


def prefixes() -> bytes:
    """Each text the one before and a letter: stored as letters, read as their sum of squares."""
    texts = pa.array(["x" * length for length in range(1, 20_000)])
    return _parquet(pa.table({"id": texts}), use_dictionary=False, column_encoding={"id": "DELTA_BYTE_ARRAY"})


def deep_struct() -> bytes:
    kind: pa.DataType = pa.float64()
    for _ in range(60):
        kind = pa.struct([("energy", kind)])
    return _parquet(pa.table({"id": pa.array(["a"]), "features": pa.nulls(1, kind)}))


def packed_parquet() -> bytes:
    return gzip.compress(dictionary())


def zeros() -> bytes:
    return gzip.compress(bytes(600 * MB), 1)


def empty_objects() -> bytes:
    return pa.compress(b"{}\n" * (80 * MB), "zstd", asbytes=True)


def empty_lines() -> bytes:
    return gzip.compress(b"\n" * (200 * MB), 1)


def packed_twice() -> bytes:
    return gzip.compress(gzip.compress(b"id\n" * 60 * MB, 1), 1)


def _zip(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return sink.getvalue()


def zip_zeros() -> bytes:
    return _zip({"a.csv": bytes(600 * MB)})


def zip_many_members() -> bytes:
    return _zip({f"{number}.csv": b"" for number in range(20_000)})


def zip_sum() -> bytes:
    """Members that are each within bounds, and together 20 times as much."""
    return _zip({f"{number}.csv": b"id\n" + b"x\n" * 100 * MB for number in range(5)})


def zip_same_data() -> bytes:
    """One member under 500 names."""
    data = _zip({"00000.csv": b"id\n" + b"x\n" * 10 * MB})
    end = data.rindex(b"PK\x05\x06")
    size, start = struct.unpack("<II", data[end + 12 : end + 20])
    entry = data[start : start + size]
    entries = b"".join(entry.replace(b"00000.csv", b"%05d.csv" % number) for number in range(500))
    tail = bytearray(data[end:])
    struct.pack_into("<HHII", tail, 8, 500, 500, len(entries), start)
    return data[:start] + entries + bytes(tail)


def zip_in_zip() -> bytes:
    return _zip({"a.zip": _zip({"b.zip": _zip({"c.csv": b"id\n1\n"})})})


def zip_bomb_in_zip() -> bytes:
    return _zip({"a.zip": bytes(600 * MB)})


def zip_climbing() -> bytes:
    return _zip({"../../a.csv": b"id\n1\n", "/etc/b.csv": b"id\n2\n"})


def zip_locked() -> bytes:
    data = bytearray(_zip({"a.csv": b"id\n1\n"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


def repeated_names() -> bytes:
    return b",".join([b"id"] * 100_000) + b"\n1\n"


def other_names() -> bytes:
    return b",".join(b"c%d" % number for number in range(100_000)) + b"\n1\n"


def endless_header() -> bytes:
    return b"id," * 20 * MB


def open_quote() -> bytes:
    return b'id,title\n1,"' + b"x\n" * 20 * MB


def quotes() -> bytes:
    return b"id,title\n" + b'"' * 20 * MB + b"\n"


def wide_rows() -> bytes:
    return b"id,title\n" + (b"x," * 100_000 + b"\n") * 100


def bad_rows() -> bytes:
    return b"id,popularity\n" + b"x,high\n" * 3_000_000 + b"y,0.5\n"


def many_names() -> bytes:
    return b"id,genres\n1," + b"x|" * 2_000_000 + b"\n"


def long_number() -> bytes:
    return b"id,duration_ms\n1," + b"9" * 3 * MB + b"\n2,1\n"


def long_time() -> bytes:
    return b"user_id,track_id,type,occurred_at\nu,t,play," + b"1" * 3 * MB + b"\nu,t,play,2024-01-01T00:00:00Z\n"


def deep_genres() -> bytes:
    return json.dumps({"id": "a"}).encode() + b'\n{"id":"b","genres":' + b"[" * 900 + b"]" * 900 + b"}\n"


def deep_line() -> bytes:
    return b'{"id":"b","genres":' + b"[" * 1_000_000 + b'\n{"id":"a"}\n'


def many_keys() -> bytes:
    return b'{"id":"a",' + b",".join(b'"k%d":1' % number for number in range(250_000)) + b'}\n{"id":"b"}\n'


def long_line() -> bytes:
    return b'{"id":"' + b"x" * 60 * MB + b'"}\n{"id":"a"}\n'


def huge_number() -> bytes:
    return b'{"id":"a","duration_ms":' + b"9" * 1_000_000 + b'}\n{"id":"b"}\n'


def array_of_nothing() -> bytes:
    return b"[" + b"{}," * 5_000_000 + b"{}]"


def array_of_numbers() -> bytes:
    return b"[" + b"1," * 5_000_000 + b"1]"


def open_brackets() -> bytes:
    return b"[" * 5_000_000


def broken_elements() -> bytes:
    return b"[" + b'{"id":NaN},' * 300_000 + b'{"id":"a"}]'


def unclosed_elements() -> bytes:
    """Every element is looked for to the end."""
    return b"[" + b'{"id":"' * 200_000 + b"]"


def deep_postponed() -> bytes:
    return b'{"user_id":"u","postponed":' + b'[{"track_id":' * 400 + b'"t"' + b"}]" * 400 + b"}\n" + b'{"user_id":"v"}\n'


def scrobbles_of_nothing() -> bytes:
    first = {"ts": "2024-01-05T00:00:00Z", "ms_played": 1, "master_metadata_track_name": "s", "spotify_track_uri": None}
    first |= {"master_metadata_album_artist_name": "a", "reason_end": "trackdone", "skipped": False}
    return b"[" + json.dumps(first).encode() + b",{}" * 2_000_000 + b"]"


def wide_scrobbles() -> bytes:
    return b"artist,track,uts" + b",x" * 100_000 + b"\nA,B,1700000000" + b",y" * 100_000 + b"\n"


def deep_scrobble() -> bytes:
    deep = b'{"#text":' * 300 + b'"x"' + b"}" * 300
    return (
        b'[{"artist":'
        + deep
        + b',"name":"n","date":{"uts":"1700000000"}},{"artist":{"#text":"a"},"name":"n","date":{"uts":"1700000001"}}]'
    )


def tabs() -> bytes:
    return b"#AUDIOSCROBBLER/1.1\n" + b"a\tb\tc\t1\t200\tL\t1700000000\t\n" + b"\t" * 20 * MB + b"\n"


def deep_video() -> bytes:
    deep = b"[" * 900 + b"]" * 900
    video = b'{"header":"YouTube Music","title":"Watched a","subtitles":' + deep + b',"time":"2024-01-05T00:00:00Z"}'
    return b"[" + video + b"]"


BOMBS: dict[str, tuple[str, str, Maker]] = {
    "dictionary": ("tracks", "t.parquet", dictionary),
    "constant numbers": ("tracks", "t.parquet", constant_numbers),
    "nothing": ("tracks", "t.parquet", nothing),
    "long text": ("tracks", "t.parquet", long_text),
    "long lists": ("tracks", "t.parquet", long_lists),
    "many columns": ("tracks", "t.parquet", many_columns),
    "prefixes": ("tracks", "t.parquet", prefixes),
    "deep struct": ("tracks", "t.parquet", deep_struct),
    "packed parquet": ("tracks", "t.parquet.gz", packed_parquet),
    "zeros": ("tracks", "t.csv.gz", zeros),
    "empty objects": ("tracks", "t.jsonl.zst", empty_objects),
    "empty lines": ("tracks", "t.csv.gz", empty_lines),
    "packed twice": ("tracks", "t.csv.gz", packed_twice),
    "zip of zeros": ("tracks", "t.zip", zip_zeros),
    "zip of many members": ("tracks", "t.zip", zip_many_members),
    "zip of a large sum": ("tracks", "t.zip", zip_sum),
    "zip of the same data": ("tracks", "t.zip", zip_same_data),
    "zip in zip in zip": ("tracks", "t.zip", zip_in_zip),
    "zip bomb in zip": ("tracks", "t.zip", zip_bomb_in_zip),
    "zip that climbs": ("tracks", "t.zip", zip_climbing),
    "zip that is locked": ("tracks", "t.zip", zip_locked),
    "repeated names": ("tracks", "t.csv", repeated_names),
    "other names": ("tracks", "t.csv", other_names),
    "endless header": ("tracks", "t.csv", endless_header),
    "open quote": ("tracks", "t.csv", open_quote),
    "quotes": ("tracks", "t.csv", quotes),
    "wide rows": ("tracks", "t.csv", wide_rows),
    "bad rows": ("tracks", "t.csv", bad_rows),
    "many names": ("tracks", "t.csv", many_names),
    "long number": ("tracks", "t.csv", long_number),
    "long time": ("events", "t.csv", long_time),
    "deep genres": ("tracks", "t.jsonl", deep_genres),
    "deep line": ("tracks", "t.jsonl", deep_line),
    "many keys": ("tracks", "t.jsonl", many_keys),
    "long line": ("tracks", "t.jsonl", long_line),
    "huge number": ("tracks", "t.jsonl", huge_number),
    "array of nothing": ("tracks", "t.json", array_of_nothing),
    "array of numbers": ("tracks", "t.json", array_of_numbers),
    "open brackets": ("tracks", "t.json", open_brackets),
    "broken elements": ("tracks", "t.json", broken_elements),
    "unclosed elements": ("tracks", "t.json", unclosed_elements),
    "deep postponed": ("controls", "t.jsonl", deep_postponed),
    "scrobbles of nothing": ("export", "t.json", scrobbles_of_nothing),
    "wide scrobbles": ("export", "t.csv", wide_scrobbles),
    "deep scrobble": ("export", "t.json", deep_scrobble),
    "tabs": ("export", "t.scrobbler.log", tabs),
    "deep video": ("export", "watch-history.json", deep_video),
}
"""Name → table (or ``export``), file name, what makes its bytes."""


def main() -> None:
    """``python -m tests.support.bombs NAME FILE`` writes one: who measures a reader must be small."""
    name, path = sys.argv[1:]
    Path(path).write_bytes(BOMBS[name][2]())


if __name__ == "__main__":
    main()
