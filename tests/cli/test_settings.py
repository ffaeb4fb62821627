"""`recsys settings`: values with their origin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys.cli.settings import meaning, written
from recsys.settings import PRESETS, Settings
from tests.cli.conftest import Recsys


def test_values_and_origins(recsys: Recsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recsys.toml").write_text("list_limit = 30\n")
    (tmp_path / ".env").write_text("REC_POPULARITY_WEIGHT=0.5\n")
    monkeypatch.setenv("REC_CONTENT_WEIGHT", "0.3")
    result = json.loads(recsys("settings", "--preset", "reference", "--format", "json").out)
    assert result["list_limit"] == {"value": 30, "from": "recsys.toml"}
    assert result["popularity_weight"] == {"value": 0.5, "from": ".env"}
    assert result["content_weight"] == {"value": 0.3, "from": "environment"}
    assert result["preset"] == {"value": "reference", "from": "command line"}
    assert result["hide_rejected"] == {"value": False, "from": "preset reference"}


def test_table_has_every_setting(recsys: Recsys) -> None:
    answer = recsys("settings")
    for name in Settings.model_fields:
        assert f" {name} " in answer.out


def test_markdown_shows_what_the_reference_preset_changes(recsys: Recsys) -> None:
    lines = recsys("settings", "--format", "markdown").out.splitlines()
    changed = {line.split("`")[1] for line in lines[2:] if line.split(" | ")[2].strip()}
    assert changed == {"preset", *PRESETS["reference"]}


def test_unknown_key_and_bad_value_are_exit_2(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "recsys.toml").write_text("list_limits = 30\n")
    answer = recsys("settings")
    assert answer.code == 2
    assert "list_limits" in answer.err
    (tmp_path / "recsys.toml").write_text("list_limit = 1000\n")
    assert "list_limit (from recsys.toml)" in recsys("settings").err


def test_every_setting_says_what_it_means() -> None:
    assert all(meaning(name) for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "none"), (True, "true"), (0.44, "0.44"), (83.17766, "83.18"), (["a", "b"], "a, b"), (5, "5")]
)
def test_written(value: object, text: str) -> None:
    assert written(value) == text
