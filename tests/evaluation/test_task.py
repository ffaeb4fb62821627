"""What a method is judged on: pairs as matrices, what counts as relevant, and that everything left out is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys.evaluation.task import Grid, Task, make_task
from recsys.matrices.catalog import build_catalog
from recsys.settings import Settings
from recsys.tables import TRACKS
from tests.support.worlds import AS_OF, Row, event, frame, inputs, silent

LATER = {"user_id": pl.String, "track_id": pl.String, "approved": pl.Boolean, "declined": pl.Boolean}


def later(*rows: tuple[str, str, bool, bool]) -> pl.DataFrame:
    return pl.DataFrame(rows, LATER, orient="row")


def task(events: list[Row], *rows: tuple[str, str, bool, bool], notes: list[str] | None = None) -> Task:
    return make_task(inputs([silent(name) for name in "abcd"], events), AS_OF, later(*rows), notes or [])


def pairs(task: Task, name: str) -> set[tuple[str, str]]:
    rows, columns = getattr(task, name).nonzero()
    return {(task.users[row], task.catalog.ids[column]) for row, column in zip(rows, columns, strict=True)}


def test_by_hand() -> None:
    """u likes a and hides b; later approves of c, skips d, likes a again, comes round to b; v is new."""
    events = [event("u", "a"), event("u", "b", "hide")]
    result = task(
        events, ("u", "c", True, False), ("u", "d", False, True), ("u", "a", True, False), ("u", "b", True, False),
        ("v", "a", True, True), ("u", "gone", True, False),
    )  # fmt: skip
    assert result.users == ["u", "v"]
    assert pairs(result, "known") == {("u", "a")}
    assert pairs(result, "barred") == {("u", "a"), ("u", "b")}
    assert pairs(result, "relevant") == {("u", "c"), ("v", "a")}
    assert pairs(result, "skipped") == {("u", "d")}
    assert result.judged.tolist() == [True, True]
    assert result.shape == (2, 4)
    assert [note.split(" later")[0] for note in result.notes] == ["left out: 1", "left out: 2"]


def test_nothing_after_the_cut_is_known() -> None:
    future = AS_OF + timedelta(days=1)
    result = task([event("u", "a"), {**event("u", "b"), "occurred_at": future}], ("u", "b", True, False))
    assert pairs(result, "known") == {("u", "a")}
    assert pairs(result, "relevant") == {("u", "b")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("events", "rows", "words"),
    [
        ([event("u", "a")], [("u", "b", False, True)], "nothing relevant after the cut"),
        ([], [("u", "b", True, False)], "nothing known before the cut"),
        ([event("u", "a")], [("u", "x", True, False)] * 1, "1 later pair of tracks that the catalogue of the cut lacks"),
        ([event("u", "a")], [("u", "a", True, False)], "1 later pair known or rejected before the cut"),
    ],
)
def test_what_is_left_out_is_said_after_what_was_said_before(events: list[Row], rows: list[Any], words: str) -> None:
    result = task(events, *rows, notes=["first"])
    assert result.notes[0] == "first"
    assert any(words in note for note in result.notes[1:])


def test_points_of_known_tracks_are_above_nothing() -> None:
    result = task([event("u", "a", "play", weight=0.0), event("u", "b")], ("u", "c", True, False))
    assert (result.known.data > 0).all()


def test_a_grid_leaves_out_what_it_has_no_place_for() -> None:
    catalog = build_catalog(frame(TRACKS, [silent(name) for name in "abc"]), Settings())
    grid = Grid(["u", "v"], catalog)
    rows = pl.DataFrame({"user_id": ["v", "u", "w", "u"], "track_id": ["c", "a", "a", "x"], "points": [2, 3, 4, 5]})
    result = grid.matrix(rows)
    assert result.toarray().tolist() == [[3.0, 0.0, 0.0], [0.0, 0.0, 2.0]]
    assert result.dtype == np.float64
    assert Grid([], catalog).matrix(rows).shape == (0, 3)
