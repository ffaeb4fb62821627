"""Model ``metrics``: numbers of a run."""

from __future__ import annotations

from tests.support.grid import run

VIEWS = {
    "tracks": "id\na\nb\nc\nd",
    "ratings": """
        user_id  track_id  events
        u        a         3
        u        zz        2
    """,
    "profiles": """
        user_id  cold
        *        yes
        u        no
        v        yes
    """,
    "neighbors": """
        user_id  neighbor_id
        u        v
        u        w
        v        u
    """,
    "lists": """
        user_id  list  limit  candidates  returned
        u        x     2      3           2
        v        x     5      1           1
        v        y     -      30          20
        v        z     500    200         100
    """,
    "rankings": """
        user_id  list  rank  track_id  reason_code  source
        u        x     1     a         content      ranked
        u        x     2     b         balanced     backfill_artist
        v        x     1     a         content      cold
    """,
}


def test_numbers() -> None:
    result = {(row["stage"], row["name"]): (row["value"], row["unit"]) for row in run("metrics", **VIEWS).to_dicts()}
    assert result == {
        ("snapshot", "tracks"): (4, "tracks"),
        ("ratings", "ratings"): (2, "rows"),
        ("ratings", "events"): (5, "events"),
        ("ratings", "events on tracks the catalogue lacks"): (2, "events"),
        ("profiles", "listeners"): (2, "listeners"),
        ("profiles", "cold listeners"): (1, "listeners"),
        ("neighbors", "listeners with neighbours"): (2, "listeners"),
        ("candidates", "candidates considered"): (234, "pairs"),
        ("rankings", "lists"): (4, "lists"),
        ("rankings", "lists shorter than asked for"): (1, "lists"),
        ("rankings", "rows"): (3, "rows"),
        ("rankings", "rows filled over a rule"): (1, "rows"),
        ("rankings", "share of the catalogue in any list"): (0.5, "share"),
        ("rankings", "reason balanced"): (1, "rows"),
        ("rankings", "reason content"): (2, "rows"),
    }


def test_an_empty_run_measures_zeros() -> None:
    empty = {name: text.strip().split("\n")[0] for name, text in VIEWS.items()}
    assert set(run("metrics", **empty)["value"]) == {0.0}
