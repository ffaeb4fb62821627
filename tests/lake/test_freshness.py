"""What an operator wants to hear of the last night: it failed or did not come, it left inputs or rejects, clock, disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recsys import sizing
from recsys.lake import Lake, Run, freshness
from recsys.lake.finding import Finding
from recsys.lake.freshness import last_night
from tests.lake import night


@pytest.fixture
def lake(lake: Lake) -> Lake:
    night.ingest(lake, 2)
    lake.publish(night.build(lake).id)
    return lake


def findings(lake: Lake, **options: float) -> dict[str, Finding]:
    return {finding.what: finding for finding in last_night(lake, lake.batches(), **options)}


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, _: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + by

    monkeypatch.setattr(freshness, "datetime", Clock)


def test_a_good_night(lake: Lake) -> None:
    seen = findings(lake)
    assert {what for what, finding in seen.items() if finding.state != "good"} <= {"disk"}
    assert seen["age"].words == "published 0 minutes ago"


def test_a_night_that_did_not_come(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, timedelta(hours=40))
    assert findings(lake)["age"][:2] == ("age", "bad")
    assert "no new run for 40 hours (more than 36 hours)" in findings(lake)["age"].words
    assert findings(lake, stale_hours=48)["age"].words == "published 40 hours ago"
    later(monkeypatch, timedelta(days=9))
    assert "no new run for 9 days" in findings(lake)["age"].words


def test_a_clock_that_went_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, timedelta(hours=-3))
    assert findings(lake)["clock"].state == "bad"
    assert "3 hours before the newest run was made" in findings(lake)["clock"].words


def test_a_night_that_failed(lake: Lake) -> None:
    night.ingest(lake, 4)
    failed = night.build(lake, status="failed")
    assert findings(lake)["newest run"].state == "bad"
    assert failed.id in findings(lake)["newest run"].words


def test_what_came_since(lake: Lake) -> None:
    night.ingest(lake, 3)
    seen = findings(lake)
    assert seen["new inputs"].words == "1 batch, 3 rows, in no run yet; `recsys run` takes them in"
    assert seen["new rejects"].words.startswith("1 row of 1 file since the run before")
    night.build(lake)
    assert findings(lake)["new inputs"].state == "good"
    assert findings(lake)["new rejects"].state == "note", "those of the last night still show"
    night.ingest(lake, 6)
    night.build(lake)
    assert findings(lake)["new rejects"].state == "good"


def test_a_disk_that_does_not_hold_another_run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    size = freshness.run_size(lake.published()).disk
    usage = type(freshness.shutil.disk_usage(lake.root))
    for free, state in ((size - 1, "bad"), (size + 1, "note"), (2**40, "good")):
        monkeypatch.setattr(freshness.shutil, "disk_usage", lambda _, free=free: usage(2**41, 2**41 - free, free))
        assert findings(lake)["disk"].state == state


def test_the_size_of_the_next_run_is_that_of_the_last_one(lake: Lake) -> None:
    run = lake.published()
    size = freshness.run_size(run)
    assert (size.events, size.ratings, size.listeners, size.tracks, size.candidates, size.rows) == (3, 0, 0, 0, 0, 0)
    assert findings(lake)["disk"].words.endswith(f" free; {size.words}")
    lake.remove_runs([run.id])
    (lake.root / "CURRENT").unlink()
    assert findings(lake)["disk"].words.endswith(" free")


def test_the_time_of_the_next_run_is_at_the_pace_of_the_slowest_of_the_last_three(lake: Lake) -> None:
    size = freshness.run_size(lake.published())
    twice, hours = (replace(size, events=int(work * 1e6 / sizing.WORK_EVENT)) for work in (size.work, 7200))
    assert freshness.expected_time(hours, []) == "2 hours of processor time"
    runs = [paced(lake.published(), name, seconds) for name, seconds in (("a", 60.0), ("b", 600.0), ("c", 6.0), ("d", 6000.0))]
    assert freshness.expected_time(size, runs) == "10 minutes at the pace of run b"
    assert freshness.expected_time(twice, runs) == "20 minutes at the pace of run b"
    assert freshness.expected_time(twice, runs[2:3]) == "1 minute at the pace of run c", "no run is said to take no time"


def paced(run: Run, name: str, seconds: float) -> Run:
    return replace(
        run, id=name, manifest=run.manifest.model_copy(update={"seconds": {"checks": seconds / 3, "lists": seconds / 1.5}})
    )


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(minutes=1), "1 minute"), (timedelta(minutes=59), "59 minutes"), (timedelta(hours=1), "1 hour"),
        (timedelta(hours=71), "71 hours"), (timedelta(hours=72), "3 days"), (timedelta(days=12), "12 days"),
    ],
)  # fmt: skip
def test_times_in_words(time: timedelta, words: str) -> None:
    assert freshness._span(time) == words
