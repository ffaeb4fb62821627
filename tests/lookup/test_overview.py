"""What stands beside a list: the run before, what was heard, tracks by words, the lake's runs, the report, playlist files."""

from __future__ import annotations

import json

import httpx
import polars as pl
import pytest

from recsys import Lake
from recsys.lake import Run, reports
from recsys.lookup.app import build
from recsys.lookup.overview import PLAYLIST_FILES
from tests.lookup.test_app import problem
from tests.support.serving import serving

OF = "/v1/users/demo-u001"


def test_what_was_heard_last(client: httpx.Client, run: Run) -> None:
    answer = client.get(f"{OF}/history").json()["data"]
    newest = run.read("ratings").filter(user_id="demo-u001")["last_at"].max()
    assert answer[0]["last_at"].startswith(f"{newest:%Y-%m-%dT%H:%M:%S}")
    assert client.get("/v1/users/nobody/history").json()["data"] == []


def test_tracks_by_words_of_title_and_artist(client: httpx.Client, run: Run) -> None:
    track = run.read("tracks").filter(pl.col("artist").str.contains(" ")).row(7, named=True)
    words = f"{track['artist'].split()[1].upper()}  {track['title'].split()[0].lower()}"
    answer = client.get("/v1/tracks", params={"search": words}).json()["data"]
    assert track["id"] in [one["id"] for one in answer]
    assert len(answer) <= 20
    assert [one["popularity"] for one in answer] == sorted((one["popularity"] for one in answer), reverse=True)
    for nothing in ("", "  ", "no such words", ".*", "%"):
        assert client.get("/v1/tracks", params={"search": nothing}).json()["data"] == []


def test_the_runs_of_the_lake(client: httpx.Client, published: Lake) -> None:
    answer = client.get("/v1/runs").json()["data"]
    assert [one["id"] for one in answer] == [run.id for run in published.runs()]
    assert [one["id"] for one in answer if one["published"]] == [published.published().id]
    assert answer[0]["rows"]["rankings"] == published.published().read("rankings").height


def test_the_report_is_shown_with_its_own_style_and_runs_nothing(own: Lake) -> None:
    with serving(build(own.root, log=None)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        assert "recsys report" in problem(client.get("/v1/runs/current/report"), 404)["detail"]
        reports.write(own, own.published(), "<h1>report</h1>")
        answer = client.get("/v1/runs/current/report")
        assert (answer.text, answer.headers["content-type"]) == ("<h1>report</h1>", "text/html; charset=utf-8")
        policy = answer.headers["content-security-policy"]
        assert "style-src 'unsafe-inline'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in client.get("/").headers["content-security-policy"]


@pytest.mark.parametrize("form", PLAYLIST_FILES)
def test_a_list_as_a_file(client: httpx.Client, run: Run, form: str) -> None:
    answer = client.get(f"{OF}/playlist", params={"format": form, "list": "comfort"})
    assert answer.headers["content-type"].startswith(PLAYLIST_FILES[form])
    assert f"comfort-demo-u001.{form}" in answer.headers["content-disposition"]
    stored = run.read("rankings").filter(user_id="demo-u001", list="comfort").sort("rank")
    assert all(reason in answer.text for reason in stored["reason"].str.split("&").list.first())
    if form == "jspf":
        tracks = json.loads(answer.text)["playlist"]["track"]
        assert [track["identifier"][-1].rpartition(":")[2] for track in tracks] == stored["track_id"].to_list()


def test_a_file_of_another_kind_or_list(client: httpx.Client) -> None:
    assert "jspf" in problem(client.get(f"{OF}/playlist", params={"format": "doc"}), 422)["detail"]
    problem(client.get(f"{OF}/playlist", params={"list": "nope"}), 404)


@pytest.mark.slow
def test_the_page_says_when_links_are_off(published: Lake) -> None:
    for links, word in ((True, "on"), (False, "off")):
        with serving(build(published.root, log=None, links=links)) as where:
            assert f'data-links="{word}"' in httpx.get(where, trust_env=False).text
