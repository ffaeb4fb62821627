"""The folder that files are dropped into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.ingest import FilesRefusedError
from recsys.ingest.inbox import ingest_inbox
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
