"""Model ``diff``: what entered, left and moved, each for one cause."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from recsys.readers.diff import READS, compare_runs
from recsys.tables import TABLES
from tests.support.worlds import frame

Tables = dict[str, pl.DataFrame]

ROWS: dict[str, list[dict[str, Any]]] = {
    "rankings": [{"user_id": "u", "list": "balanced", "rank": rank, "track_id": track} for rank, track in enumerate("abc", 1)],
    "candidates": [
        {"user_id": "u", "list": "balanced", "rank": rank, "track_id": track, "collaborative": 0.5}
        for rank, track in enumerate("abcd", 1)
    ],
    "ratings": [{"user_id": "u", "track_id": "z", "events": 1, "rating": 1.0, "known": True, "rejected": False}],
    "neighbors": [{"user_id": "u", "neighbor_id": "v", "weight": 0.5}],
    "controls": [{"user_id": "u", "allow_explicit": True}],
    "tracks": [{"id": track, "popularity": 0.5} for track in "abcdz"],
    "lists": [{"user_id": "u", "list": "balanced", "limit": 3, "mode": "balanced"}],
}


def tables(**changed: list[dict[str, Any]]) -> Tables:
    return {name: frame(TABLES[name], changed.get(name, ROWS[name])) for name in READS}


def ranked(tracks: str, user: str = "u", name: str = "balanced") -> list[dict[str, Any]]:
    return [{"user_id": user, "list": name, "rank": rank, "track_id": track} for rank, track in enumerate(tracks, 1)]


def test_same_runs() -> None:
    assert compare_runs(tables(), tables(), settings_changed=True).is_empty()


def test_ranks_before_and_after() -> None:
    result = compare_runs(tables(), tables(rankings=ranked("adb")), settings_changed=False)
    assert result.select("track_id", "change", "rank_before", "rank_after", "cause").rows() == [
        ("d", "entered", None, 2, "other tracks"),
        ("c", "left", 3, None, "other tracks"),
        ("b", "moved", 2, 3, "other tracks"),
    ]


HEARD = [*ROWS["ratings"], {"user_id": "u", "track_id": "c", "events": 1, "rating": 1.0, "known": True, "rejected": False}]
HIDDEN = [*ROWS["ratings"], {"user_id": "u", "track_id": "c", "events": 1, "rating": -1.0, "known": False, "rejected": True}]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cause", "changed"),
    [
        ("track gone", {"tracks": [row for row in ROWS["tracks"] if row["id"] != "c"]}),
        ("heard", {"ratings": HEARD}),
        ("disliked or hidden", {"ratings": HIDDEN}),
        ("new listens", {"ratings": [{**ROWS["ratings"][0], "events": 2}]}),
        ("controls", {"controls": [{"user_id": "u", "allow_explicit": False}]}),
        ("controls", {"controls": []}),
        ("request", {"lists": [{**ROWS["lists"][0], "limit": 2}]}),
        ("track data", {"tracks": [{**row, "popularity": 0.6 if row["id"] == "c" else 0.5} for row in ROWS["tracks"]]}),
        ("neighbours", {"neighbors": [{"user_id": "u", "neighbor_id": "v", "weight": 0.4}]}),
        ("neighbours", {"candidates": [{**row, "collaborative": 0.1} for row in ROWS["candidates"]]}),
        ("list gone", {"lists": []}),
        ("other tracks", {}),
    ],
)
def test_causes_of_leaving(cause: str, changed: dict[str, list[dict[str, Any]]]) -> None:
    result = compare_runs(tables(), tables(rankings=ranked("ab"), **changed), settings_changed=False)
    assert result.select("track_id", "change", "cause").rows() == [("c", "left", cause)]


def test_a_new_track_and_a_new_list() -> None:
    more = [*ROWS["rankings"], *ranked("x", "w"), {"user_id": "u", "list": "balanced", "rank": 4, "track_id": "x"}]
    lists = [*ROWS["lists"], {"user_id": "w", "list": "balanced", "limit": 3, "mode": "balanced"}]
    after = tables(rankings=more, lists=lists, tracks=[*ROWS["tracks"], {"id": "x"}])
    result = compare_runs(tables(), after, settings_changed=True)
    assert result.select("user_id", "change", "cause").rows() == [("u", "entered", "track new"), ("w", "entered", "list new")]


def test_settings() -> None:
    result = compare_runs(tables(), tables(rankings=ranked("ab")), settings_changed=True)
    assert result["cause"].to_list() == ["settings"]


def test_another_listeners_listens_are_no_cause() -> None:
    other = [*ROWS["ratings"], {"user_id": "v", "track_id": "a", "events": 1, "rating": 1.0, "known": True, "rejected": False}]
    result = compare_runs(tables(), tables(rankings=ranked("ab"), ratings=other), settings_changed=False)
    assert result["cause"].to_list() == ["other tracks"]
