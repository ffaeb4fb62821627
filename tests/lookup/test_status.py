"""What the lookup says about its run and the providers."""

from __future__ import annotations

import httpx

from recsys.lake import Run
from recsys.lookup.status import run_summary


def test_the_run_in_short(client: httpx.Client, run: Run) -> None:
    result = client.get("/v1/runs/current").json()["data"]
    assert result["id"] == run.id
    assert result["rows"]["rankings"] == run.read("rankings").height
    assert [source["table"] for source in result["inputs"]] == ["tracks", "events", "controls", "requests"]


def test_providers_status_asks_nobody(client: httpx.Client) -> None:
    result = client.get("/v1/providers/status").json()["data"]
    assert {"name", "configured", "available", "fresh", "stale"} <= set(result[0])


def test_the_summary_adds_up_files_of_a_table(run: Run) -> None:
    summary = run_summary(run)
    assert summary["bytes"] == sum((run.path / file.path).stat().st_size for file in run.manifest.files)
    assert summary["rows"] == {table: run.read(table).height for table in run.tables}
    assert "files" not in summary
    assert (summary["metrics"], summary["seconds"]) == ({"listeners": 8.0}, {"all": 1.0})
