"""Lists of other listeners that are named after the one who is forgotten: the names go, the lists stay."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from flows import nightly
from recsys import Lake, Settings
from recsys.forgetting import Listener, forget
from recsys.forgetting.list_names import all_names, renamed, with_names
from recsys.ingest import ingest
from recsys.lake import Run
from recsys.lookup.reader import Reader
from recsys.tables import LISTS, REQUESTS, TABLES, VECTOR
from tests.lake import night
from tests.support.bytes import naming
from tests.support.worlds import frame


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def heard(lake: Lake) -> None:
    """An event of bob."""
    path = lake.root.parent / "events.jsonl"
    path.write_text(json.dumps({"user_id": "bob", "track_id": "t1", "type": "play"}))
    ingest(lake, "events", [path])


def hide(name: str) -> str:
    return name.replace("ann", "removed")


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ({"mix"}, {}),
        ({"ann"}, {"ann": "removed"}),
        ({"ann", "removed"}, {"ann": "removed 2"}),
        ({"ann", "removed", "removed 2"}, {"ann": "removed 3"}),
        ({"ann 2", "ann", "removed"}, {"ann": "removed 2", "ann 2": "removed 2 2"}),
    ],
)
def test_no_two_names_become_one(names: set[str], wanted: dict[str, str]) -> None:
    assert renamed(names, hide) == wanted
    assert len((names - wanted.keys()) | set(wanted.values())) == len(names)


def test_rows_stand_in_the_order_of_the_key_under_the_new_names() -> None:
    rows = frame(REQUESTS, [{"user_id": "bob", "list": name, "limit": limit} for name, limit in (("ann", 1), ("mix", 2))])
    result = with_names(rows, "requests", {"ann": "removed"})
    assert result.select("list", "limit").rows() == [("mix", 2), ("removed", 1)]
    assert with_names(rows, "requests", {"eve": "removed"}) is rows
    other = pl.DataFrame({"user_id": ["ann"]})
    assert with_names(other, "profiles", {"ann": "removed"}) is other


def test_names_of_the_saved_requests(lake: Lake) -> None:
    saved(lake, "a", "b")
    assert all_names(lake) == {"a", "b"}


def with_lists(lake: Lake, code: str, *names: str) -> Run:
    """A run with lists of bob, or without the table."""
    zero = {pl.String(): "", pl.Float64(): 0.0, pl.Int64(): 0, pl.Boolean(): False, VECTOR: [0.0] * 12}
    blank = {column.name: zero[column.dtype] for column in LISTS if not column.null}
    with lake.stage(replace(night.plan(lake), code=code)) as staged:
        staged.write("neighbors", night.neighbors(["bob"]))
        if names:
            staged.write("lists", frame(LISTS, [{**blank, "user_id": "bob", "list": name} for name in names]))
        return lake.commit(staged, status="passed", seconds={}, metrics={})


def test_names_of_the_runs_that_can_be_read(lake: Lake) -> None:
    saved(lake, "a")
    with_lists(lake, "whole", "b", "c")
    with_lists(lake, "bare")
    damaged = with_lists(lake, "damaged", "d")
    assert all_names(lake) == {"a", "b", "c", "d"}
    damaged.files("lists")[0].write_bytes(b"")
    assert all_names(lake) == {"a", "b", "c"}


def saved(lake: Lake, *names: str) -> None:
    """Saved requests of bob, one a name."""
    path = lake.root.parent / "requests.jsonl"
    path.write_text("\n".join(json.dumps({"user_id": "bob", "list": name, "seed_track_ids": ["t1"]}) for name in names))
    ingest(lake, "requests", [path])


def test_a_list_of_somebody_else_keeps_everything_but_the_name(lake: Lake) -> None:
    saved(lake, "for ann", "for removed", "for anna")
    before = lake.input("requests")
    forget(lake, Listener("ann"))
    after = lake.input("requests")
    assert after["list"].to_list() == ["for anna", "for removed", "for removed 2"]
    assert after.drop("list", "batch").sort(pl.all()).equals(before.drop("list", "batch").sort(pl.all()))
    assert naming(lake.root, "ann", but=b"anna") == []


@pytest.mark.slow
def test_so_do_the_lists_of_a_run(lake: Lake, tmp_path: Path) -> None:
    tracks = tmp_path / "tracks.jsonl"
    tracks.write_text("\n".join(json.dumps({"id": f"t{number}", "title": f"Song {number}"}) for number in range(9)))
    ingest(lake, "tracks", [tracks])
    heard(lake)
    saved(lake, "ann", "zz")
    settings = Settings(list_limit=3, pool=5)
    before = lake.run(nightly.run(lake.root, settings, datetime(2026, 6, 1, tzinfo=UTC)).run_id)
    forget(lake, Listener("ann"))
    after = lake.published()
    assert after.damage() == []
    for table in ("lists", "rankings", "candidates"):
        new = after.read(table)
        assert set(new.filter(user_id="bob")["list"]) == {"balanced", "comfort", "discovery", "removed", "zz"}
        assert new.equals(new.sort(TABLES[table].key))
    assert Reader(after).listener("bob").known
    assert before.id != after.id
    assert naming(lake.root, "ann") == []
