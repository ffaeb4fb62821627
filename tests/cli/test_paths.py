"""Paths are only paths: a lake lies in a folder of any name, and every command reads that folder and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

import recsys as package
from recsys.lake import Lake
from recsys.tables import REJECTS
from tests.cli.conftest import Recsys

NAMES = ["Music [FLAC]", "user_id=7", "a*b", "100% wh?t", "ü ñ'q {a,b}", "list=x/run=1"]

TRACKS = "id,title,artist,popularity\n" + "".join(f"t{n},Song {n},Artist {n % 5},{n / 20}\n" for n in range(20))
EVENTS = "user_id,track_id,type\n" + "".join(f"u{n % 3},t{n % 7},like\n" for n in range(15))


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder whose name means something elsewhere, beside one that it would stand for as a pattern."""
    place = tmp_path / request.param
    place.mkdir(parents=True)
    (tmp_path / "aXXb").mkdir()
    (place / "tracks.csv").write_text(TRACKS)
    (place / "events.csv").write_text(EVENTS)
    return place


USERS = "select string_agg(distinct user_id, ' ' order by user_id) as users from {}"


@pytest.fixture
def good(folder: Path, recsys: Recsys) -> Callable[..., str]:
    """Runs a command on the lake in that folder, which must not fail; what it prints."""

    def call(*arguments: object) -> str:
        answer = recsys(*arguments, "--lake", folder / "lake")
        assert answer.code == 0, answer.err
        assert "Traceback" not in answer.err
        return answer.out

    call("ingest", "tracks", folder / "tracks.csv")
    call("ingest", "events", folder / "events.csv")
    assert "u2" in call("sql", "select distinct user_id from input_events", "--format", "csv")
    call("run", "--as-of", "2026-06-01")
    return call


def stranger(lake: Lake) -> None:
    """Rows of somebody else, in a lake whose name a pattern means as well."""
    frame = pl.DataFrame({"user_id": ["stranger"], "track_id": ["t1"], "type": ["like"]})
    lake.add_batch("events", frame, rejects=REJECTS.empty(), source="x", digest="0" * 64, rows_read=1)


@pytest.mark.slow
def test_queries_see_this_lake_alone(
    folder: Path, tmp_path: Path, good: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger(Lake(tmp_path / "aXXb" / "lake"))
    for view, users in (("input_events", "u0 u1 u2"), ("ratings", "u0 u1 u2"), ("history", "* u0 u1 u2")):
        assert good("sql", USERS.format(view), "--format", "csv").split("\n")[1] == users
    run = Lake(folder / "lake").published()
    assert good("sql", "select run from runs union select run from history", "--format", "csv").split() == ["run", run.id]
    frame = run.scan("rankings").collect()
    assert set(frame["user_id"]) == {"*", "u0", "u1", "u2"}
    assert package.read("rankings", lake=folder / "lake").collect().equals(frame)
    monkeypatch.chdir(folder / "lake")
    with duckdb.connect() as con:
        con.execute((run.path / "views.sql").read_text(encoding="utf-8"))
        assert con.execute(USERS.format("input_events")).fetchall() == [("u0 u1 u2",)]
        assert con.execute(USERS.format("rankings")).fetchall() == [("* u0 u1 u2",)]


@pytest.mark.slow
def test_every_command(folder: Path, good: Callable[..., str]) -> None:
    lake = Lake(folder / "lake")
    first = lake.published().id
    good("show", "u1")
    good("why", "u1", "t19")
    good("export", "u1", "--format", "m3u")
    good("runs", "list")
    good("runs", "show")
    good("runs", "verify")
    good("doctor")
    good("report")
    good("run", "--as-of", "2026-06-02")
    good("runs", "diff", first, lake.published().id)
    good("runs", "prune", "--keep", "1", "--days", "0")
    good("evaluate", "--holdout", "random:20%")
    good("forget", "u2", "--yes")
    assert "u2" not in good("sql", USERS.format("input_events"), "--format", "csv")


@pytest.mark.slow
def test_a_lake_without_a_run_answers_about_its_inputs(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(EVENTS + "u1,,like\n")
    recsys("ingest", "events", tmp_path / "e.csv", "--lake", tmp_path / "lake")
    for query, rows in (("input_events", 15), ("input_tracks", 0), ("rejects", 1), ("runs", 0), ("history", 0)):
        answer = recsys("sql", f"from {query} select count(*)", "--format", "csv", "--lake", tmp_path / "lake")
        assert (answer.code, answer.out.split()) == (0, ["count_star()", str(rows)])
        assert "no run is published yet" in answer.err
