"""Paths are only paths: a lake lies in a folder of any name, and every command reads that folder and no other."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

import recsys as package
from recsys.lake import Lake
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


@pytest.mark.slow
def test_every_command(folder: Path, tmp_path: Path, recsys: Recsys, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = folder / "lake"

    def good(*arguments: object) -> str:
        answer = recsys(*arguments, "--lake", lake)
        assert answer.code == 0, answer.err
        assert "Traceback" not in answer.err
        return answer.out

    good("ingest", "tracks", folder / "tracks.csv")
    good("ingest", "events", folder / "events.csv")
    assert "u2" in good("sql", "select distinct user_id from input_events", "--format", "csv")
    good("run", "--as-of", "2026-06-01")
    if folder.name == "a*b":  # what the pattern would mean as well
        Lake(tmp_path / "aXXb" / "lake").add_batch(
            "events",
            pl.DataFrame({"user_id": ["stranger"], "track_id": ["t1"], "type": ["like"]}),
            rejects=package.Lake(lake).rejects(),
            source="x",
            digest="0" * 64,
            rows_read=1,
        )
    users = "select string_agg(distinct user_id, ' ' order by user_id) as users from {}"
    assert good("sql", users.format("input_events"), "--format", "csv").split("\n")[1] == "u0 u1 u2"
    assert good("sql", users.format("ratings"), "--format", "csv").split("\n")[1] == "u0 u1 u2"
    assert good("sql", users.format("history"), "--format", "csv").split("\n")[1] == "* u0 u1 u2"
    run = Lake(lake).published().id
    assert good("sql", "select run from runs union select run from history", "--format", "csv").split() == ["run", run]
    good("show", "u1")
    good("why", "u1", "t19")
    good("export", "u1", "--format", "m3u")
    good("runs", "list")
    good("runs", "show")
    good("runs", "verify")
    good("doctor")
    good("report")
    good("run", "--as-of", "2026-06-02")
    good("runs", "diff", run, Lake(lake).published().id)
    good("runs", "prune", "--keep", "1", "--days", "0")
    good("evaluate", "--holdout", "random:20%")
    frame = Lake(lake).published().scan("rankings").collect()
    assert set(frame["user_id"]) == {"*", "u0", "u1", "u2"}
    monkeypatch.setenv("RECSYS_LAKE", str(lake))
    assert package.read("rankings").collect().equals(frame)
    monkeypatch.chdir(lake)
    with duckdb.connect() as con:
        con.execute((Lake(lake).published().path / "views.sql").read_text(encoding="utf-8"))
        assert con.execute(users.format("input_events")).fetchall() == [("u0 u1 u2",)]
        assert con.execute(users.format("rankings")).fetchall() == [("* u0 u1 u2",)]
    good("forget", "u2")
    assert "u2" not in good("sql", users.format("input_events"), "--format", "csv")


@pytest.mark.slow
def test_a_lake_without_a_run_answers_about_its_inputs(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(EVENTS + "u1,,like\n")
    recsys("ingest", "events", tmp_path / "e.csv", "--lake", tmp_path / "lake")
    for query, rows in (("input_events", 15), ("input_tracks", 0), ("rejects", 1), ("runs", 0), ("history", 0)):
        answer = recsys("sql", f"from {query} select count(*)", "--format", "csv", "--lake", tmp_path / "lake")
        assert (answer.code, answer.out.split()) == (0, ["count_star()", str(rows)])
        assert "no run is published yet" in answer.err
