"""The order of forgetting over whole lakes: batches, runs, files beside the tables, the note; and nothing half done."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from recsys.errors import LakeError, NotFoundError
from recsys.forgetting import Listener, forget, preview
from recsys.forgetting.lake import MARK
from recsys.lake import Lake, Run, reports
from recsys.lake.rewriting import FORGETTING, FORGOTTEN, begun
from recsys.readers.views import VIEWS_FILE
from recsys.tables import REJECTS
from tests.lake import night
from tests.support.bytes import naming

pytestmark = pytest.mark.slow  # whole runs

AS_OF = datetime(2026, 1, 31, tzinfo=UTC)
SUITE = "expectations/checks.json"


def built(lake: Lake, day: int) -> Run:
    """A run of the days until then, with a file that names u1 and one that does not."""
    night.ingest(lake, day)
    users = lake.inputs().events["user_id"].unique().sort().to_list()
    with lake.stage(replace(night.plan(lake), code=f"c{day}")) as staged:
        staged.write("neighbors", night.neighbors(users[:1]), part=0)
        staged.write("neighbors", night.neighbors(users[1:]), part=1)
        staged.write_file("about/u1.txt", b"this is u1")
        staged.write_file("about/all.txt", b"this is u10 of many")
        staged.write_file(SUITE, b"nobody is their own neighbour")
        staged.write_file(VIEWS_FILE, b"-- a view")
        return lake.commit(staged, status="passed", seconds={"neighbors": 0.5}, metrics={"users": len(users)})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two runs of three listeners; the second one is published after the first."""
    lake = Lake(tmp_path / "lake")
    for day in (2, 4):
        lake.publish(built(lake, day).id)
    return lake


def test_the_account_and_the_note(lake: Lake) -> None:
    result = forget(lake, Listener("u1"))
    assert (result.rows, result.answers, result.batches, result.removed) == (2, 0, 2, ())
    assert set(result.runs) == {run.id for run in lake.runs()}
    note = json.loads((lake.root / FORGOTTEN).read_text())
    assert {name: note[name] for name in ("what", "rows", "answers", "batches", "runs")} == {
        "what": "listener", "rows": 2, "answers": 0, "batches": 2, "runs": 2,
    }  # fmt: skip
    assert "u1" not in (lake.root / FORGOTTEN).read_text()
    assert not (lake.root / FORGETTING).exists()


def test_a_look_before_says_what_will_go(lake: Lake) -> None:
    other = next(run for run in lake.runs() if run != lake.published())
    for damage in (lambda: None, lambda: other.files("neighbors")[0].write_bytes(b"")):
        damage()
        look = preview(lake, Listener("u1"))
        done = forget(Lake(shutil.copytree(lake.root, lake.root.parent / f"copy of {len(look.runs)}")), Listener("u1"))
        assert (look.rows, look.batches, len(look.runs)) == (done.rows, done.batches, len(done.runs))
        assert look.removed == done.removed
    assert look.removed == (other.id,)
    assert look.runs == (lake.published().id,)
    for who in ("u9", "t2"):
        with pytest.raises(NotFoundError, match="in its inputs or runs; stored answers were not counted"):
            preview(lake, Listener(who))


@pytest.mark.parametrize(("source", "runs"), [("x.csv", 0), ("ghost.csv", 1)])
def test_a_run_is_rewritten_when_a_batch_it_names_is_another_now(source: str, runs: int, lake: Lake) -> None:
    rows = REJECTS.conform(pl.DataFrame([night.refused("d" * 64).row(0, named=True) | {"user_id": "ghost"}]))
    lake.add_batch("events", night.events(6), rejects=rows, source=source, digest="d" * 64, rows_read=4)
    run = built(lake, 8)
    look = preview(lake, Listener("ghost"))
    assert (look.rows, look.batches, look.runs) == (1, 1, (run.id,)[:runs])
    assert len(forget(lake, Listener("ghost")).runs) == runs
    assert run.id in lake.run_ids() or runs


def test_a_lake_of_inputs_alone_and_one_of_runs_alone(lake: Lake) -> None:
    copy = Lake(shutil.copytree(lake.root, lake.root.parent / "copy"))
    copy.remove_runs(copy.run_ids())
    assert preview(copy, Listener("u1")).batches == 2
    result = forget(copy, Listener("u1"))
    assert (result.batches, result.runs) == (2, ())
    assert len(forget(lake, Listener("z")).runs) == 2  # everybody's neighbour, in no input
    for act in (preview, forget):
        with pytest.raises(LakeError, match="no lake at"):
            act(Lake(lake.root / "nowhere"), Listener("u1"))
        assert not (lake.root / "nowhere").exists()


