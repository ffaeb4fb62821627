"""Tracks that sound like a track, over HTTP: nearest first by the cosine of the scoring rules."""

from __future__ import annotations

import httpx
import numpy as np
import polars as pl
import pytest

from recsys.lake import Run
from recsys.matrices.features import RANGE_MAX, RANGE_MIN, WEIGHTS, has_audio
from recsys.tables import FEATURES

pytestmark = pytest.mark.slow  # whole runs


def cosines(tracks: pl.DataFrame, track_id: str) -> dict[str, float]:
    """Weighted cosine of every track with audio to one of them."""
    raw = tracks.select(FEATURES).fill_null(0.0).to_numpy()
    vectors = np.clip((raw - RANGE_MIN) / (RANGE_MAX - RANGE_MIN), 0, 1) * np.sqrt(WEIGHTS)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    own = vectors[tracks["id"].to_list().index(track_id)]
    audio = has_audio(raw)
    return {name: value for name, value, heard in zip(tracks["id"], (vectors @ own).tolist(), audio, strict=True) if heard}


def test_the_nearest_first_without_the_song_itself(client: httpx.Client, run: Run) -> None:
    tracks = run.read("tracks")
    song = tracks.filter(pl.col("song_key").is_duplicated(), pl.col("tempo") > 0).row(0, named=True)
    answer = client.get(f"/v1/tracks/{song['id']}/similar").json()["data"]
    releases = set(tracks.filter(song_key=song["song_key"])["id"])
    wanted = {name: value for name, value in cosines(tracks, song["id"]).items() if name not in releases}
    nearest = sorted(wanted.values(), reverse=True)[:10]
    assert [one["similarity"] for one in answer] == [round(value, 4) for value in nearest]
    assert all(abs(wanted[one["id"]] - one["similarity"]) < 6e-5 for one in answer)


def test_a_track_without_sound_has_none_and_an_unknown_one_is_not_there(client: httpx.Client, run: Run) -> None:
    silent = run.read("tracks").filter(pl.col("energy").is_null()).row(0, named=True)
    assert client.get(f"/v1/tracks/{silent['id']}/similar").json()["data"] == []
    assert client.get("/v1/tracks/nope/similar").status_code == 404
    assert client.get(f"/v1/tracks/{silent['id']}/similar?x=1").status_code == 422
