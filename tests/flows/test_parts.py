"""What a worker reads beside the tables of a staged run. The parts that workers make are tested with the cluster."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.parts import REQUESTED, write_requested
from recsys.tables import REQUESTS


def test_the_lists_that_are_asked_for_lie_where_workers_read_them(tmp_path: Path) -> None:
    path = write_requested(REQUESTS.empty(), tmp_path)
    assert path == tmp_path / REQUESTED
    assert pl.read_parquet(path).schema == REQUESTS.schema
