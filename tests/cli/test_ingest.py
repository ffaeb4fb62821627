"""`recsys ingest`: every row is accounted for on the screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys import Lake
from tests.cli.conftest import Recsys

EVENTS = "user_id,track_id,type,occurred_at\nann,a,play,2026-01-01T10:00:00Z\nann,b,plya,2026-01-01T10:05:00Z\n"


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    return path


def words(text: str) -> list[str]:
    return text.split()


def test_rows_are_accounted_for_with_an_example_of_each_cause(recsys: Recsys, events: Path) -> None:
    answer = recsys("ingest", "events", events)
    assert (answer.code, answer.err) == (0, "")
    assert words(answer.out.splitlines()[3])[:5] == ["events", "events.csv", "2", "1", "1"]
    assert "0 events of tracks in the catalogue" in answer.out
    assert "allowed" in answer.out
    assert "line 3" in answer.out
    assert "recsys run" in answer.out
    assert Lake("data/lake").input("events").height == 1


def test_same_bytes_again_change_nothing_and_say_so(recsys: Recsys, events: Path) -> None:
    recsys("ingest", "events", events)
    answer = recsys("ingest", "events", events.rename(events.with_name("again.csv")))
    assert answer.code == 0
    assert "already in the lake" in answer.out
    assert len(Lake("data/lake").batches()) == 1


@pytest.mark.parametrize("table", ["tracks", "controls", "requests"])
def test_other_tables(recsys: Recsys, tmp_path: Path, table: str) -> None:
    rows = {"tracks": '{"id": "a"}', "controls": '{"user_id": "ann"}', "requests": '{"user_id": "*", "list": "short"}'}
    path = tmp_path / f"{table}.jsonl"
    path.write_text(rows[table])
    assert recsys("ingest", table, path, "--lake", tmp_path / "lake").code == 0
    assert Lake(tmp_path / "lake").input(table).height == 1


def test_export(recsys: Recsys, tmp_path: Path) -> None:
    path = tmp_path / "StreamingHistory_music_0.json"
    path.write_text('[{"endTime": "2026-01-01 10:00", "artistName": "Ada", "trackName": "One", "msPlayed": 200000}]')
    answer = recsys("ingest", "export", path, "--user", "ann")
    assert (answer.code, answer.err) == (0, "")
    assert Lake("data/lake").input("events")["user_id"].to_list() == ["ann"]
    assert "songs found in the catalogue" in answer.out


def test_good_files_are_ingested_and_shown_when_another_is_refused(recsys: Recsys, events: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    answer = recsys("ingest", "events", events, tmp_path / "empty.csv")
    assert answer.code == 3
    assert "events.csv" in answer.out
    assert "empty.csv" in answer.err


def test_missing_file_and_missing_user(recsys: Recsys) -> None:
    answer = recsys("ingest", "events", "nowhere.csv")
    assert answer.code == 3
    assert "nowhere.csv" in answer.err
    assert recsys("ingest", "export", "nowhere.json").code == 2
    assert recsys("ingest", "events").code == 2


@pytest.mark.slow
def test_many_files_share_a_line(recsys: Recsys, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(25):
        (folder / f"{number:02}.csv").write_text(f"user_id,track_id,type\nu{number},a,play\nu{number},a,plai\n")
    for remark in ("", "already in the lake"):
        answer = recsys("ingest", "events", folder)
        assert answer.code == 0
        (line,) = [line for line in answer.out.splitlines() if "25 files, 00.csv … 24.csv" in line]
        assert line.split()[-3:] == ["50", "25", "25"] or remark in line
        assert len(answer.out.splitlines()) < 15
    assert Lake("data/lake").input("events").height == 25


def test_a_dry_run_shows_lists_and_objects_as_people_write_them(recsys: Recsys, tmp_path: Path) -> None:
    control = {
        "user_id": "ann",
        "excluded_genres": ["jazz", "folk"],
        "postponed_tracks": [{"track_id": "a", "until": "2026-07-01T00:00:00Z"}],
    }
    (tmp_path / "c.jsonl").write_text(json.dumps(control))
    out = " ".join(recsys("ingest", "controls", "c.jsonl", "--dry-run").out.split())
    assert "jazz, folk" in out
    assert "a 2026-07-01 00:00 UTC" in out


def test_a_dry_run_shows_the_rows_and_keeps_nothing(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,title,artist,popularity\na,One,Ada,0.5\nb,Two,Bel,7\n")
    answer = recsys("ingest", "tracks", "t.csv", "--dry-run")
    assert answer.code == 0
    for part in ("t.csv, first 1 of 1 rows", "Ada", "line 3", "nothing was ingested"):
        assert part in answer.out
    (report,) = json.loads(recsys("ingest", "tracks", "t.csv", "--dry-run", "--format", "json").out)
    (row,) = report["rows"]
    assert (row["artist"], "album" in row, report["rejected"]) == ("Ada", False, 1)
    assert not (tmp_path / "data").exists()
    assert recsys("ingest", "tracks", "t.csv", "--quiet").out == ""
    (report,) = json.loads(recsys("ingest", "tracks", "t.csv", "--format", "json").out)
    assert (report["kept"], report["rejected"], report["already"]) == (1, 1, True)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    assert recsys("ingest", "tracks", "bad.parquet", "--quiet").code == 3
