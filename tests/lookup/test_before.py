"""Where the tracks of a list stood in the run before, and a run before that is gone."""

from __future__ import annotations

import shutil

import httpx

from recsys import Lake
from recsys.lake import Run
from recsys.lookup.app import build
from tests.support.serving import serving

OF = "/v1/users/demo-u001"


def order(run: Run, name: str) -> list[str]:
    return run.read("rankings").filter(user_id="demo-u001", list=name).sort("rank")["track_id"].to_list()


def earlier(lake: Lake) -> Run:
    return next(run for run in lake.runs() if run.id != lake.published().id)


def test_the_run_before_and_where_its_tracks_stood(client: httpx.Client, published: Lake) -> None:
    answer = client.get(f"{OF}/previous", params={"list": "comfort"}).json()["data"]
    assert (answer["run"], answer["tracks"]) == (earlier(published).id, order(earlier(published), "comfort"))
    nothing = {"run": None, "as_of": None, "tracks": None}
    assert client.get(f"{OF}/previous", params={"list": "nope"}).json()["data"] == nothing


def test_a_run_before_that_is_gone_is_no_fault(own: Lake) -> None:
    with serving(build(own.root, log=None)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        assert client.get(f"{OF}/previous").json()["data"]["tracks"]
        shutil.rmtree(earlier(own).path)
        assert client.get(f"{OF}/previous", params={"list": "comfort"}).json()["data"]["tracks"] is None
        assert client.get(f"{OF}/recommendations").status_code == 200
