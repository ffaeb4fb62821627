"""`recsys show`: the list as stored, and a way on for every wrong question."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from recsys.cli.show import list_rows, print_list, summary
from recsys.tables import DROP_RULES
from tests.cli.conftest import Recsys


def test_table_shows_the_stored_list(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("show", "demo-u001", "--lake", lake.root, "--limit", 3)
    run = lake.published()
    rows = run.read("rankings").filter(pl.col("user_id") == "demo-u001", pl.col("list") == "balanced").sort("rank")
    assert (answer.code, answer.err) == (0, "")
    for row in rows.head(3).iter_rows(named=True):
        assert row["track_id"] in answer.out
        assert f"{row['score']:.4f}" in answer.out
    assert rows["track_id"][3] not in answer.out
    assert "demo-u001 · balanced · 3 of 10 tracks" in answer.out
    assert f"run {run.id}, as of 2026-06-01 00:00 UTC" in answer.out


def test_account_of_the_catalogue_adds_up(recsys: Recsys, lake: Lake) -> None:
    for name in ("balanced", "morning run"):
        listed = json.loads(recsys("show", "demo-u001", "--list", name, "--lake", lake.root, "--format", "json").out)
        assert listed["tracks"] == listed["candidates"] + sum(listed[f"dropped_{rule}"] for rule in DROP_RULES)


def test_json_holds_every_column_of_the_rows(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("show", "demo-u002", "--list", "comfort", "--lake", lake.root, "--format", "json")
    result = json.loads(answer.out)
    assert [row["rank"] for row in result["rows"]] == list(range(1, 11))
    assert {"title", "artist", "score", "reason", "explanation", "source"} <= set(result["rows"][0])
    assert result["run"] == lake.published().id


def test_cold_listener_gets_a_list_marked_cold(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("show", "demo-u298", "--lake", lake.root)
    assert answer.code == 0
    assert "[cold]" in answer.out


def test_unknown_listener_gets_near_names(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("show", "demo-u01", "--lake", lake.root)
    assert answer.code == 6
    assert "no listener 'demo-u01'; near: demo-u0" in answer.err
    assert recsys("show", "*", "--lake", lake.root).code == 0


def test_a_run_without_listeners_names_none(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,title,artist\na,One,Ada\n")
    assert recsys("ingest", "tracks", "t.csv", "--quiet").code == 0
    assert recsys("run", "--quiet").code == 0
    answer = recsys("show", "ann")
    assert answer.code == 6
    assert "no listener 'ann'; it was made without any listener's events; what everyone gets:  recsys show '*'" in answer.err


def test_unknown_list_gets_the_lists_there_are(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("show", "demo-u003", "--list", "mornings", "--lake", lake.root)
    assert answer.code == 6
    assert "lists: balanced, comfort, discovery, far away" in answer.err


def test_unknown_run_and_missing_lake_say_what_to_do(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    assert recsys("show", "demo-u001", "--run", "nope", "--lake", lake.root).code == 6
    answer = recsys("show", "demo-u001", "--lake", tmp_path / "none")
    assert answer.code == 4
    assert "recsys demo" in answer.err


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_limit_is_a_positive_number(recsys: Recsys, lake: Lake, limit: str) -> None:
    assert recsys("show", "demo-u001", "--limit", limit, "--lake", lake.root).code == 2


@pytest.mark.slow
def test_an_output_that_is_not_utf8_gets_replaced_signs(lake: Lake) -> None:
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "show", "*", "--lake", str(lake.root)]
    done = subprocess.run(command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?" in done.stdout
    assert done.stdout.isascii()


def test_a_narrow_screen_has_the_reason_in_a_line_of_its_own(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = recsys("show", "demo-u001", "--lake", lake.root).out.splitlines()
    rows = lake.published().read("rankings").filter(user_id="demo-u001", list="balanced").sort("rank")
    for row in rows.iter_rows(named=True):
        at = next(number for number, line in enumerate(out) if line.endswith(row["track_id"]))
        assert out[at].split()[0] == str(row["rank"])
        assert row["reason"].startswith(out[at + 1].strip().removesuffix(" […"))
    table = out[: out.index("", 4)]
    assert max(map(len, table)) <= 80
    assert not [line for line in out if line != line.rstrip()]


def test_what_of_a_wish_is_unknown_is_said(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    run = lake.published()
    listed = summary(run, "demo-u001", "balanced") | {"remarks": "unknown seed tracks: x"}
    print_list(run, listed, list_rows(run, "demo-u001", "balanced"))
    assert "not as asked for: unknown seed tracks: x\n" in capsys.readouterr().out
