"""Why, from stored rows: the same rule as the full computation names, or the honest answer that only it can tell."""

from __future__ import annotations

import httpx
import polars as pl
import pytest

from recsys import Settings
from recsys.lake import Run
from recsys.lookup.reader import Reader
from recsys.lookup.why import stored_why
from recsys.readers.why import _READS, explain


@pytest.mark.slow
@pytest.mark.parametrize("user", ["demo-u001", "demo-u003"])
def test_every_answer_agrees_with_the_computation(user: str, reader: Reader, run: Run) -> None:
    tables = {table: run.read(table) for table in _READS}
    settings = Settings.model_validate(run.manifest.settings)
    pool = run.read("candidates").filter(user_id=user, list="balanced")["track_id"].to_list()
    known = run.read("ratings").filter(pl.col("user_id") == user)["track_id"].to_list()
    for track in [*pool[::13], *known[::40], "demo-t0001", "demo-t1999", "nope"]:
        result = stored_why(reader, user, track, "balanced")
        wanted = explain(tables, settings, run.manifest.as_of, user, track, "balanced")
        if result["rule"] == "passed_over":
            assert (wanted.stage, wanted.rank, wanted.score_rank) == ("rankings", None, result["score_rank"])
        elif result["rule"] == "undecided":
            assert wanted.stage == "rankings" or wanted.rule in ("version", "known"), wanted  # which release, only the run knows
        else:
            assert (result["stage"], result["rule"], result["rank"]) == (wanted.stage, wanted.rule, wanted.rank), track


def test_controls_and_bounds_are_told_from_stored_rows(reader: Reader, run: Run) -> None:
    controls = run.read("controls").filter(pl.col("excluded_artists").list.len() > 0)
    dropped = 0
    for row in controls.iter_rows(named=True):
        artist = row["excluded_artists"][0].strip().lower()
        tracks = run.read("tracks").filter(pl.col("artist").str.to_lowercase() == artist)["id"].head(3)
        rules = {stored_why(reader, row["user_id"], track, "balanced")["rule"] for track in tracks}
        assert rules <= {"excluded_artist", "known", "rejected", "explicit", "excluded_track"}
        dropped += "excluded_artist" in rules
    bounded = run.read("lists").filter(pl.col("min_popularity").is_not_null())
    for row in bounded.iter_rows(named=True):
        low = run.read("tracks").filter(pl.col("popularity") < row["min_popularity"])["id"][0]
        assert stored_why(reader, row["user_id"], low, row["list"])["rule"] in ("popularity", "known", "rejected")
        dropped += 1
    assert dropped
    postponed = run.read("controls").filter(pl.col("postponed_tracks").list.len() > 0).row(0, named=True)
    track = postponed["postponed_tracks"][0]["track_id"]
    assert stored_why(reader, postponed["user_id"], track, "balanced")["rule"] in ("postponed", "known")


def test_over_http(client: httpx.Client) -> None:
    row = client.get("/v1/users/demo-u001/recommendations").json()["data"][3]
    result = client.get(f"/v1/users/demo-u001/why/{row['track']['id']}").json()["data"]
    assert (result["rank"], result["rule"], result["parts"]) == (4, row["reason_code"], row["score_breakdown"])
    assert client.get("/v1/users/demo-u001/why/demo-t0001?list=nope").status_code == 404
    assert client.get("/v1/users/demo-u001/why/nope").json()["data"]["rule"] == "missing"
