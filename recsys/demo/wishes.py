"""What the demo listeners asked for: controls, and a few saved lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from recsys.demo.groups import GROUPS
from recsys.demo.listeners import AS_OF, COLD, PARENTS, listeners
from recsys.tables import CONTROLS, REQUESTS


def controls(rng: np.random.Generator, tracks: pl.DataFrame) -> pl.DataFrame:
    """Controls of about one listener in five, each with one or two wishes, in contract columns, sorted by user."""
    users = listeners()
    chosen = {*rng.choice(users, 48, replace=False).tolist(), *COLD, *PARENTS}
    rows = [{"user_id": user, **_wish(rng, tracks, user)} for user in users if user in chosen]
    return CONTROLS.conform(pl.DataFrame(rows, schema=CONTROLS.schema))


def _wish(rng: np.random.Generator, tracks: pl.DataFrame, user: str) -> dict[str, Any]:
    if user in PARENTS:
        return {"allow_explicit": False, "ignored_contexts": ["kids"]}
    if user in COLD:
        return {"allow_explicit": user != COLD[0]}
    picked = tracks[rng.choice(tracks.height, 3, replace=False).tolist()]
    wishes: tuple[dict[str, Any], ...] = (
        {"allow_explicit": False},
        {"excluded_tracks": picked["id"].to_list()},
        {"excluded_artists": picked["artists"].list.first().unique(maintain_order=True).to_list()[:2]},
        {"excluded_genres": [GROUPS[int(rng.integers(len(GROUPS)))].genres[1]]},
        {"postponed_tracks": [{"track_id": track, "until": AS_OF + timedelta(days=30)} for track in picked["id"]]},
        {"history_from": AS_OF - timedelta(days=int(rng.integers(60, 300)))},
    )
    first, second = (int(i) for i in rng.choice(len(wishes), 2, replace=False))
    return wishes[first] | (wishes[second] if rng.random() < 0.3 else {})


def requests(tracks: pl.DataFrame, track_groups: list[str]) -> pl.DataFrame:
    """Saved lists that show every kind of wish a request can hold, in contract columns, sorted by user and list."""
    slow = tracks.filter(pl.Series(track_groups) == "ambient")["id"].head(3).to_list()
    rows: list[dict[str, Any]] = [
        {"user_id": "*", "list": "deep cuts", "limit": 20, "mode": "discovery", "max_popularity": 0.35},
        {"user_id": "demo-u001", "list": "morning run", "limit": 25, "feature_targets": {"tempo": 165.0, "energy": 0.9}},
        {"user_id": "demo-u002", "list": "more like these", "limit": 20, "seed_track_ids": slow, "exploration_target": 0.1},
        {"user_id": "demo-u003", "list": "far away", "limit": 20, "mode": "discovery", "exploration_target": 0.6},
        {"user_id": "demo-u004", "list": "family car", "limit": 30, "include_explicit": False, "excluded_genres": ["metal"]},
        {"user_id": "demo-u005", "list": "well known", "limit": 15, "mode": "comfort", "min_popularity": 0.5},
    ]
    return REQUESTS.conform(pl.DataFrame(rows, schema=REQUESTS.schema))
