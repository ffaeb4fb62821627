"""Stage ``ratings``: settings and controls reach the model, the result is the contract's table in order."""

from __future__ import annotations

import pytest

from recsys import Settings
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import RATINGS
from tests.support.worlds import AS_OF, Row, event, inputs, silent


def rated(*events: Row, controls: tuple[Row, ...] = (), **overrides: float) -> list[Row]:
    settings = Settings(lists=(), **overrides)
    frame = rate(take_snapshot(inputs([silent("a")], events, controls), settings, AS_OF), settings)
    assert frame.schema == RATINGS.schema
    assert frame.equals(frame.sort("user_id", "track_id"))
    return frame.to_dicts()


@pytest.mark.slow
@pytest.mark.parametrize("days", [0, 10, 83.2, 400])
def test_half_life(days: float) -> None:
    assert rated(event("u", "a", days=days), half_life_days=10)[0]["liked"] == pytest.approx(0.5 ** (days / 10))


def test_undated_decay() -> None:
    assert rated(event("u", "a", days=None), undated_decay=0.25)[0]["liked"] == pytest.approx(0.25)
    assert rated(event("u", "a", days=None), undated_decay=1)[0]["liked"] == 1.0


def test_controls_of_the_listener_leave_events_out() -> None:
    heard = [event(user, "a", days=30, context="kids") for user in ("u", "v")]
    one, other = rated(*heard, controls=({"user_id": "u", "ignored_contexts": ["kids"]},))
    assert (one["rating"], one["known"], other["rating"]) == (0.0, True, 1.0)


def test_order_of_events_changes_no_bit() -> None:
    events = [event("u", "a", kind, days=days) for kind in ("play", "save", "skip", "like") for days in (0.1, 3.7, 99.9, None)]
    assert rated(*events) == rated(*events[::-1])


def test_nobody_did_anything() -> None:
    assert rated() == []
