"""A lake in a bucket as machines see it: what is fetched, when, and what happens to a copy that is damaged, full or behind."""

from __future__ import annotations

import errno
import logging
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("obstore")

from recsys.errors import LakeError
from recsys.lake import Lake, pruning, reports
from recsys.lake.bucket.mirror import Mirror
from recsys.lake.home import home_of
from recsys.lake.pruning import prune
from tests.lake import night
from tests.lake.bucket.conftest import Machine
from tests.support.buckets import ENVIRONMENT, Asked, Fault, Proxy

pytestmark = pytest.mark.slow


def mirror(lake: Lake) -> Mirror:
    assert isinstance(lake.home, Mirror)
    return lake.home


def test_a_night_here_is_the_night_of_every_machine(machine: Machine, tmp_path: Path) -> None:
    here, folder = machine("here"), tmp_path / "folder"
    night.ingest(here, 2)
    night.ingest(here, 3)
    run = here.publish(night.build(here).id)
    there = machine("there")
    assert there.published() == run.__class__(run.id, there.published().path, run.manifest, run.digest)
    assert there.published().read("neighbors").equals(run.read("neighbors"))
    assert there.inputs().events.equals(here.inputs().events)
    assert there.rejects().equals(here.rejects())
    night.night(folder)
    whole = night.contents(folder)
    assert night.contents(here.root) == whole
    assert set(mirror(there).store.entries()) == set(whole)
    assert night.contents(there.root) == whole


def test_a_warm_copy_downloads_no_input_and_no_run(machine: Machine, between: Proxy) -> None:
    here = machine("here")
    night.ingest(here, 1)
    here.publish(night.build(here).id)
    there = machine("there")
    assert between.count("GET", ".parquet") == 0
    there.inputs()
    assert between.count("GET", ".parquet") == 3  # the two parts of the run, and the batch
    again = machine("there")
    again.inputs()
    assert again.published().damage() == []
    assert between.count("GET", ".parquet") == 3


def test_the_same_file_on_two_machines_is_one_batch(machine: Machine, between: Proxy) -> None:
    here, there = machine("here"), machine("there")
    there.batches()
    assert night.ingest(here, 1) is not None
    night.ingest(there, 1)
    assert len(machine("third").batches()) == 1


def test_two_files_on_two_machines_have_two_numbers(machine: Machine) -> None:
    here, there = machine("here"), machine("there")
    there.batches()
    night.ingest(here, 1)
    batch = night.ingest(there, 3)
    assert batch is not None
    assert batch.ordinal == 2
    assert [each.source for each in machine("third").batches()] == ["day-1.csv", "day-3.csv"]
    assert not mirror(there).leftovers(timedelta(), dry_run=True)


def test_two_machines_that_make_the_same_run_have_one(machine: Machine) -> None:
    here, there = machine("here"), machine("there")
    night.ingest(here, 1)
    there.batches()
    made = night.plan(there)
    with there.stage(made) as staged:
        staged.write("neighbors", night.neighbors(["u0"]), part=0)
        staged.write("neighbors", night.neighbors(["u1", "u2"]), part=1)
        staged.write_file("lookup/users.txt", b"u0\nu1\nu2")
        first = night.build(here)
        second = there.commit(staged, status="passed", seconds={}, metrics={"users": 3})
    assert second.manifest == first.manifest
    assert there.publish(second.id).damage() == []


def test_of_two_machines_that_compute_otherwise_the_first_has_the_run(machine: Machine) -> None:
    here, there = machine("here"), machine("there")
    night.ingest(here, 1)
    there.batches()
    with there.stage(night.plan(there)) as staged:
        staged.write("neighbors", night.neighbors(["u0", "u9"]), part=0)
        run = night.build(here)
        assert there.commit(staged, status="passed", seconds={}, metrics={}).digest == run.digest
    assert there.publish(run.id).damage() == []


def test_other_bytes_of_an_upload_that_is_not_done_are_left_alone(machine: Machine) -> None:
    here = machine("here")
    night.ingest(here, 1)
    key = f"runs/{night.plan(here).run_id}/lookup/users.txt"
    mirror(here).store.put(key, b"theirs")
    with pytest.raises(LakeError, match=r"is there already with other bytes.*recsys runs prune"):
        night.build(here)
    assert here.run_ids() == []
    assert mirror(here).store.read(key) == (b"theirs", mirror(here).store.entries()[key].tag)


