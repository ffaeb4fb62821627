from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from recsys.lake import Lake
from recsys.providers.account import Summary
from recsys.providers.actions import store_actions
from recsys.providers.facts import Action

ACTIONS = [
    Action("t1", "like", "2025-02-02T00:00:00Z"),
    Action("t1", "like", "2025-02-02T00:00:00Z"),
    Action("t2", "save", "1970-01-01T00:00:00Z", "playlist P"),
    Action("t3", "play", "2020-01-01T00:00:00Z"),
]


def test_each_action_is_one_event_and_comes_once(tmp_path: Path) -> None:
    lake, summary = Lake(tmp_path / "lake"), Summary("spotify me")
    store_actions(lake, ACTIONS, "ann", summary)
    store_actions(lake, ACTIONS, "ann", summary)
    events = lake.input("events").sort("track_id")
    assert summary.events == 3
    assert events.select("track_id", "type", "occurred_at", "context").rows() == [
        ("t1", "like", datetime(2025, 2, 2, tzinfo=UTC), None),
        ("t2", "save", None, "playlist P"),
        ("t3", "play", datetime(2020, 1, 1, tzinfo=UTC), None),
    ]


def test_from_a_moment_on(tmp_path: Path) -> None:
    lake, summary = Lake(tmp_path / "lake"), Summary("spotify me")
    store_actions(lake, ACTIONS, "ann", summary, since=datetime(2024, 1, 1, tzinfo=UTC))
    assert lake.input("events")["track_id"].to_list() == ["t1"]
