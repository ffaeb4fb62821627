"""The folder that files are dropped into."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.ingest import FilesRefusedError
from recsys.ingest.inbox import REFUSED, ingest_inbox, set_aside
from recsys.lake import Lake
from tests.ingest.conftest import Put
from tests.ingest.exports.test_spotify import extended


def test_every_kind_of_file_finds_its_table(lake: Lake, put: Put, tmp_path: Path) -> None:
    put("tracks/t.csv", "id\na\n")
    put("events/e.jsonl", '{"user_id":"u","track_id":"a","type":"like"}')
    put("exports/ann/s.json", json.dumps([extended()]))
    inbox = tmp_path / "files"
    assert [(report.source, report.table) for report in ingest_inbox(lake, inbox)] == [
        ("t.csv", "tracks"),
        ("e.jsonl", "events"),
        ("s.json", "events"),
        ("s.json", "tracks"),
    ]
    assert sorted(lake.input("events")["user_id"]) == ["ann", "u"]
    assert all(report.already for report in ingest_inbox(lake, inbox))


def test_what_cannot_be_used_is_told_after_the_rest(lake: Lake, put: Put, tmp_path: Path) -> None:
    put("tracks/t.csv", "nonsense\n1\n")
    put("events/e.csv", "user_id,track_id,type\nu,a,like\n")
    with pytest.raises(FilesRefusedError, match=r"t\.csv: 'nonsense' is not a column"):
        ingest_inbox(lake, tmp_path / "files")
    assert lake.input("events").height == 1


def test_no_inbox(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder; create it"):
        ingest_inbox(lake, tmp_path / "nowhere")


def test_a_bad_file_is_set_aside_with_its_reason_and_does_not_come_back(lake: Lake, put: Put, tmp_path: Path) -> None:
    bad = put("events/deep/e.csv", "nonsense\n1\n")
    put("events/good.csv", "user_id,track_id,type\nu,a,like\n")
    put("exports/ann/s.json", "[" * 50)
    inbox = tmp_path / "files"
    with pytest.raises(FilesRefusedError, match="set aside"):
        ingest_inbox(lake, inbox)
    aside = inbox / REFUSED / "events" / "deep" / "e.csv"
    assert (bad.exists(), aside.read_text()) == (False, "nonsense\n1\n")
    assert "'nonsense' is not a column" in aside.with_name("e.csv.reason.txt").read_text()
    assert (inbox / REFUSED / "exports" / "ann" / "s.json").is_file()
    assert [report.already for report in ingest_inbox(lake, inbox)] == [True]


def test_what_may_be_good_the_next_time_stays(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.touch()
    error = InputError("still written")
    error.path, error.passing = path, True
    assert set_aside(tmp_path, error) is error
    error.passing = False
    assert str(set_aside(tmp_path / "other", error)) == "still written"
    assert path.exists()
    assert "set aside" in str(set_aside(tmp_path, error))
    assert not path.exists()


def test_a_folder_that_cannot_be_looked_into_is_said(
    lake: Lake, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("events/good.csv", "user_id,track_id,type\nu,a,like\n")
    put("events/closed/e.csv", "user_id,track_id,type\nu,b,like\n")
    put("tracks/closed/t.csv", "id\na\n")
    scan = os.scandir

    def scandir(place: str) -> object:  # whoever runs the tests may be allowed to look everywhere
        if Path(place).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), place)
        return scan(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(FilesRefusedError) as raised:
        ingest_inbox(lake, tmp_path / "files")
    assert str(raised.value).count("cannot be looked into (Permission denied)") == 2
    assert lake.input("events")["track_id"].to_list() == ["a"]
