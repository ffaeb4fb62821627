"""`recsys evaluate`: on a lake, on a pair of files, and what it says of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from tests.cli.conftest import Recsys

pytestmark = pytest.mark.slow  # whole runs

PAIRS = pl.DataFrame(
    [(user, item, 1 + (user + item) % 3) for user in range(8) for item in range(12) if (user + item) % 2],
    ["user_id", "item_id", "value"],
    orient="row",
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Every third pair is hidden."""
    paths = tmp_path / "train.parquet", tmp_path / "test.csv"
    hidden = pl.int_range(pl.len()) % 3 == 0
    PAIRS.filter(~hidden).write_parquet(paths[0])
    PAIRS.filter(hidden).write_csv(paths[1])
    return paths


def test_pair_of_files(recsys: Recsys, files: tuple[Path, Path]) -> None:
    answer = recsys("evaluate", "--train", files[0], "--test", files[1], "--json")
    assert (answer.code, answer.err) == (0, "")
    methods = json.loads(answer.out)["methods"]
    assert set(methods) == {"default", "votes", "reference", "popularity", "random", "item-cosine", "ease", "als"}
    assert {"ndcg@10", "recall@20", "coverage@10"} <= set(methods["default"])
    assert methods["default"]["recall@20"] == pytest.approx(1.0)


def test_lake(recsys: Recsys, lake: Lake) -> None:
    answer = recsys(
        "evaluate", "--lake", lake.root, "--methods", "popularity,random", "--lists", "balanced,discovery", "--k", "5"
    )
    assert (answer.code, answer.err) == (0, "")
    for words in ("default", "discovery", "popularity", "random", "ndcg@5", "note: "):
        assert words in answer.out
    told = json.loads(recsys("evaluate", "--lake", lake.root, "--holdout", "random:20%", "--methods", "random", "--json").out)
    assert (told["listeners"], list(told["methods"])) == (5, ["default", "random"])
    assert told["methods"]["default"]["ndcg@10"] > told["methods"]["random"]["ndcg@10"]


def test_intent(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("evaluate", "--intent", "--lake", lake.root)
    assert (answer.code, answer.err) == (0, "")
    for words in ("seeded_ndcg@50", "target_distance", "shared_discovery"):
        assert words in answer.out


def test_settings_that_differ_are_judged_too(recsys: Recsys, files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "recsys.toml").write_text("collab_weight = 0.0\n")
    answer = recsys("evaluate", "--train", files[0], "--test", files[1], "--methods", "settings", "--json")
    assert list(json.loads(answer.out)["methods"]) == ["default", "settings"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--holdout", "first:20%"], "write last:30d"),
        (["--k", "0"], "1 to 100"),
        (["--k", "ten"], "whole numbers"),
        (["--lists", "best"], "allowed: balanced"),
        (["--methods", "best"], "allowed: votes"),
        (["--train", "x.parquet"], "go together"),
        (["--train", "x.txt", "--test", "x.txt"], "allowed: .parquet"),
        (["--train", "x.csv", "--test", "x.csv"], "x.csv does not exist"),
    ],
)
def test_bad_input(recsys: Recsys, arguments: list[str], words: str) -> None:
    answer = recsys("evaluate", *arguments)
    assert answer.code in (2, 3)
    assert words in answer.err
    assert "Traceback" not in answer.err
