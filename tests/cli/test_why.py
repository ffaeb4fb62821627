"""`recsys why`: the parts add up, and an absent track has its rule."""

from __future__ import annotations

import json

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


def test_known_track_names_its_rule(recsys: Recsys, lake: Lake) -> None:
    rated = lake.published().read("ratings").filter(pl.col("user_id") == "demo-u001", pl.col("known"))
    answer = recsys("why", "demo-u001", rated["track_id"][0], "--lake", lake.root)
    assert "not in the list (known): not a candidate: heard with approval before" in answer.out


def test_no_other_listener_is_named(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("why", "demo-u001", ranked(lake, "demo-u001"), "--lake", lake.root)
    assert answer.out.replace("demo-u001", "").count("demo-u") == 0


def test_track_outside_the_catalogue(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("why", "demo-u001", "nope", "--lake", lake.root)
    assert answer.code == 0
    assert "not in the list (missing)" in answer.out


@pytest.mark.parametrize("arguments", [("demo-u01", "demo-t0001"), ("demo-u001", "demo-t0001", "--list", "nope")])
def test_unknown_listener_or_list_is_exit_6(recsys: Recsys, lake: Lake, arguments: tuple[str, ...]) -> None:
    assert recsys("why", *arguments, "--lake", lake.root).code == 6
