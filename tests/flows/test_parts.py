"""A worker's part of the lists, from the files of a staged run."""

from __future__ import annotations

from pathlib import Path

from flows.parts import Job, describe, write_requested
from recsys.lake.plan import code_version
from recsys.tables import REQUESTS
from tests.support.worlds import AS_OF


def test_a_worker_says_what_it_is_and_whether_it_sees_the_lake(tmp_path: Path) -> None:
    job = Job(str(tmp_path), str(tmp_path / "requested.parquet"), "{}", AS_OF.isoformat())
    assert describe(str(tmp_path / "elsewhere"))["sees the lake"] is False
    assert str(write_requested(REQUESTS.empty(), tmp_path)) == job.requested
    facts = describe(str(tmp_path))
    assert facts["sees the lake"] is True
    assert facts["code"] == code_version()
    assert {"numba", "numpy", "polars", "python", "processor", "instructions", "clock"} <= facts.keys()
