"""`recsys run`: what it says of a run. That the flow runs is tested with the demo and with the flow."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.report import RunReport
from recsys.cli.run import print_report, require_published
from recsys.errors import CheckError
from tests.cli.conftest import Recsys

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


def report(*, already: bool = False, published: bool = True, problems: tuple[str, ...] = ()) -> RunReport:
    return RunReport(
        "2026-06-01-abc",
        AS_OF,
        Path("lake/runs/2026-06-01-abc"),
        already,
        published,
        {"rows": 1234567.0, "share": 0.25},
        problems,
    )


def test_a_new_run_shows_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report())
    out = capsys.readouterr().out
    assert "1,234,567" in out
    assert "0.2500" in out
    assert "published 2026-06-01-abc, as of 2026-06-01 00:00 UTC: lake/runs/2026-06-01-abc" in out


def test_whole_numbers_are_whole_in_json(recsys: Recsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.cli.run.nightly", lambda *_, **__: report())
    monkeypatch.setattr("recsys.cli.run._require_tracks", lambda _: None)
    numbers = json.loads(recsys("run", "--format", "json").out)["numbers"]
    assert {name: repr(value) for name, value in numbers.items()} == {"rows": "1234567", "share": "0.25"}


def test_a_repeat_says_that_nothing_was_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(already=True))
    assert "Nothing to do: run 2026-06-01-abc has the same inputs" in capsys.readouterr().out


def test_a_broken_rule_is_shown_and_stops_publishing(capsys: pytest.CaptureFixture[str]) -> None:
    broken = report(published=False, problems=("fail: rankings: ranks are 1 to n (3, for example [ann])",))
    print_report(broken)
    assert "fail: rankings: ranks are 1 to n (3, for example [ann])" in capsys.readouterr().out
    with pytest.raises(CheckError, match="not published"):
        require_published(broken)
    with pytest.raises(CheckError, match="fail: rankings: ranks are 1 to n"):
        require_published(broken, quiet=True)


@pytest.mark.parametrize("arguments", [("--as-of", "yesterday"), ("--preset", "best"), ("--threads", "0")])
def test_wrong_options_are_exit_2_before_anything_runs(recsys: Recsys, tmp_path: Path, arguments: tuple[str, str]) -> None:
    assert recsys("run", *arguments).code == 2
    assert list(tmp_path.iterdir()) == []


def test_no_lake_and_no_tracks_are_told_at_once(recsys: Recsys, tmp_path: Path) -> None:
    assert recsys("run").code == 4
    (tmp_path / "events.jsonl").write_text('{"user_id": "ann", "track_id": "a", "type": "like"}')
    recsys("ingest", "events", tmp_path / "events.jsonl")
    answer = recsys("run")
    assert answer.code == 3
    assert "recsys ingest tracks PATH" in answer.err


@pytest.mark.slow
def test_a_prefect_server_that_does_not_answer_costs_its_record_and_no_list(
    recsys: Recsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:  # bound, not listening: connections are refused
        nobody.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{nobody.getsockname()[1]}/api"
        monkeypatch.setenv("PREFECT_API_URL", api)
        (tmp_path / "tracks.jsonl").write_text('{"id": "a", "artist": "Ada"}')
        recsys("ingest", "tracks", tmp_path / "tracks.jsonl")
        answer = recsys("run")
    assert answer.code == 0
    assert f"Prefect at {api} does not answer" in answer.err
    assert "published" in answer.out
