"""`recsys why`: the parts add up, and an absent track has its rule."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest

from recsys import Lake
from recsys.tables import PARTS
from tests.cli.conftest import Recsys


def ranked(lake: Lake, user: str) -> str:
    rows = lake.published().read("rankings").filter(pl.col("user_id") == user, pl.col("list") == "balanced")
    return str(rows.sort("rank")["track_id"][0])


def test_parts_of_a_ranked_track_add_up_to_its_stored_score(recsys: Recsys, lake: Lake) -> None:
    track = ranked(lake, "demo-u001")
    parts = json.loads(recsys("why", "demo-u001", track, "--lake", lake.root, "--format", "json").out)["parts"]
    points = sum(parts[f"{fit}_points"] for fit in PARTS)
    assert points * parts["safety"] + parts["commercial"] == pytest.approx(parts["score"], abs=1e-6)
    answer = recsys("why", "demo-u001", track, "--lake", lake.root)
    assert (answer.code, answer.err) == (0, "")
    assert "rank 1, " in answer.out
    assert f"= score                  {parts['score']:.4f}" in answer.out


@pytest.mark.slow
def test_known_track_names_its_rule(recsys: Recsys, lake: Lake) -> None:
    rated = lake.published().read("ratings").filter(pl.col("user_id") == "demo-u001", pl.col("known"))
    answer = recsys("why", "demo-u001", rated["track_id"][0], "--lake", lake.root)
    assert "not in the list (known): not a candidate: already liked" in answer.out


def test_no_other_listener_is_named(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("why", "demo-u001", ranked(lake, "demo-u001"), "--lake", lake.root)
    assert answer.out.replace("demo-u001", "").count("demo-u") == 0


def test_a_title_does_as_well_as_an_id(recsys: Recsys, lake: Lake) -> None:
    track = ranked(lake, "demo-u001")
    title = lake.published().read("tracks").filter(pl.col("id") == track)["title"][0]
    by_id = recsys("why", "demo-u001", track, "--lake", lake.root).out
    assert recsys("why", "demo-u001", f" {title.upper()}!", "--lake", lake.root).out == by_id


def test_a_track_that_does_not_exist_is_exit_6_with_what_is_near(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("why", "demo-u001", "demo-t00001", "--lake", lake.root)
    assert (answer.code, answer.out) == (6, "")
    assert "no track has the id or the title 'demo-t00001'; near: demo-t0001 (" in answer.err


def test_own_tracks_and_their_shares_of_the_votes(recsys: Recsys, lake: Lake) -> None:
    track = ranked(lake, "demo-u001")
    answer = json.loads(recsys("why", "demo-u001", track, "--lake", lake.root, "--format", "json").out)
    assert sum(own["share"] for own in answer["because"]) + answer["because_rest"] == pytest.approx(1.0)
    shown = recsys("why", "demo-u001", track, "--lake", lake.root).out
    assert all(f"{own['share']:.1%}" in shown and own["title"] in shown for own in answer["because"])
    assert "all else" in shown


@pytest.mark.slow
def test_what_is_listed_is_answered_without_kernels_and_settings(lake: Lake) -> None:
    track = ranked(lake, "demo-u001")
    code = (
        "import sys; from recsys.cli.app import run; "
        f"code = run(['why', 'demo-u001', {track!r}, '--lake', {str(lake.root)!r}]); "
        "print(code, sorted({'numba', 'scipy', 'duckdb', 'recsys.settings'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("arguments", [("demo-u01", "demo-t0001"), ("demo-u001", "demo-t0001", "--list", "nope")])
def test_unknown_listener_or_list_is_exit_6(recsys: Recsys, lake: Lake, arguments: tuple[str, ...]) -> None:
    assert recsys("why", *arguments, "--lake", lake.root).code == 6
