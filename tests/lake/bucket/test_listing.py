"""What belongs to a lake in a bucket, by its listing and the records that are here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("obstore")

from recsys.lake import Lake
from recsys.lake.bucket.listing import Listing
from recsys.lake.bucket.store import Entry
from tests.lake import night

BATCH = "inputs/events/000001"


def listed(*keys: str) -> Listing:
    return Listing({key: Entry({"e_tag": key, "version": None}, 1, datetime(2026, 1, 1, tzinfo=UTC)) for key in keys})


def copied(root: Path, *more: str) -> Listing:
    """A listing of everything in a folder, and more."""
    return listed(*(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()), *more)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    night.night(tmp_path / "lake", 1)
    return Lake(tmp_path / "lake")


def test_small_are_records_what_is_beside_runs_and_the_lakes_own_files(lake: Lake) -> None:
    run = f"runs/{lake.published().id}"
    more = (
        f"{run}/report.html",
        f"{run}/docs/a/b.html",
        "checks/own.sql",
        "checks/.hidden",
        "FORGOTTEN",
        "quality.parquet",
        "my/notes",
    )
    small = list(copied(lake.root, *more, "runs/2026-01-01-0/docs/x").small())
    records = {"inputs/events/000001/receipt.json", "inputs/events/000002/receipt.json", f"{run}/manifest.json"}
    assert set(small[:3]) == records
    assert set(small[3:]) == {f"{run}/report.html", f"{run}/docs/a/b.html", "checks/own.sql", "FORGOTTEN", "quality.parquet"}


def test_gone_is_what_has_no_record_there(lake: Lake) -> None:
    run = lake.published().path
    assert list(copied(lake.root).gone(lake.root)) == []
    assert list(listed(f"{BATCH}/receipt.json").gone(lake.root)) == [lake.root / "inputs/events/000002", run]


def test_unnamed_is_what_no_record_names(lake: Lake) -> None:
    run = f"runs/{lake.published().id}"
    strange = (
        f"{BATCH}/{'0' * 64}.parquet",
        f"{run}/half",
        "runs/2026-01-01-0/rankings/part-00000.parquet",
        "inputs/events/000009/x",
    )
    ours = (f"{run}/report.html", "someone/elses", "inputs/events/notes.txt", "CURRENT")
    listing = copied(lake.root, *strange, *ours)
    assert set(listing.unnamed(lake.root)) == set(strange)


def test_of_a_record_that_cannot_be_read_nothing_is_unnamed(lake: Lake) -> None:
    listing = copied(lake.root, f"{BATCH}/x")
    (lake.root / BATCH / "receipt.json").write_text("{")
    assert listing.recorded(BATCH, lake.root) == set()
    assert list(listing.unnamed(lake.root)) == []


def test_within_is_everything_in_a_folder_and_in_no_other(lake: Lake) -> None:
    listing = copied(lake.root, f"{BATCH}.1/receipt.json")
    assert all(key.startswith(f"{BATCH}/") for key in listing.within(BATCH))
    assert len(listing.within(BATCH)) == 3
    assert listing.within("inputs/events/000007") == []
