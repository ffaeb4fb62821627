"""Model ``listening``: how much each listener does."""

from __future__ import annotations

from tests.support.grid import expect, run
from tests.support.worlds import AS_OF


def test_events_and_those_after_the_moment() -> None:
    events = """
        user_id  track_id  type  occurred_at
        v        a         play  2026-05-01
        u        a         play  2026-06-01T00:00:00Z
        u        b         play  2026-06-01T00:00:01Z
        u        b         like  -
    """
    expect(run("listening", {"as_of": AS_OF}, input_events=events), "user_id events late\nu 3 1\nv 1 0")


def test_nobody() -> None:
    assert run("listening", {"as_of": AS_OF}, input_events="user_id track_id type").is_empty()
