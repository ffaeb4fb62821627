"""A request for a mode that does not exist is a reject that says which there are; what exists is a matter of the settings."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake, Settings
from recsys.ingest import ingest
from recsys.ingest.inbox import ingest_inbox
from tests.cli.conftest import Recsys, recsys  # noqa: F401

MODES = ("balanced", "Comfort ", None, "", "party")


@pytest.fixture
def wishes(tmp_path: Path) -> Path:
    path = tmp_path / "wishes.jsonl"
    rows = [{"user_id": "ann", "list": f"list {number}", "mode": mode} for number, mode in enumerate(MODES)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def rejects(lake: Lake) -> list[tuple[object, ...]]:
    return lake.rejects().select("line", "column", "code", "reason").rows()


def test_an_unknown_mode_is_rejected_with_those_that_exist(tmp_path: Path, wishes: Path) -> None:
    lake = Lake(tmp_path / "lake")
    ingest(lake, "requests", [wishes], modes=Settings().named_modes)
    reason = "mode is party; allowed: balanced, comfort, discovery"
    assert rejects(lake) == [(5, "mode", "allowed", reason)]
    assert lake.input("requests")["mode"].to_list() == ["balanced", "Comfort ", None, None]


def test_a_mode_that_the_settings_get_later_lets_the_same_file_in(tmp_path: Path, wishes: Path) -> None:
    lake = Lake(tmp_path / "lake")
    ingest(lake, "requests", [wishes], modes=Settings().named_modes)
    (again,) = ingest(lake, "requests", [wishes], modes=("balanced", "comfort", "discovery", "party"))
    assert (again.kept, again.already) == (5, False)
    latest = lake.input("requests").filter(pl.col("list") == "list 4")
    assert latest["mode"].to_list() == ["party"]


def test_the_night_takes_the_modes_of_its_settings(tmp_path: Path, wishes: Path) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "requests").mkdir(parents=True)
    wishes.rename(inbox / "requests" / wishes.name)
    ingest_inbox(Lake(tmp_path / "strict"), inbox, modes=Settings().named_modes)
    ingest_inbox(Lake(tmp_path / "reference"), inbox, modes=Settings.reference().named_modes)
    assert len(rejects(Lake(tmp_path / "strict"))) == 1
    assert rejects(Lake(tmp_path / "reference")) == []


def test_the_command_takes_the_modes_of_the_settings_file(recsys: Recsys, tmp_path: Path, wishes: Path) -> None:  # noqa: F811
    lake = tmp_path / "lake"
    answer = recsys("ingest", "requests", wishes, "--lake", lake)
    assert (answer.code, answer.err) == (0, "")
    assert len(rejects(Lake(lake))) == 1
    Path("recsys.toml").write_text("[modes.party]\nfamiliarity = 2.0\n", encoding="utf-8")
    assert recsys("ingest", "requests", wishes, "--lake", lake).code == 0
    assert len(rejects(Lake(lake))) == 1
    assert Lake(lake).input("requests").height == 4 + 5