def test_the_loser_of_a_publication_says_who_won(machine: Machine) -> None:
    here, there = machine("here"), machine("there")
    night.ingest(here, 1)
    first = here.publish(night.build(here).id)
    night.ingest(there, 2)
    second = night.build(there)
    store, swap = mirror(there).store, mirror(there).store.swap

    def overtaken(key: str, data: bytes, tag: object) -> object:
        if key == "CURRENT":
            store.swap = swap  # type: ignore[method-assign]
            here.publish(first.id, accept=None)
            night.ingest(here, 3)
            here.publish(night.build(here).id)
        return swap(key, data, tag)  # type: ignore[arg-type]

    store.swap = overtaken  # type: ignore[assignment,method-assign]
    with pytest.raises(LakeError, match="another writer was first and published run") as lost:
        there.publish(second.id)
    assert f"recsys publish {second.id}" in str(lost.value)
    assert here.published().id in str(lost.value)
    assert machine("third").published().id == here.published().id
    assert there.publish(second.id).id == machine("fourth").published().id


def test_a_damaged_copy_is_fetched_again_and_said(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    here = machine("here")
    batch = night.ingest(here, 1)
    assert batch is not None
    run = here.publish(night.build(here).id)
    part, rows = run.files("neighbors")[0], batch.path / batch.receipt.kept.path
    before = [path.read_bytes() for path in (part, rows)]
    part.write_bytes(bytes(len(before[0])))
    rows.write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        assert machine("here").inputs().events.height == 3
        assert machine("here").published().read("neighbors").height == 3
    assert [path.read_bytes() for path in (part, rows)] == before
    assert sum("this copy is damaged and is fetched again" in line for line in caplog.messages) == 2


def test_bytes_that_change_on_the_way_are_fetched_once_more(
    machine: Machine, between: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    here = machine("here")
    night.ingest(here, 1)
    here.publish(night.build(here).id)
    garbled = set()

    def once(asked: Asked) -> Fault | None:
        if asked.method == "GET" and asked.key.endswith(".parquet") and asked.key not in garbled:
            garbled.add(asked.key)
            return "garbled"
        return None

    between.fault = once
    there = machine("there")
    assert there.published().read("neighbors").height == there.inputs().events.height == 3
    assert sum("not the bytes that were written" in line for line in caplog.messages) == len(garbled) == 3


def test_a_file_that_is_damaged_in_the_bucket_is_an_error_that_names_it(machine: Machine) -> None:
    here = machine("here")
    night.ingest(here, 1)
    run = here.publish(night.build(here).id)
    size, key = run.parts("neighbors")[0].bytes, f"runs/{run.id}/neighbors/part-00000.parquet"
    mirror(here).store.put(key, bytes(size))
    there = machine("there")
    with pytest.raises(LakeError, match="part-00000"):
        there.published().read("neighbors")
    mirror(here).store.put(key, b"")
    assert [problem for problem in machine("here").run(run.id).damage() if f"{key}: 0 bytes where {size}" in problem]
    mirror(here).store.delete([key])
    assert [problem for problem in machine("here").run(run.id).damage() if f"{key}: not in the bucket" in problem]


def test_a_copy_that_is_lost_or_half_there_comes_back(machine: Machine) -> None:
    here = machine("here")
    night.ingest(here, 1)
    run = here.publish(night.build(here).id)
    for name in ("CURRENT", f"runs/{run.id}/manifest.json", "inputs/events/000001/receipt.json"):
        (here.root / name).unlink()
    (here.root.parent / "tags.json").write_text("{")
    again = machine("here")
    assert again.published().id == run.id
    assert again.inputs().events.height == 3


def test_a_full_disk_is_one_line_and_nothing_is_published(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine("here")
    night.ingest(here, 1)
    here.publish(night.build(here).id)

    def full(**_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.mkstemp", full)
        with pytest.raises(LakeError, match="the disk is full; free some space"):
            machine("there").inputs()
    assert machine("there").inputs().events.height == 3


def test_what_was_removed_elsewhere_goes_here(machine: Machine) -> None:
    here = machine("here")
    night.ingest(here, 1)
    old = here.publish(night.build(here).id)
    there = machine("there")
    there.inputs()
    night.ingest(here, 2)
    here.publish(night.build(here).id)
    assert prune(here, keep=1, days=0).runs == (old.id,)
    again = machine("there")
    assert again.run_ids() == [here.published().id]
    assert not list((again.root / ".staging").iterdir())


def test_a_run_that_is_published_at_this_moment_is_not_removed(machine: Machine) -> None:
    here = machine("here")
    night.ingest(here, 1)
    old = here.publish(night.build(here).id)
    night.ingest(here, 2)
    here.publish(night.build(here).id)
    there, store = machine("there"), mirror(here).store
    delete = store.delete

    def rolled_back(keys: object) -> None:
        store.delete = delete  # type: ignore[method-assign]
        assert there.rollback().id == old.id
        delete(keys)  # type: ignore[arg-type]

    store.delete = rolled_back  # type: ignore[method-assign,assignment]
    with pytest.raises(LakeError, match="published by another writer at this moment; it stays"):
        here.remove_runs([old.id])
    third = machine("third")
    assert third.published().damage() == []


def test_uploads_that_were_cut_short_go_after_a_day_of_the_bucket(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine("here")
    night.ingest(here, 1)
    here.publish(night.build(here).id)
    half = "runs/2026-01-01-0123456789ab/rankings/part-00000.parquet"
    mirror(here).store.put(half, b"half")
    assert prune(here, keep=1, days=0).leftovers == ()
    monkeypatch.setattr(pruning, "UPLOAD_GRACE", timedelta())
    assert prune(here, keep=1, days=0, dry_run=True).leftovers == (half,)
    assert prune(here, keep=1, days=0).leftovers == (half,)
    assert half not in mirror(here).store.entries()
    assert here.published().damage() == []


def test_files_that_vanish_under_a_commit_stop_it(machine: Machine) -> None:
    here, there = machine("here"), machine("there")
    night.ingest(here, 1)
    store = mirror(here).store
    swap = store.swap

    def swept(key: str, data: bytes, tag: object) -> object:
        mirror(there).leftovers(timedelta())
        return swap(key, data, tag)  # type: ignore[arg-type]

    store.swap = swept  # type: ignore[assignment,method-assign]
    with pytest.raises(LakeError, match="another writer removed it while this one was writing; nothing was stored"):
        night.build(here)
    store.swap = swap  # type: ignore[method-assign]
    assert machine("third").run_ids() == []
    assert here.publish(night.build(here).id).damage() == []


def test_a_run_of_inputs_that_were_rewritten_meanwhile_is_taken_away(machine: Machine) -> None:
    from recsys.lake.rewriting import rewrite_batch

    here, there = machine("here"), machine("there")
    night.ingest(here, 1)
    batch = there.batches()[0]
    store = mirror(here).store
    swap = store.swap

    def forgotten(key: str, data: bytes, tag: object) -> object:
        store.swap = swap  # type: ignore[method-assign]
        rewrite_batch(there, batch, batch.read().drop("batch").head(1), batch.read_rejects(), batch.source)
        return swap(key, data, tag)  # type: ignore[arg-type]

    store.swap = forgotten  # type: ignore[assignment,method-assign]
    with pytest.raises(LakeError, match="was rewritten or removed after this run"):
        night.build(here)
    assert machine("third").run_ids() == []
    assert machine("third").inputs().events.height == 1


def test_a_report_is_beside_the_run_everywhere(machine: Machine) -> None:
    here = machine("here")
    night.ingest(here, 1)
    run = here.publish(night.build(here).id)
    reports.write(here, run, "<p>one</p>")
    reports.write_pages(here, run, {"index.html": b"two", "a/b.html": b"three"})
    theirs = machine("there").published()
    assert theirs.report.read_text() == "<p>one</p>"
    assert (theirs.path / "docs/a/b.html").read_bytes() == b"three"
    reports.write(here, run, "<p>four</p>")
    assert machine("there").published().report.read_text() == "<p>four</p>"


def test_what_analysts_put_into_the_bucket_arrives(machine: Machine) -> None:
    here = machine("here")
    night.ingest(here, 1)
    mirror(here).store.put("checks/own.sql", b"select 1")
    assert (machine("there").root / "checks/own.sql").read_bytes() == b"select 1"


def test_a_copy_is_private_and_holds_no_secret(machine: Machine, tmp_path: Path) -> None:
    here = machine("here")
    night.ingest(here, 1)
    assert mirror(here).root.parent.stat().st_mode & 0o077 == 0
    assert mirror(here).root.stat().st_mode & 0o077 == 0
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(secret.encode() in content for secret in list(ENVIRONMENT.values())[:2])


def test_an_upload_that_was_cut_short_goes_on_where_it_was(machine: Machine, between: Proxy) -> None:
    here = machine("here")
    night.ingest(here, 1)
    between.fault = lambda asked: "403" if asked.key.endswith("manifest.json") and asked.method == "PUT" else None
    with pytest.raises(LakeError, match="refuses these credentials"):
        night.build(here)
    between.fault = lambda _: None
    sent = between.count("PUT", "neighbors")
    assert sent == 2
    again = machine("here")
    assert again.publish(night.build(again).id).damage() == []
    assert between.count("PUT", "neighbors") == sent
    assert between.count("GET", "neighbors") == 0


def test_threads_of_a_process_share_one_copy(machine: Machine, url: str) -> None:
    here = machine("here")
    night.ingest(here, 1)
    here.publish(night.build(here).id)
    homes = [home_of(url) for _ in range(4)]
    threads = [threading.Thread(target=home.sync) for home in homes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Lake(url).published().damage() == []
