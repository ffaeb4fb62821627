"""Publishing, its log, overrides and the way back."""

from __future__ import annotations

import pytest

from recsys.errors import CheckError, LakeError
from tests.lake import night


def built(lake, day, status="passed"):
    night.ingest(lake, day)
    return night.build(lake, status=status)


def test_publications_are_listed_newest_first_and_repeats_are_none(lake):
    first, second = built(lake, 1), built(lake, 2)
    for run in (first, first, second):
        lake.publish(run.id)
    log = lake.publications()
    assert [(entry.run, entry.accepted) for entry in log] == [(second.id, None), (first.id, None)]
    assert log[0].at >= log[1].at


def test_a_failed_run_needs_a_reason_and_the_reason_is_kept(lake):
    bad = built(lake, 1, status="failed")
    before = {path: path.read_bytes() for path in bad.path.rglob("*") if path.is_file()}
    with pytest.raises(CheckError, match=rf'recsys publish {bad.id} --accept "why"'):
        lake.publish(bad.id)
    assert lake.publish(bad.id, accept="empty on purpose") == lake.published()
    assert [entry.accepted for entry in lake.publications()] == ["empty on purpose"]
    assert {path: path.read_bytes() for path in bad.path.rglob("*") if path.is_file()} == before
    assert lake.published().manifest.status == "failed"
    lake.publish(bad.id, accept="looked at again")
    assert [entry.accepted for entry in lake.publications()] == ["looked at again", "empty on purpose"]


def test_a_reason_for_a_run_that_passed_is_not_needed_and_not_kept(lake):
    lake.publish(built(lake, 1).id, accept="why not")
    assert lake.publications()[0].accepted is None


def test_rollback_goes_back_one_run_at_a_time(lake):
    runs = [built(lake, 1), built(lake, 2, status="failed"), built(lake, 3)]
    for run in runs:
        lake.publish(run.id, accept="known")
    assert [lake.rollback().id, lake.published().id] == [runs[1].id] * 2
    assert lake.publications()[0].accepted == "known"
    assert lake.rollback() == runs[0] == lake.published()
    with pytest.raises(LakeError, match=f"no run was published before {runs[0].id}; try `recsys publish RUN`"):
        lake.rollback()
    assert lake.publish(runs[2].id) == runs[2]


def test_rollback_passes_over_damaged_runs(lake):
    runs = [built(lake, day) for day in (1, 2, 3)]
    for run in runs:
        lake.publish(run.id)
    (runs[1].path / "neighbors" / "part-00000.parquet").write_bytes(b"")
    assert lake.rollback() == runs[0]


def test_a_damaged_log_is_a_damaged_pointer(lake):
    lake.publish(built(lake, 1).id)
    current = lake.root / "CURRENT"
    current.write_bytes(current.read_bytes().replace(b'"at"', b'"ta"'))
    assert lake.publications() == ()
    with pytest.raises(LakeError, match="does not name a run"):
        lake.current()
