"""Junk of every kind: rows read = kept + rejected, and no error but ours."""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.errors import RecsysError
from recsys.ingest import CODES, Report, ingest, ingest_export
from recsys.lake import Lake
from recsys.tables import INPUTS, TABLES, Table
from tests.support import junk

pytestmark = pytest.mark.slow

FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])

GOOD = ["u", "play", "like", "1", "0.5", "2024-01-05T14:23:00Z", "1704464581", "a|b", '["a"]', '{"energy":0.5}', "true", ""]
BAD = [
    "-1",
    "nan",
    "Infinity",
    "9999-12-31T00:00:00Z",
    "\0",
    '"',
    '["a"',
    "{}",
    "1e400",
    " ",
    "é\u2028",
    "1704464581000",
    "\x1b[0m",
    "a,b",
    "x" * 300,
]
CELL = st.sampled_from([*GOOD, *BAD]) | st.text(max_size=8)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | CELL,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["energy", "track_id", "until", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def account(table: str, name: str, data: bytes, rows: int | None = None, good: Sequence[str] = ()) -> int:
    """Ingest a file of junk into a fresh lake, and add up; the rows read. A file that is refused leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder:
        path, lake = Path(folder, name), Lake(Path(folder, "lake"))
        path.write_bytes(data)
        reports, refused = _ingested(lake, table, path)
        if refused:
            assert name in refused
            assert not good
            assert lake.batches() == []
            assert list(Path(folder, "lake").rglob("*.parquet")) == []
            return 0
        rejects = lake.rejects()
        for report, batch in zip(sorted(reports, key=lambda report: INPUTS.index(report.table)), lake.batches(), strict=True):
            assert report.rows_read == report.kept + report.rejected == batch.kept + batch.rejected
            assert report.kept == lake.input(report.table).height
            assert report.rejected == rejects.filter(pl.col("table") == report.table).height == sum(report.causes.values())
            assert rows is None or report.rows_read == rows or report.table == "tracks" != table
        assert set(rejects["code"]) <= set(CODES)
        assert rejects["line"].null_count() == 0
        assert set(good) <= set(lake.input("tracks")["title"] if table == "export" else lake.input(table)[TABLES[table].names[0]])
        return reports[0].rows_read


def _ingested(lake: Lake, table: str, path: Path) -> tuple[list[Report], str]:
    try:
        return (ingest_export(lake, "ann", [path]) if table == "export" else ingest(lake, table, [path])), ""
    except RecsysError as error:
        return [], str(error)


def rows_of(table: Table, cell: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    names = st.sampled_from(table.names)
    required = {column.name: cell | st.sampled_from(column.allowed or ("u", "v")) for column in table if not column.null}
    return st.lists(
        st.builds(dict.__or__, st.dictionaries(names, cell, max_size=4), st.fixed_dictionaries(required)), min_size=1, max_size=8
    )


@FEW
@given(st.data(), st.sampled_from(INPUTS))
def test_csv_of_junk(data: st.DataObject, name: str) -> None:
    table, rows = TABLES[name], data.draw(rows_of(TABLES[name], CELL))
    frame = pl.DataFrame(
        [{name: row.get(name) for name in table.names} for row in rows], schema=dict.fromkeys(table.names, pl.String)
    )
    account(table.name, "f.csv", frame.write_csv().encode())


@FEW
@given(st.data(), st.sampled_from(INPUTS), st.booleans())
def test_json_of_junk(data: st.DataObject, table: str, array: bool) -> None:
    rows = data.draw(rows_of(TABLES[table], VALUE))
    account(table, "f.json", orjson.dumps(rows) if array else b"\n".join(map(orjson.dumps, rows)), len(rows))


TYPES: Sequence[pa.DataType] = [
    pa.string(),
    pa.int64(),
    pa.uint64(),
    pa.float64(),
    pa.bool_(),
    pa.timestamp("us"),
    pa.timestamp("s", "UTC"),
    pa.date32(),
    pa.list_(pa.string()),
    pa.list_(pa.int64()),
    pa.struct([("energy", pa.float64()), ("until", pa.timestamp("us"))]),
    pa.list_(pa.struct([("track_id", pa.string()), ("until", pa.timestamp("us"))])),
]


@st.composite
def arrays(draw: st.DrawFn, height: int) -> pa.Array:
    kind = draw(st.sampled_from(TYPES))
    number = st.none() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 5, 1_704_464_581])
    return _array(kind, draw(st.lists(number, min_size=height, max_size=height)))


def _array(kind: pa.DataType, numbers: list[int | None]) -> pa.Array:
    whole = pa.array(numbers, pa.int64())
    if pa.types.is_list(kind):
        return pa.ListArray.from_arrays(pa.array(range(len(numbers) + 1), pa.int32()), _array(kind.value_type, numbers))
    if pa.types.is_struct(kind):
        return pa.StructArray.from_arrays([_array(field.type, numbers) for field in kind], fields=list(kind))
    if pa.types.is_timestamp(kind):
        return pa.array([number and number // 2000 for number in numbers], pa.int64()).view(kind)
    if pa.types.is_date(kind):
        return pa.array([number and number % 2**31 for number in numbers], pa.int32()).view(kind)
    return (
        pa.array([number if number is None else bool(number % 2) for number in numbers])
        if kind == pa.bool_()
        else whole.cast(kind, safe=False)
    )


@FEW
@given(st.data(), st.sampled_from(INPUTS), st.integers(1, 5))
def test_parquet_of_junk(data: st.DataObject, table: str, height: int) -> None:
    required = {column.name: pa.array([(column.allowed or ("u",))[0]] * height) for column in TABLES[table] if not column.null}
    names = data.draw(st.lists(st.sampled_from(TABLES[table].names), max_size=3, unique=True))
    sink = io.BytesIO()
    pq.write_table(pa.table(required | {name: data.draw(arrays(height)) for name in names}), sink)
    account(table, "f.parquet", sink.getvalue(), height)


@FEW
@given(
    st.sampled_from(["f.csv", "f.json", "f.parquet", "f.csv.gz", "f"]),
    st.binary(max_size=60),
    st.sampled_from(["events", "tracks", "export"]),
)
def test_bytes_of_junk(name: str, data: bytes, table: str) -> None:
    account(table, name, data)


@FEW
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_damaged_parquet(place: int, byte: int, cut: bool) -> None:
    sink = io.BytesIO()
    frame = pl.DataFrame(
        {"user_id": ["u"] * 50, "track_id": [str(row) for row in range(50)], "type": ["play"] * 50, "weight": [0.5] * 50}
    )
    pq.write_table(frame.to_arrow(), sink, write_page_checksum=True)
    whole = bytearray(sink.getvalue())
    whole[place % len(whole)] = byte
    account("events", "f.parquet", bytes(whole[: place % len(whole)] if cut else whole))


PLAY = st.fixed_dictionaries(
    {},
    optional={
        "ts": CELL,
        "ms_played": VALUE,
        "endTime": CELL,
        "msPlayed": VALUE,
        "master_metadata_track_name": VALUE,
        "master_metadata_album_artist_name": CELL,
        "spotify_track_uri": CELL,
        "skipped": VALUE,
        "track_metadata": VALUE,
        "listened_at": VALUE,
        "timeMs": VALUE,
        "track": VALUE,
        "artist": VALUE,
        "time": VALUE,
        "ip_addr": CELL,
    },
)


@FEW
@given(st.lists(PLAY | VALUE, min_size=1, max_size=6), st.booleans())
def test_exports_of_junk(rows: list[Any], array: bool) -> None:
    account("export", "f.json", orjson.dumps(rows) if array else b"\n".join(map(orjson.dumps, rows)))


def flood(seed: int, count: int, packings: Sequence[str] = junk.PACKINGS) -> int:
    """Rows of every format among which the good ones are kept, whatever stands around them."""
    return sum(account(*file) for file in junk.files(seed, count, packings))


def wreck(seed: int, count: int) -> Counter[str]:
    """Every format after every accident, and how many files were read or refused."""
    accidents, result = junk.Junk(seed), Counter[str]()
    for whole in junk.files(seed, count):
        for damage in junk.DAMAGES:
            file = accidents.damaged(whole, damage)
            read = account(file.table, file.name, file.data)
            # what has a checksum, a footer or a frame is whole or refused
            sealed = file.name.endswith((".gz", ".parquet")) or (damage == "cut" and file.name.endswith((".zst", ".json")))
            assert not read or not sealed or damage == "renamed" or (read, file.table) == (whole.rows, whole.table)
            result["read" if read else "refused"] += 1
    return result


def test_rows_of_every_format() -> None:
    assert flood(seed=0, count=10, packings=[""]) > 200


@pytest.mark.slow
def test_ten_thousand_rows() -> None:
    rows = flood(seed=1, count=160)
    print(f"\n{rows:,} generated rows, each kept or rejected")  # noqa: T201
    assert rows >= 10_000


@pytest.mark.slow
def test_three_hundred_damaged_files() -> None:
    result = wreck(seed=2, count=25)
    print(f"\n{result.total()} damaged files: {result['refused']} refused, {result['read']} read, every row kept or rejected")  # noqa: T201
    assert result.total() >= 300
    assert min(result.values()) > 30


WHOLE: dict[str, dict[str, Any]] = {
    "extended": {
        "ts": "2024-05-01T10:00:00Z", "ms_played": 1000, "master_metadata_track_name": "T",
        "master_metadata_album_artist_name": "A",
        "master_metadata_album_album_name": "L", "spotify_track_uri": "spotify:track:0AbCdEfGhIjKlMnOpQrSt1", "episode_name": "E",
        "spotify_episode_uri": "x", "audiobook_title": "B", "audiobook_uri": "y", "reason_start": "trackdone",
        "reason_end": "fwdbtn", "skipped": True, "incognito_mode": False,
    },
    "basic": {
        "endTime": "2024-05-01 10:00", "msPlayed": 1000, "trackName": "T", "artistName": "A", "podcastName": "P",
        "audiobookName": "B",
    },
    "listenbrainz": {
        "listened_at": 1_748_964_167,
        "track_metadata": {
            "track_name": "T", "artist_name": "A", "release_name": "L", "additional_info": {"isrc": "x", "duration_ms": 5},
            "mbid_mapping": {"recording_mbid": "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0", "artists": [{"artist_credit_name": "A"}]},
        },
    },
    "maloja": {"time": 1_760_532_613, "track": {"artists": ["A"], "title": "T", "length": 5}, "duration": 5, "origin": "x"},
    "pano": {
        "timeMs": 1_762_874_400_000, "artist": "A", "track": "T", "album": "L", "durationMs": 1000, "event": "love",
        "mediaPlayerName": "p",
    },
}  # fmt: skip
"""One whole play of every JSON format."""


@st.composite
def broken(draw: st.DrawFn, row: dict[str, Any]) -> dict[str, Any]:
    """The row with any subset of its fields, at any depth, absent, null or of any other value."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        fate = draw(st.sampled_from(["whole", "whole", "null", "junk", "absent"]))
        if fate == "whole":
            out[name] = draw(broken(value)) if isinstance(value, dict) else value
        elif fate != "absent":
            out[name] = None if fate == "null" else draw(VALUE)
    return out


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data(), st.sampled_from(sorted(WHOLE)), st.booleans())
def test_every_object_of_every_export_is_kept_or_rejected(data: st.DataObject, form: str, array: bool) -> None:
    rows = [WHOLE[form], *data.draw(st.lists(broken(WHOLE[form]), min_size=1, max_size=6))]
    read = account("export", "f.json", orjson.dumps(rows) if array else b"\n".join(map(orjson.dumps, rows)))
    assert read == len(rows)
