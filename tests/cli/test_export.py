"""`recsys export`: the stored list in four formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys import Lake
from tests.cli.conftest import Recsys


@pytest.mark.parametrize("form", ["jspf", "m3u", "csv", "json"])
def test_every_track_and_reason_is_there(recsys: Recsys, lake: Lake, form: str) -> None:
    answer = recsys("export", "demo-u001", "--list", "comfort", "--format", form, "--lake", lake.root)
    rows = lake.published().read("rankings").filter(user_id="demo-u001", list="comfort").sort("rank")
    assert answer.code == 0
    for track, reason in rows.select("track_id", "reason").iter_rows():
        assert track in answer.out
        assert reason in answer.out
    places = [answer.out.index(track) for track in rows["track_id"]]
    assert places == sorted(places)


def test_into_a_file(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    answer = recsys("export", "demo-u001", "--out", tmp_path / "list.jspf", "--lake", lake.root)
    assert "wrote 10 tracks" in answer.out
    assert len(json.loads((tmp_path / "list.jspf").read_text())["playlist"]["track"]) == 10
    assert recsys("export", "demo-u001", "--out", tmp_path / "no" / "where", "--lake", lake.root).code == 2


def test_unknown_listener_list_and_format(recsys: Recsys, lake: Lake) -> None:
    assert recsys("export", "nobody", "--lake", lake.root).code == 6
    assert recsys("export", "demo-u001", "--list", "nope", "--lake", lake.root).code == 6
    assert recsys("export", "demo-u001", "--format", "mp3", "--lake", lake.root).code == 2
