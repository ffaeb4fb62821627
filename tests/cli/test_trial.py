"""`recsys try`: a list at once, row for row that of the next run; what does not exist is named with what is near."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys import Lake
from recsys.demo import AS_OF
from tests.cli.conftest import Recsys

pytestmark = pytest.mark.slow  # whole runs

WISH = ("--seed-artist", "weightless orchards", "--target", "energy=0.9", "--bound", "tempo=60..190", "--mode", "Discovery")


def made(recsys: Recsys, lake: Lake, *arguments: str) -> dict[str, Any]:
    answer = recsys("try", "demo-u001", *arguments, "--lake", lake.root, "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    body: dict[str, Any] = json.loads(answer.out)
    return body


def test_a_list_is_shown_with_its_account(recsys: Recsys, lake: Lake) -> None:
    title = lake.published().read("tracks").row(3, named=True)["title"]
    answer = recsys("try", "demo-u001", "--seed", title.upper(), *WISH, "--limit", "4", "--lake", lake.root)
    assert (answer.code, answer.err) == (0, "")
    assert "demo-u001 · try · 4 of 4 tracks" in answer.out
    assert "outside the list's bounds of audio features" in answer.out
    assert "built with the model of run" in answer.out
    assert "saved" not in answer.out


def test_an_empty_list_says_what_dropped_the_tracks(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("try", "demo-u001", "--bound", "tempo=259..260", "energy=0..0.01", "--lake", lake.root)
    assert answer.code == 0
    assert answer.out.startswith("no track is left for this list; where they went:\n0 of 2,000 tracks were candidates")


def test_without_a_wish_it_is_the_balanced_list(recsys: Recsys, lake: Lake) -> None:
    stored = lake.published().read("rankings").filter(pl.col("user_id") == "demo-u001", pl.col("list") == "balanced")
    rows = made(recsys, lake, "--limit", "10")["rows"]
    assert [row["track_id"] for row in rows] == stored.sort("rank")["track_id"].to_list()
    assert [row["score"] for row in rows] == stored.sort("rank")["score"].to_list()


def test_saved_it_is_row_for_row_what_the_next_run_gives(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    mine = Lake(shutil.copytree(lake.root, tmp_path / "mine"))
    Path("recsys.toml").write_text("list_limit = 10\npool = 20\n", encoding="utf-8")
    seeds = lake.published().read("tracks")["id"].head(2).to_list()
    wishes = {
        "loud": (*WISH, "--seed", seeds[0]),
        "few": ("--seed", seeds[0], "--seed", seeds[1], "--limit", "7"),
        "calm": WISH[2:6],
    }
    tried = {name: made(recsys, mine, *wish, "--save", name) for name, wish in wishes.items()}
    assert recsys("run", "--as-of", AS_OF.isoformat(), "--lake", mine.root).code == 0
    for name, before in tried.items():
        after = json.loads(
            recsys("show", "demo-u001", "--list", name, "--limit", "100", "--lake", mine.root, "--format", "json").out
        )
        assert before["run"] != after["run"]
        assert before["rows"] == after["rows"]
        assert {**before, "run": ""} == {**after, "run": ""}


def test_saved_again_nothing_changes_but_an_older_wish_comes_back(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    mine = Lake(shutil.copytree(lake.root, tmp_path / "mine"))
    count = len(mine.batches("requests"))
    for limit, batches, word in (("3", 1, "saved"), ("3", 1, "already saved"), ("4", 2, "saved"), ("3", 3, "saved")):
        answer = recsys("try", "demo-u001", "--limit", limit, "--save", "mine", "--lake", mine.root)
        assert f"\n{word} as list mine of demo-u001; the next run makes it:  recsys run" in answer.out
        assert len(mine.batches("requests")) == count + batches
    own = mine.input("requests").filter(pl.col("list") == "mine")
    assert own["limit"].to_list() == [3, 4, 3]
    assert own["mode"].to_list() == ["balanced"] * 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("demo-u0001",), 6, "has no listener 'demo-u0001'; near: demo-u001"),
        (("demo-u001", "--mode", "discvery"), 6, "there is no mode 'discvery'; modes: balanced, comfort, discovery"),
        (("demo-u001", "--seed", "demo-t00001"), 6, "no track has the id or the title 'demo-t00001'; near: demo-t0001 ("),
        (
            ("demo-u001", "--seed-artist", "weightless orchard"),
            6,
            "no track has the artist 'weightless orchard'; near: Weightless",
        ),
        (("demo-u001", "--seed-genre", "zzz"), 6, "no track has the genre 'zzz'; check its spelling"),
        (("demo-u001", "--target", "enrgy=1"), 2, "there is no feature 'enrgy'; did you mean energy?"),
        (("demo-u001", "--target", "energy"), 2, "--target energy: a feature and a number are needed, as energy=0.9"),
        (("demo-u001", "--target", "energy=1.2"), 2, "energy is a number from 0 to 1"),
        (("demo-u001", "--target", "loudness=nan"), 2, "loudness is a number from -60 to 5 dB"),
        (("demo-u001", "--bound", "tempo=180..150"), 2, "the range ends below its beginning; write tempo=150..180"),
        (("demo-u001", "--bound", "tempo=.."), 2, "a feature and a range are needed, as tempo=150..180"),
        (("demo-u001", "--limit", "101"), 2, "Must be <= 100"),
        (("demo-u001", "--save", " "), 2, "a name for the list is needed"),
    ],
)
def test_bad_input_is_one_line(recsys: Recsys, lake: Lake, arguments: tuple[str, ...], code: int, words: str) -> None:
    answer = recsys("try", *arguments, "--lake", lake.root)
    assert (answer.code, answer.out) == (code, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1
