"""The lake's table of judgements: added to, replaced by moment, and said to be damaged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake, LakeError
from recsys.lake import quality
from recsys.tables import QUALITY
from tests.support.worlds import AS_OF


def row(value: float, days: int = 0) -> pl.DataFrame:
    facts = {"run": "r", "as_of": AS_OF, "judged_at": AS_OF + timedelta(days=days), "list": "balanced", "group": "all"}
    return QUALITY.conform(pl.DataFrame([{**facts, "metric": "ndcg@10", "value": value, "listeners": 3}]))


def test_added_and_replaced(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    assert quality.read(lake).is_empty()
    quality.add(lake, row(0.2, 2))
    quality.add(lake, row(0.1, 1))
    quality.add(lake, row(0.3, 2))
    quality.add(lake, row(0.3).clear())
    assert quality.read(lake)["value"].to_list() == [0.1, 0.3]


def test_damaged(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    quality.add(lake, row(0.2))
    quality.place(lake).write_bytes(b"no parquet")
    with pytest.raises(LakeError, match=r"quality\.parquet"):
        quality.read(lake)