def test_runs_are_rewritten_part_by_part_and_say_so(lake: Lake) -> None:
    before = Lake(shutil.copytree(lake.root, lake.root.parent / "copy")).runs()
    forget(lake, Listener("u1"))
    after = lake.runs()
    assert {run.id for run in after}.isdisjoint(run.id for run in before)
    for old, new in zip(before, after, strict=True):
        assert new.damage() == []
        assert new.manifest.code == old.manifest.code + MARK
        assert (new.manifest.status, new.manifest.metrics) == (old.manifest.status, old.manifest.metrics)
        assert new.read("neighbors").equals(old.read("neighbors").filter(pl.col("user_id") != "u1"))
        assert len(list(new.parts("neighbors"))) == 2
    assert [entry.run for entry in lake.publications()] == [run.id for run in after]
    assert lake.published() == after[0]


def test_files_beside_the_tables_stay_unless_they_name_the_subject(lake: Lake) -> None:
    forget(lake, Listener("u1"))
    run = lake.published()
    assert [file.path for file in run.manifest.files if not file.table] == ["about/all.txt", SUITE, VIEWS_FILE]
    assert run.read_file("about/all.txt") == b"this is u10 of many"
    assert run.read_file(SUITE) == b"nobody is their own neighbour"


def test_pages_beside_a_run_go(lake: Lake) -> None:
    """A report and Data Docs are no part of a run; they are made again when they are wanted."""
    run = lake.published()
    reports.write(lake, run, "<td>u1</td>")
    reports.write_pages(lake, run, {"index.html": b"<td>u1</td>", "rules/u1.html": b"u1"})
    assert naming(run.path, "u1", but=b"u10")
    forget(lake, Listener("u1"))
    assert naming(lake.root, "u1", but=b"u10") == []
    assert lake.published().damage() == []


@pytest.mark.parametrize("word", ["nobody", "view", "neighbors"])
def test_words_of_rules_and_views_are_nobodys_id(word: str, lake: Lake) -> None:
    """They are in every run, whoever is in its tables."""
    before = night.contents(lake.root)
    for ask in (forget, preview):
        with pytest.raises(NotFoundError, match="holds nothing of this listener"):
            ask(lake, Listener(word))
    assert night.contents(lake.root) == before


def test_a_run_without_the_subject_is_rewritten_when_its_inputs_were(lake: Lake) -> None:
    """A run names its inputs by digest and rows: it must name those that are there."""
    forget(lake, Listener("u2"))
    for run in lake.runs():
        assert run.damage() == []
        assert {source.rows for source in run.manifest.inputs} == {2}


def test_forgotten_twice_is_nothing_to_forget(lake: Lake) -> None:
    forget(lake, Listener("u1"))
    copy = Lake(shutil.copytree(lake.root, lake.root.parent / "copy"))
    with pytest.raises(NotFoundError, match="holds nothing of this listener"):
        forget(copy, Listener("u1"))
    assert night.contents(copy.root) == night.contents(lake.root)
    assert not (copy.root / FORGETTING).exists()


def test_an_act_that_was_cut_short_is_finished_though_nothing_is_left(lake: Lake) -> None:
    forget(lake, Listener("u1"))
    begun(lake)
    assert forget(lake, Listener("u1")).batches == 0
    assert not (lake.root / FORGETTING).exists()
    assert len((lake.root / FORGOTTEN).read_text().splitlines()) == 2


def test_a_damaged_run_goes_unless_readers_have_it(lake: Lake) -> None:
    published = lake.published()
    other = next(run for run in lake.runs() if run != published)
    other.files("neighbors")[0].write_bytes(b"")
    assert forget(lake, Listener("u1")).removed == (other.id,)
    assert [run.damage() for run in lake.runs()] == [[]]
    lake.published().files("neighbors")[0].write_bytes(b"")
    with pytest.raises(LakeError, match="is published and damaged; publish another one first: recsys runs rollback"):
        forget(lake, Listener("u2"))
    assert lake.published() is not None
