"""Slices of tables: all rows, in order, and nothing of equal keys cut in two."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from recsys.lookup import slices

FRAME = pl.DataFrame({"user": [user for user in "abcde" for _ in range(ord(user) - 96)], "n": range(15)})


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for number, part in enumerate((FRAME[:6], FRAME[:0], FRAME[6:])):
        pq.write_table(part.to_arrow(), tmp_path / f"{number}.parquet")
    return sorted(tmp_path.iterdir())


def test_all_rows_in_order(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert slices.whole_table(files).equals(FRAME)
    monkeypatch.setattr(slices, "SLICE", 4)
    parts = list(slices.slices(files, ["n"]))
    assert [part.height for part in parts] == [4, 2, 4, 4, 1]
    assert pl.concat(parts).equals(FRAME.select("n"))


@pytest.mark.parametrize("size", [1, 2, 4, 7, 100])
def test_equal_keys_stay_together(size: int, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", size)
    assert list(slices.uncut(files[1], ["user"])) == []
    parts = list(slices.uncut(files[2], ["user"]))
    assert pl.concat(parts).equals(FRAME[6:])
    users = [user for part in parts for user in part["user"].unique(maintain_order=True)]
    assert users == ["d", "e"]
    assert len(parts) == (2 if size < 9 else 1)
