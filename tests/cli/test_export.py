"""`recsys export`: the stored list in its formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys import Lake
from tests.cli.conftest import Recsys


@pytest.mark.parametrize("form", ["jspf", "xspf", "m3u", "csv", "json"])
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


def test_every_listener_into_a_folder(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    listeners = lake.published().read("lists").filter(list="balanced").height
    answer = recsys("export", "--format", "xspf", "--out", tmp_path / "lists", "--lake", lake.root)
    assert (answer.code, f"wrote {listeners} playlists" in answer.out) == (0, True)
    assert len(list((tmp_path / "lists").glob("*balanced.xspf"))) == listeners
    assert recsys("export", "--lake", lake.root).code == 2


def test_files_of_a_mapping_are_named(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    track = lake.published().read("rankings").filter(user_id="demo-u001", list="balanced")["track_id"][0]
    (tmp_path / "files.csv").write_text(f"track_id,path\n{track},/music/a.flac\n")
    answer = recsys("export", "demo-u001", "--format", "m3u", "--paths", tmp_path / "files.csv", "--lake", lake.root)
    assert "\n/music/a.flac\n" in answer.out
    assert recsys("export", "demo-u001", "--paths", tmp_path / "none.csv", "--lake", lake.root).code == 3


def test_a_target_without_its_settings_says_what_it_needs(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTENBRAINZ_TOKEN", raising=False)
    answer = recsys("export", "demo-u001", "--to", "listenbrainz", "--dry-run", "--lake", lake.root)
    assert (answer.code, "LISTENBRAINZ_TOKEN" in answer.err) == (7, True)
