"""The steps of the night one by one: the moment they are for, the inbox, publishing, and what must never cost a night."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from logging import INFO
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from flows import steps
from flows.report import Untaken
from flows.stages import stopwatch
from flows.steps import default_as_of, ingest, publish, quality, report, size
from recsys import Lake, RecsysError, Settings
from recsys.lake import Run
from recsys.stages.events import inputs_size
from recsys.tables import CHECKS
from tests.lake import night


@pytest.fixture(autouse=True)
def _seconds() -> None:
    stopwatch()


class TestDefaultAsOf:
    now = datetime(2026, 6, 3, 15, 30, tzinfo=UTC)
    midnight = datetime(2026, 6, 3, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("hours", "expected"),
        [
            ([], midnight),
            ([None], midnight),
            ([-20.0], midnight),
            ([-20.0, -1.0], now - timedelta(hours=1)),
            ([-1.0, 5.0], now - timedelta(hours=1)),
            ([5.0], midnight),
            ([0.0], now),
        ],
    )
    def test_start_of_today_or_the_newest_event_that_is_not_of_the_future(
        self, hours: list[float | None], expected: datetime
    ) -> None:
        times = [None if hour is None else self.now + timedelta(hours=hour) for hour in hours]
        events = pl.DataFrame({"occurred_at": times}, schema={"occurred_at": pl.Datetime("us", "UTC")})
        assert default_as_of(events, self.now) == expected


class TestSize:
    @pytest.fixture
    def lake(self, tmp_path: Path) -> Lake:
        return built(Lake(tmp_path / "lake"), checks(("fail", True))) and Lake(tmp_path / "lake")

    def test_what_a_run_takes_is_said(self, lake: Lake, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(INFO, "recsys"):
            size(lake, lake.inputs(), Settings())
        assert re.search(r"size: 3 listeners, 0 tracks, 3 events and 600 rows .* MiB of disk, of [\d,.]+ GiB and", caplog.text)
        assert re.search(r"GiB; about 1 minute at the pace of run \S+$", caplog.text, re.MULTILINE)

    def test_what_does_not_fit_is_refused_unless_wanted(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(steps, "machine_bytes", lambda: 2**29)
        with pytest.raises(RecsysError, match=r"the run does not fit: 3 listeners.* this machine has 512 MiB"):
            size(lake, lake.inputs(), Settings())
        size(lake, lake.inputs(), Settings(oversize=True))

    def test_what_a_stopped_run_left_is_room(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        taken = inputs_size(lake.inputs(), Settings()).disk
        staged = lake.root / ".staging" / "2026-01-01-0123456789ab"
        (staged / "lists").mkdir(parents=True)
        (staged.parent / f"{staged.name}.parts").touch()
        monkeypatch.setattr(steps, "disk_usage", lambda _: SimpleNamespace(free=taken - 2**20))
        with pytest.raises(RecsysError, match="its disk has"):
            size(lake, lake.inputs(), Settings())
        (staged / "lists" / "part-00000.parquet").write_bytes(bytes(2**20))
        size(lake, lake.inputs(), Settings())


@pytest.mark.slow
def test_a_file_that_is_refused_stops_no_night(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "exports" / "ann").mkdir(parents=True)
    (tmp_path / "inbox" / "exports" / "ann" / "x.json").write_text("[{")
    (tmp_path / "inbox" / "events").mkdir()
    (tmp_path / "inbox" / "events" / "e.csv").write_text("user_id,track_id,type\nbob,a,play\n")
    home = Lake(tmp_path / "lake")
    noted = ingest.__wrapped__(home, tmp_path / "inbox", Settings())
    assert noted.refused[0].startswith("warn: inbox: ")
    assert "x.json: not JSON" in noted.refused[0]
    assert (noted.files, noted.rejected) == (1, ())
    assert home.input("events")["user_id"].to_list() == ["bob"]


def test_rejected_rows_of_new_files_are_said_once(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "events").mkdir(parents=True)
    rows = "user_id,track_id,type\nbob,a,play\nbob,a,hum\nbob,a,\n,a,hum\n"
    (tmp_path / "inbox" / "events" / "e.csv").write_text(rows)
    home = Lake(tmp_path / "lake")
    noted = [ingest.__wrapped__(home, tmp_path / "inbox", Settings()) for _ in range(2)]
    assert noted[1] == Untaken()
    assert (noted[0].refused, noted[0].files) == ((), 0)
    assert noted[0].rejected[0].startswith("warn: inbox: rows rejected: 3 of 4 (")
    assert "bob" not in noted[0].rejected[0]


def checks(*rows: tuple[str, bool]) -> pl.DataFrame:
    """One rule a row: severity and whether it passed."""
    return CHECKS.conform(
        pl.DataFrame(
            [
                {
                    "table": "lists",
                    "rule": f"rule {number}",
                    "severity": severity,
                    "passed": passed,
                    "failures": 0 if passed else 3,
                }
                | {"example": None if passed else "user_id=ann"}
                for number, (severity, passed) in enumerate(rows)
            ]
        )
    )


def built(lake: Lake, checked: pl.DataFrame, day: int = 1) -> Run:
    night.ingest(lake, day)
    status = "failed" if checked.filter(~pl.col("passed"), pl.col("severity") == "fail").height else "passed"
    with lake.stage(replace(night.plan(lake), code=str(day))) as staged:
        staged.write("checks", checked)
        return lake.commit(staged, status=status, seconds={}, metrics={"lists": 3.0})


class TestPublish:
    @pytest.fixture
    def lake(self, tmp_path: Path) -> Lake:
        return Lake(tmp_path / "lake")

    def test_a_run_that_passed_is_what_readers_get(self, lake: Lake) -> None:
        run = built(lake, checks(("fail", True), ("warn", False)))
        result = publish(lake, run, already=False, untaken=Untaken(("warn: inbox: rows rejected: x.json: SECRET",), 1))
        assert lake.published() == run
        assert (result.run_id, result.published, result.already, result.numbers) == (run.id, True, False, {"lists": 3.0})
        assert result.problems[:2] == (
            "warn: inbox: rows rejected: x.json: SECRET",
            "warn: lists: rule 1 (3, for example user_id=ann)",
        )
        assert result.counts[:2] == ("warn: inbox: 1 refused", "warn: lists: rule 1 (3)")

    def test_rejected_rows_are_no_refused_file(self, lake: Lake) -> None:
        words = "warn: inbox: 1 of 4 (range 1)"
        result = publish(lake, built(lake, checks(("fail", True))), already=False, untaken=Untaken(rejected=(words,)))
        assert (result.problems[0], result.counts[0]) == (words, words)
        assert not any("refused" in line for line in result.counts)

    def test_counts_name_nobody(self, lake: Lake) -> None:
        result = publish(lake, built(lake, checks(("fail", False))), already=False, untaken=Untaken(("warn: inbox: SECRET",), 1))
        assert not any(word in line for line in result.counts for word in ("ann", "SECRET"))

    def test_a_run_that_failed_is_kept_and_readers_keep_theirs(self, lake: Lake) -> None:
        good = built(lake, checks(("fail", True)))
        publish(lake, good, already=False)
        bad = built(lake, checks(("fail", False)), day=2)
        result = publish(lake, bad, already=True)
        assert (result.published, result.already) == (False, True)
        assert lake.published() == good
        assert bad.id in lake.run_ids()

    def test_a_reason_lets_readers_have_it_all_the_same(self, lake: Lake) -> None:
        bad = built(lake, checks(("fail", False)))
        assert publish(lake, bad, already=False, accept="known").published
        assert lake.publications()[0].accepted == "known"


class TestWhatMustNotCostANight:
    @pytest.mark.slow
    def test_a_page_that_cannot_be_made_is_a_warning(self, tmp_path: Path) -> None:
        lake = Lake(tmp_path / "lake")
        run = built(lake, checks(("fail", True)))  # a run without the tables that the page reads
        outcome = publish(lake, run, already=False)
        result = report(lake, run, outcome)
        assert (result.page, result.published) == (None, True)
        assert result.problems[-1].startswith("warn: report: it could not be made: ")
        assert result.problems[:-1] == outcome.problems

    def test_lists_that_cannot_be_judged_are_a_line_in_the_log(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        lake = Lake(tmp_path / "lake")
        publish(lake, built(lake, checks(("fail", True))), already=False)
        quality(lake, None)  # type: ignore[arg-type]
        assert "the published lists could not be judged" in caplog.text
