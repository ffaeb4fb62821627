"""`recsys users` and `recsys tracks`: all of them, those that a text names, and those with a name like it."""

from __future__ import annotations

import json

import pytest

from recsys import Lake
from tests.cli.conftest import LISTENERS, Recsys

pytestmark = pytest.mark.slow  # whole runs


def test_users(recsys: Recsys, lake: Lake) -> None:
    rows = json.loads(recsys("users", "--lake", lake.root, "--format", "json").out)
    assert {row["user_id"] for row in rows} == {*LISTENERS}
    assert [row["events"] for row in rows] == sorted((row["events"] for row in rows), reverse=True)
    assert "demo-u001" in recsys("users", "U001", "--lake", lake.root).out
    assert "near:" in recsys("users", "demo-u0001", "--lake", lake.root).out


def test_tracks(recsys: Recsys, lake: Lake) -> None:
    catalogue = lake.published().read("tracks")
    title, artist = catalogue.select("title", "artist").row(0)
    rows = json.loads(recsys("tracks", f"{artist} {title}".upper(), "--lake", lake.root, "--format", "json").out)
    assert (title, artist) in {(row["title"], row["artist"]) for row in rows}
    misspelled = recsys("tracks", title[:-1] + "zz", "--lake", lake.root)
    assert (misspelled.code, title in misspelled.out) == (0, True)
    assert f"2 of {catalogue.height:,}" in recsys("tracks", "--limit", "2", "--lake", lake.root).out
    assert recsys("tracks", "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", "--lake", lake.root).out.startswith("nothing is named")
