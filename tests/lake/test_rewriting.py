"""Batches and runs replaced, each by one rename: what a reader sees before, after, and when a step was cut short."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from recsys.lake import Batch, Lake, Run
from recsys.lake.rewriting import FORGETTING, FORGOTTEN, begun, ended, note, remove_superseded, replace_runs, rewrite_batch
from recsys.tables import REJECTS
from tests.lake import night


@pytest.fixture
def batch(lake: Lake) -> Batch:
    """The first of two batches: three rows and a reject."""
    night.ingest(lake, 1)
    night.ingest(lake, 2)
    return lake.batches("events")[0]


def rewritten(lake: Lake, batch: Batch, rows: int) -> Batch:
    """The batch with its first ``rows`` rows and no reject."""
    rewrite_batch(lake, batch, batch.read().drop("batch").head(rows), REJECTS.empty(), "removed.csv")
    return lake.batches("events")[0]


def folders(lake: Lake) -> list[str]:
    return sorted(path.name for path in (lake.root / "inputs" / "events").iterdir())


def other_code(lake: Lake, run: Run) -> Run:
    """The same tables as a run of its own."""
    with lake.stage(replace(night.plan(lake), code=run.manifest.code + "+forgotten")) as staged:
        staged.write("neighbors", run.read("neighbors"))
        return lake.commit(staged, status="passed", seconds={}, metrics={})


class TestBatch:
    def test_rows_rejects_and_source_go_digest_and_number_stay(self, lake: Lake, batch: Batch) -> None:
        new = rewritten(lake, batch, 2)
        assert (new.ordinal, new.digest, new.source) == (batch.ordinal, batch.digest, "removed.csv")
        assert (new.kept, new.rejected, new.read()["user_id"].to_list()) == (2, 0, ["u0", "u1"])
        assert lake.has_batch("events", batch.digest)
        assert lake.rejects().is_empty()
        assert lake.input("events").height == 2 + 3

    def test_only_the_newest_revision_is_there(self, lake: Lake, batch: Batch) -> None:
        assert folders(lake) == ["000001", "000002"]
        second = rewritten(lake, batch, 2)
        assert folders(lake) == ["000001.1", "000002"]
        assert rewritten(lake, second, 0).read().is_empty()
        assert folders(lake) == ["000001.2", "000002"]
        assert list((lake.root / ".staging").iterdir()) == []

    def test_a_revision_left_behind_is_not_read_and_removed(self, lake: Lake, batch: Batch) -> None:
        """As after a process that died between the rename and the removal."""
        old = {path.relative_to(batch.path): path.read_bytes() for path in batch.path.rglob("*") if path.is_file()}
        rewritten(lake, batch, 1)
        for name, content in old.items():
            (batch.path / name).parent.mkdir(parents=True, exist_ok=True)
            (batch.path / name).write_bytes(content)
        assert folders(lake) == ["000001", "000001.1", "000002"]
        assert lake.input("events").height == 1 + 3
        remove_superseded(lake)
        assert folders(lake) == ["000001.1", "000002"]


@pytest.mark.usefixtures("batch")
class TestRuns:
    def test_the_pointer_and_its_log_name_the_new_run(self, lake: Lake) -> None:
        old = night.build(lake)
        lake.publish(old.id)
        new = other_code(lake, old)
        moments = [entry.at for entry in lake.publications()]
        replace_runs(lake, {old.id: new})
        assert lake.published() == new
        assert [entry.run for entry in lake.publications()] == [new.id]
        assert [entry.at for entry in lake.publications()] == moments
        assert lake.run_ids() == [new.id]

    def test_a_run_that_nobody_published_leaves_the_pointer(self, lake: Lake) -> None:
        night.ingest(lake, 3)
        published = lake.publish(night.build(lake).id)
        before = (lake.root / "CURRENT").read_bytes()
        night.ingest(lake, 4)
        other = night.build(lake)
        replace_runs(lake, {other.id: other_code(lake, other)})
        assert (lake.root / "CURRENT").read_bytes() == before
        assert lake.published() == published
        assert other.id not in lake.run_ids()

    def test_a_second_call_changes_nothing(self, lake: Lake) -> None:
        old = night.build(lake)
        lake.publish(old.id)
        new = other_code(lake, old)
        for _ in range(2):
            replace_runs(lake, {old.id: new})
        assert (lake.published(), lake.run_ids()) == (new, [new.id])


def test_the_mark_says_that_an_act_was_cut_short(lake: Lake) -> None:
    assert begun(lake) is False
    assert (lake.root / FORGETTING).read_bytes() == b""
    assert begun(lake) is True
    ended(lake)
    assert not (lake.root / FORGETTING).exists()
    assert begun(lake) is False


def test_notes_are_lines_one_after_another(lake: Lake) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    note(lake, what="listener", rows=3)
    note(lake, what="provider", rows=0)
    first, second = map(json.loads, (lake.root / FORGOTTEN).read_text().splitlines())
    assert (first["what"], first["rows"], second["what"]) == ("listener", 3, "provider")
    assert before <= datetime.fromisoformat(first["at"]) <= datetime.now(UTC)


def test_rows_of_the_batch_are_those_that_are_kept(lake: Lake, batch: Batch) -> None:
    kept, rejects = batch.read().drop("batch").filter(pl.col("user_id") == "u1"), batch.read_rejects()
    rewrite_batch(lake, batch, kept, rejects, batch.source)
    (new, _) = lake.batches("events")
    assert new.read().drop("batch").equals(kept)
    assert new.read_rejects().equals(rejects)
