"""`recsys tune`: a settings file with its evidence, and words for bad input."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recsys.settings import load
from tests.cli.conftest import Recsys
from tests.cli.test_evaluate import PAIRS


@pytest.mark.slow
def test_writes_settings_that_load(recsys: Recsys, tmp_path: Path) -> None:
    PAIRS.write_parquet(tmp_path / "train.parquet")
    answer = recsys("tune", "--train", "train.parquet", "--trials", "2", "--out", "recsys.toml")
    assert (answer.code, answer.err) == (0, "")
    assert "gain in ndcg@10" in answer.out
    settings, origins = load(folder=tmp_path, environment={})
    assert origins["collab_weight"] == "recsys.toml"
    assert 0.25 <= settings.collab_weight <= 10


def test_nothing_to_compare(recsys: Recsys, tmp_path: Path) -> None:
    pl.DataFrame({"user_id": [1], "item_id": [2], "value": [1.0]}).clear().write_parquet(tmp_path / "train.parquet")
    answer = recsys("tune", "--train", "train.parquet")
    assert answer.code != 0
    assert "Traceback" not in answer.err
