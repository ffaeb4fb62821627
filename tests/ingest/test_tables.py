"""Table files into the lake: every format, every bad input, every row accounted for."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.errors import InputError, UsageError
from recsys.ingest import CODES, FilesRefusedError, ingest
from recsys.lake import Lake
from recsys.tables import TRACKS
from tests.ingest.conftest import Put

EVENTS_CSV = """type,user_id,track_id,occurred_at,completed_ms
play,u,a,2024-01-05T14:23:00Z,1000
like,u,b,,
play,v,a,2024-01-05T14:23:00+02:00,
"""
EVENTS_JSONL = """{"type":"play","user_id":"u","track_id":"a","occurred_at":"2024-01-05T14:23:00Z","completed_ms":1000}
{"type":"like","user_id":"u","track_id":"b"}
{"type":"play","user_id":"v","track_id":"a","occurred_at":1704457380}
"""


def forms() -> dict[str, bytes]:
    plain = {
        "events.csv": EVENTS_CSV.encode(),
        "excel.csv": b"\xef\xbb\xbf" + EVENTS_CSV.replace(",", ";").replace("\n", "\r\n").encode(),
        "events.jsonl": EVENTS_JSONL.encode(),
        "events.json": ("[" + ",".join(EVENTS_JSONL.splitlines()) + "]").encode(),
    }
    plain["events.parquet"] = _parquet(pl.read_csv(EVENTS_CSV.encode(), infer_schema=False))
    gzipped = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in plain.items()}
    return plain | gzipped | {f"{name}.zst": pa.compress(data, "zstd", asbytes=True) for name, data in plain.items()}


def _parquet(frame: pl.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(frame.to_arrow(), sink)
    return bytes(sink.getvalue())


@pytest.mark.slow
@pytest.mark.parametrize("name", forms())
def test_every_format_says_the_same(name: str, lake: Lake, put: Put) -> None:
    (report,) = ingest(lake, "events", [put(name, forms()[name])])
    assert (report.source, report.table, report.rows_read, report.kept, report.rejected) == (name, "events", 3, 3, 0)
    events = lake.input("events")
    kind = name.partition(".")[2].split(".")[0].removesuffix("l")
    assert events["source"].unique().to_list() == [f"{kind} {name}"]
    assert events.select("user_id", "track_id", "type", "completed_ms").rows() == [
        ("u", "a", "play", 1000),
        ("u", "b", "like", None),
        ("v", "a", "play", None),
    ]
    assert events["occurred_at"].dt.strftime("%F %T").to_list() == ["2024-01-05 14:23:00", None, "2024-01-05 12:23:00"]


def test_tracks_get_an_origin_and_a_song_key(lake: Lake, put: Put) -> None:
    ingest(
        lake,
        "tracks",
        [put("t.csv", 'track_id,title,artist,artists,genres,song_key\na,Héros (Live),X & Y,"Z|X",rock|pop,mine\nb,,,,,\n')],
    )
    tracks = lake.input("tracks")
    assert tracks.select("id", "origin", "song_key", "genres").rows() == [
        ("a", "catalog", "z | heros", ["rock", "pop"]),
        ("b", "catalog", None, None),
    ]
    assert tracks.drop("batch").schema == TRACKS.schema


def test_the_same_bytes_change_nothing(lake: Lake, put: Put) -> None:
    bad = EVENTS_CSV + "listen,u,a,,\n"
    (first,) = ingest(lake, "events", [put("one.csv", bad)])
    again, fresh = ingest(lake, "events", [put("two.csv", bad), put("three.csv", EVENTS_CSV)])
    assert again.already
    assert not first.already
    assert (again.rows_read, again.kept, again.causes, again.examples) == (4, 3, {"allowed": 1}, first.examples)
    assert not fresh.already
    assert lake.input("events").height == 6


def test_rejects_hold_everything_needed_to_find_the_row(lake: Lake, put: Put) -> None:
    (report,) = ingest(lake, "events", [put("e.csv", EVENTS_CSV + 'play,"u\nv",c,2024-01-05,\n\nplay,,c,,\n')])
    rejects = lake.rejects().to_dicts()
    assert report.causes == {"missing": 1, "zone": 1}
    assert set(report.examples) == {"missing", "zone"}
    assert [(row["line"], row["column"], row["code"], row["raw"]) for row in rejects] == [
        (5, "occurred_at", "zone", 'play,"u\nv",c,2024-01-05,'),
        (8, "user_id", "missing", "play,,c,,"),
    ]
    assert {(row["table"], row["source"], row["batch"]) for row in rejects} == {
        ("events", "e.csv", lake.batches("events")[0].digest)
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("play,u,a,,x", "type"),
        ("play,u,a,,nan", "not_finite"),
        ("play,u,a,,inf", "not_finite"),
        ("play,u,a,,-1", "range"),
        ("play,u,a,9999-12-31T00:00:00Z,", "time_range"),
        ("play,u,a,2024-01-05T14:23:00,", "zone"),
        ("play,u,a,1704464581000,", "epoch"),
        ("play,u,a,soon,", "time"),
        ("hum,u,a,,", "allowed"),
        ("play, ,a,,", "missing"),
        ("play,u,,,", "missing"),
        ("play,u,a,,,", "fields"),
        ('play,"u,a,,', "quote"),
        ("play,u\0,a,,", "text"),
        ("play,u,\udcff,,", "utf8"),
    ],
)
def test_each_bad_row_is_rejected_and_the_others_are_kept(cell: str, code: str, lake: Lake, put: Put) -> None:
    data = (EVENTS_CSV + cell + "\nsave,w,a,,\n").encode("utf-8", "surrogateescape")
    (report,) = ingest(lake, "events", [put("e.csv", data)])
    assert (report.rows_read, report.kept, dict(report.causes)) == (5, 4, {code: 1})
    assert lake.rejects()["line"].to_list() == [5]
    assert code in CODES


def test_a_feature_outside_its_range_and_a_track_that_is_there_twice(lake: Lake, put: Put) -> None:
    (report,) = ingest(lake, "tracks", [put("t.csv", "id,energy,title\na,0.5,first\nb,1.5,x\na,0.7,second\nc,,\n")])
    assert dict(report.causes) == {"duplicate": 1, "range": 1}
    assert report.examples["duplicate"] == "line 4: id is already on line 2; the first is kept"
    assert lake.input("tracks").select("id", "title").rows() == [("a", "first"), ("c", None)]


@pytest.mark.parametrize(("table", "header", "key"), [("controls", "user_id,list", "u"), ("requests", "user_id,list", "u,l")])
def test_one_record_per_key_in_a_file(table: str, header: str, key: str, lake: Lake, put: Put) -> None:
    head = header if table == "requests" else "user_id"
    (report,) = ingest(lake, table, [put("f.csv", f"{head}\n{key}\n{key}\n")])
    assert (report.kept, dict(report.causes)) == (1, {"duplicate": 1})


def test_equal_events_are_all_kept(lake: Lake, put: Put) -> None:
    (report,) = ingest(lake, "events", [put("e.csv", EVENTS_CSV + EVENTS_CSV.partition("\n")[2])])
    assert report.kept == 6


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("e.csv", b"", "the file is empty"),
        ("e.csv", b"user_id,track_id,type\n\n", "no rows in it"),
        ("e.csv", b"user_id,track,type\nu,a,play\n", "did you mean 'track_id'"),
        ("e.csv", b"user_id,type\nu,play\n", "column 'track_id' is required"),
        ("e.csv", b"user_id,track_id,type,type\nu,a,play,play\n", "there twice"),
        ("e.csv", b'user_id,"track_id,type\nu,a,play\n', "a quoted name is not closed"),
        ("e.csv", b"user_id,\xff,type\nu,a,play\n", "header: byte 9"),
        (
            "e.csv",
            b"user_id,track_id,type\nu,a,plai\n,b,play\n",
            r"none of its 2 rows can be used \(allowed 1, missing 1\); line 2: type is plai",
        ),
        ("e.parquet", b"PAR1 and junk", "unreadable Parquet"),
        ("e.parquet", b"junk", "not a Parquet file"),
        ("e.json", b'[{"user_id":', "not JSON"),
        ("e.json", b"[]", "no rows in it"),
        ("e.jsonl", b"hello\n", "its only row cannot be used .json 1."),
        ("e.jsonl.gz", gzip.compress(EVENTS_JSONL.encode(), mtime=0)[:-9], "damaged or cut-off"),
        ("e.csv", b"PK\x03\x04", "damaged or cut-off"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_nothing(name: str, data: bytes, message: str, lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ingest(lake, "events", [put(name, data)])
    assert name in str(caught.value)
    assert lake.batches() == []


def test_good_files_beside_a_bad_one_are_ingested(lake: Lake, put: Put, tmp_path: Path) -> None:
    put("in/a.csv", EVENTS_CSV)
    put("in/b.csv", "nonsense\n1\n")
    put("in/c.jsonl", EVENTS_JSONL)
    with pytest.raises(FilesRefusedError, match=r"b\.csv: 'nonsense' is not a column(?s:.)*1 of the files refused") as caught:
        ingest(lake, "events", [tmp_path / "files" / "in"])
    assert [report.source for report in caught.value.reports] == ["a.csv", "c.jsonl"]
    assert lake.input("events").height == 6


def test_a_path_that_is_not_there_stops_before_anything_is_read(lake: Lake, put: Put, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        ingest(lake, "events", [put("a.csv", EVENTS_CSV), tmp_path / "missing.csv"])
    assert lake.batches() == []


def test_times_without_a_zone(lake: Lake, put: Put) -> None:
    path = put("e.csv", "user_id,track_id,type,occurred_at\nu,a,play,2024-07-05 14:23\n")
    with pytest.raises(InputError, match="--time-zone"):
        ingest(lake, "events", [path])
    ingest(lake, "events", [path], time_zone="Europe/Berlin")
    assert lake.input("events")["occurred_at"].dt.hour().to_list() == [12]
    with pytest.raises(UsageError, match="Mars/Olympus"):
        ingest(lake, "events", [path], time_zone="Mars/Olympus")


def test_unknown_table(lake: Lake, put: Put) -> None:
    with pytest.raises(UsageError, match="allowed: tracks, events, controls, requests"):
        ingest(lake, "rankings", [put("a.csv", "x")])


def test_progress_ends_at_the_end(lake: Lake, put: Put) -> None:
    for name in ("events.csv", "events.jsonl.gz", "events.parquet"):
        path, seen = put(name, forms()[name]), []
        ingest(lake, "events", [path], progress=lambda *step, seen=seen: seen.append(step))
        assert seen[-1] == (name, path.stat().st_size, path.stat().st_size)


def test_events_are_counted_that_name_a_track_of_the_catalogue(lake: Lake, put: Put) -> None:
    ingest(lake, "tracks", [put("t.csv", "id\na\n")])
    (report,) = ingest(lake, "events", [put("e.csv", EVENTS_CSV)])
    assert (report.kept, report.matched) == (3, 2)
