"""The report beside a run: no part of it, written whole, replaced, and compared with what readers had before."""

from __future__ import annotations

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake, Run, reports
from tests.lake import night


@pytest.fixture
def runs(lake: Lake) -> list[Run]:
    """Three runs, the oldest first; none published."""
    built = []
    for day in (1, 2, 3):
        night.ingest(lake, day)
        built.append(night.build(lake))
    return built


def test_written_whole_and_again(lake: Lake, runs: list[Run]) -> None:
    manifest = (runs[0].path / "manifest.json").read_bytes()
    place = reports.write(lake, runs[0], "<p>ä</p>")
    assert (place.parent, place.read_text(encoding="utf-8")) == (runs[0].path, "<p>ä</p>")
    assert reports.write(lake, runs[0], "anew") == place
    assert place.read_text() == "anew"
    assert [path.name for path in place.parent.iterdir() if "report" in path.name] == ["report.html"]
    assert runs[0].damage() == []
    assert (runs[0].path / "manifest.json").read_bytes() == manifest


def test_a_folder_in_its_place(lake: Lake, runs: list[Run]) -> None:
    (runs[0].path / "report.html").mkdir()
    with pytest.raises(LakeError, match=r"report\.html"):
        reports.write(lake, runs[0], "x")


def test_the_run_that_readers_had_before(lake: Lake, runs: list[Run]) -> None:
    one, two, three = runs
    lake.publish(two.id)
    lake.publish(one.id)
    assert reports.run_before(lake, three) == one
    lake.publish(three.id)
    assert reports.run_before(lake, three) == one
    assert reports.run_before(lake, one) == three


def test_without_publications_the_newest_other_one(lake: Lake, runs: list[Run]) -> None:
    newest = next(run for run in lake.runs() if run != runs[1])
    assert reports.run_before(lake, runs[1]) == newest


def test_a_damaged_run_is_passed_over_and_alone_there_is_none(lake: Lake, runs: list[Run]) -> None:
    one, two, three = runs
    lake.publish(one.id)
    lake.publish(two.id)
    two.files("neighbors")[0].write_bytes(b"")
    assert reports.run_before(lake, three) == one
    lake.publish(three.id)
    lake.remove_runs([one.id, two.id])
    assert reports.run_before(lake, three) is None
