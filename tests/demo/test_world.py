"""The demo world as a whole: deterministic, within the contract, marked as synthetic, and written as it is."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from recsys.demo import DemoWorld, world, write
from recsys.errors import UsageError
from recsys.inputs import Inputs
from recsys.tables import TABLES


@pytest.mark.slow
def test_same_seed_gives_same_bytes_in_another_process(demo: DemoWorld, tmp_path: Path) -> None:
    here = write(demo, tmp_path / "here")
    command = "from pathlib import Path; import sys; from recsys.demo import *; write(world(), Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "POLARS_MAX_THREADS": "1"}
    subprocess.run([sys.executable, "-c", command, str(tmp_path / "there")], check=True, env=environment)
    assert _digests(tmp_path / "here") == _digests(tmp_path / "there")
    assert set(here) == {"tracks", "events", "controls", "requests"}


@pytest.mark.slow
def test_another_seed_gives_another_world(demo: DemoWorld) -> None:
    assert not world(seed=1).events.equals(demo.events)


def test_frames_fit_the_contract_and_its_ranges(demo: DemoWorld) -> None:
    Inputs(demo.tracks, demo.events, demo.controls, demo.requests)
    for name in ("tracks", "events", "controls", "requests"):
        table, frame = TABLES[name], getattr(demo, name)
        assert frame.schema == table.schema
        assert not frame.select(table.key).is_duplicated().any()
        for column in table:
            if column.low is not None and column.high is not None:
                assert frame[column.name].drop_nulls().is_between(column.low, column.high).all(), column.name


def test_everything_is_marked_as_synthetic(demo: DemoWorld) -> None:
    for ids in (demo.tracks["id"], demo.events["user_id"], demo.events["track_id"], demo.controls["user_id"], demo.groups["id"]):
        assert ids.str.starts_with("demo-").all()


def test_written_files_hold_the_same_rows(demo: DemoWorld, tmp_path: Path) -> None:
    files = write(demo, tmp_path)
    assert pl.read_parquet(files["tracks"]).equals(demo.tracks)
    assert pl.read_csv(gzip.decompress(files["events"].read_bytes()), infer_schema=False).height == demo.events.height
    controls = [json.loads(line) for line in files["controls"].read_text().splitlines()]
    assert [row["user_id"] for row in controls] == demo.controls["user_id"].to_list()
    postponed = [item for row in controls for item in row.get("postponed_tracks", [])]
    assert postponed
    assert all(item["until"] == "2026-07-01T00:00:00+00:00" for item in postponed)
    assert "Synthetic" in (tmp_path / "README.md").read_text()


def test_a_folder_that_cannot_be_written_is_named(demo: DemoWorld, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file/demo: the demo files cannot be written: Not a directory"):
        write(demo, tmp_path / "file" / "demo")


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
