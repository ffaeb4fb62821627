"""Exports as a whole: archives, repeats, privacy, matches with the catalogue, and the real samples."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from recsys.errors import InputError, LakeError, UsageError
from recsys.ingest import FilesRefusedError, ingest, ingest_export
from recsys.lake import Lake
from tests.ingest.conftest import Put
from tests.ingest.exports.test_spotify import SONG, basic, extended


def archive(**members: object) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in members.items():
            packed.writestr(f"my data/{name}.json", json.dumps(content))
    return buffer.getvalue()


def test_an_archive_is_its_files_and_what_is_no_history_is_left_alone(lake: Lake, put: Put) -> None:
    plays = [basic("2022-12-05 00:01", "a", 40_000)]
    seen: list[tuple[str, int, int]] = []
    packed = put("data.zip", archive(StreamingHistory0=plays, Userdata={"email": "x@y.z"}))
    reports = ingest_export(lake, "ann", [packed], progress=lambda *step: seen.append(step))
    assert seen[0] == ("StreamingHistory0.json", len(json.dumps(plays)), len(json.dumps(plays)))
    assert [(report.source, report.table, report.kept, bool(report.note)) for report in reports] == [
        ("StreamingHistory0.json", "events", 1, False),
        ("StreamingHistory0.json", "tracks", 1, False),
        ("Userdata.json", "events", 0, True),
    ]
    again = ingest_export(lake, "ann", [put("StreamingHistory0.json", json.dumps(plays))])
    assert [report.already for report in again] == [True, True]
    assert lake.input("events").height == 1


def test_another_listener_may_bring_the_same_bytes(lake: Lake, put: Put) -> None:
    path = put("s.json", json.dumps([extended()]))
    ingest_export(lake, "ann", [path])
    ingest_export(lake, "bob", [path])
    assert lake.input("events")["user_id"].to_list() == ["ann", "bob"]


def test_what_is_no_history(lake: Lake, put: Put, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Userdata\.json: no listening history.*Known: Spotify"):
        ingest_export(lake, "ann", [put("in/Userdata.json", '{"email": "x@y.z"}')])
    put("in/Inferences.json", '["a", 5, null]')
    with pytest.raises(InputError, match=r"files/in: no listening history in it"):
        ingest_export(lake, "ann", [tmp_path / "files" / "in"])
    with pytest.raises(InputError, match="the file is empty"):
        ingest_export(lake, "ann", [put("empty.json", "")])
    with pytest.raises(InputError, match="not JSON"):
        ingest_export(lake, "ann", [put("cut.json", '[{"ts": "2024')])
    with pytest.raises(UsageError, match="user_id is ' '; name"):
        ingest_export(lake, " ", [put("s.json", "[]")])
    assert lake.batches() == []


def test_a_bad_file_among_good_ones(lake: Lake, put: Put) -> None:
    with pytest.raises(FilesRefusedError, match=r"b\.json: not JSON") as caught:
        ingest_export(lake, "ann", [put("a.json", json.dumps([extended()])), put("b.json", "[{")])
    assert [report.table for report in caught.value.reports] == ["events", "tracks"]


CANARIES = ("203.0.113.7", "CanaryAgent/1.0", "canary-user", "canary-place", "CanaryPhone")


@pytest.mark.slow
def test_personal_data_never_leaves_the_reader(lake: Lake, put: Put, tmp_path: Path) -> None:
    private = {
        "username": "canary-user",
        "ip_addr": "203.0.113.7",
        "ip_addr_decrypted": "203.0.113.7",
        "user_agent_decrypted": "CanaryAgent/1.0",
        "platform": "CanaryPhone",
        "conn_country": "canary-place",
    }
    spotify = [
        extended(**private),
        extended(**private, ts="bad"),
        extended(**private, incognito_mode=True),
        extended(**private, skipped=[]),
    ]
    listen = {
        "listened_at": 1,
        "user_name": "canary-user",
        "track_metadata": {"track_name": "a", "artist_name": "b", "additional_info": {"listening_from": "canary-place"}},
    }
    good = listen | {"listened_at": 1_748_964_167}
    files = [
        put("s.json", json.dumps([*spotify, "canary-user"])),
        put(
            "l.jsonl",
            "\n".join([json.dumps(listen), json.dumps(good), '{"user_name": "canary-user"', '{"ip": NaN, "x": "canary-user"}']),
        ),
        put(
            "f.csv",
            'userid,artist,track,time\ncanary-user,a,b,1704067200\ncanary-user,a,b,soon\ncanary-user,a\n"canary-user,a,b,1\n',
        ),
        put("g.csv", "Artist;Album;AlbumId;Track;Date#canary-user\na;b;;c;1704067200000\na;b;;c;5\n"),
        put("h.csv", b"userid,artist,track,time\ncanary-user,a,b,1704067200\ncanary-user,\xff,b,1704067200\n"),
    ]
    reports = ingest_export(lake, "ann", files)
    assert lake.rejects().height == 12
    tables = [lake.rejects(), lake.input("events"), lake.input("tracks")]
    seen = repr(reports) + "".join(json.dumps(table.to_dicts(), default=str) for table in tables)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "lake").rglob("*") if path.is_file())
    assert [canary for canary in CANARIES if canary in seen or canary.encode() in stored] == []


def test_matches_with_the_catalogue(lake: Lake, put: Put) -> None:
    ingest(lake, "tracks", [put("t.csv", f"id,title,artist,isrc\n{SONG[-22:]},x,y,\nother,Fake Love,RVNS,\n")])
    songs = [basic("2022-12-05 00:01", "Fake Love - Live", 40_000), basic("2022-12-05 00:02", "New", 40_000)]
    assert ingest_export(lake, "ann", [put("b.json", json.dumps(songs))])[1].matched == 1
    assert ingest_export(lake, "ann", [put("e.json", json.dumps([extended()]))])[1].matched == 1


@pytest.mark.slow
def test_the_samples(shared: Path, tmp_path: Path) -> None:
    """Every row of every sample is kept or rejected; those that hold no history are refused by name."""
    folders = [
        shared / "providers/fixtures/exports",
        shared / "providers/fixtures/listenbrainz",
        shared / "data/listenbrainz_fixtures/raw_importer",
    ]
    lake, refused = Lake(tmp_path / "lake"), set()
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        with contextlib.suppress(InputError):
            ingest_export(lake, "ann", [path])
            continue
        refused.add(path.name)
    assert all(batch.rows_read == batch.kept + batch.rejected for batch in lake.batches())
    assert {batch.source for batch in lake.batches("events")} >= {
        "librefm.csv",
        "maloja.json",
        "panoscrobbler.jsonl",
        "listens.jsonl",
        "lastfm_ghan_nl.csv",
    }
    assert refused >= {"librefm_no_header.csv", "all_invalid.jsonl", "maloja_malformed.json", "timestamp_in_ns.json"}
    assert not set(lake.rejects()["code"]) & {"utf8", "json", "quote"}


@pytest.mark.slow
def test_the_real_history(shared: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    reports = ingest_export(lake, "ann", [shared / "data/personal_exports/raw_spotify_example"])
    plays = [report for report in reports if report.table == "events"]
    assert sum(report.rows_read for report in plays) == 29_392
    assert set(lake.rejects()["code"]) <= {"duplicate", "missing", "interrupted"}
    assert lake.input("events")["type"].unique().to_list() == ["play"]


def test_songs_are_stored_before_the_events_that_name_them(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads between the two, or after a failure of the second, has no events of unknown songs."""
    path = tmp_path / "s.csv"
    path.write_text("artist,track,uts\nAda,One,1700000000\n")
    store = Lake.add_batch

    def full(self: Lake, table: str, *arguments: Any, **more: Any) -> object:
        if table == "events":
            raise LakeError("the disk is full")
        return store(self, table, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "add_batch", full)
        with pytest.raises(LakeError, match="full"):
            ingest_export(lake, "ann", [path])
    assert (len(lake.batches("tracks")), len(lake.batches("events"))) == (1, 0)
    ingest_export(lake, "ann", [path])
    assert (len(lake.batches("tracks")), len(lake.batches("events"))) == (1, 1)


def test_an_empty_file_of_an_export_stops_nothing(lake: Lake, put: Put) -> None:
    folder = put("x/feedback.jsonl", "").parent
    put("x/listens.jsonl", '{"listened_at":1749776100,"track_metadata":{"track_name":"S","artist_name":"A"}}')
    reports = ingest_export(lake, "ann", [folder])
    assert [(report.source, report.kept) for report in reports[:2]] == [("feedback.jsonl", 0), ("listens.jsonl", 1)]
    with pytest.raises(InputError, match=r"feedback.jsonl: the file is empty"):
        ingest_export(lake, "ann", [folder / "feedback.jsonl"])
