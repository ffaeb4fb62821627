"""What a run is made from: frames in the contract's shape, or an error that names the column."""

from __future__ import annotations

import polars as pl
import pytest

from recsys import InputError, Inputs
from recsys.inputs import BATCH
from recsys.tables import CONTROLS, EVENTS, REQUESTS, TRACKS


def test_everything_may_be_left_out() -> None:
    given = Inputs()
    for table in (TRACKS, EVENTS, CONTROLS, REQUESTS):
        frame = getattr(given, table.name)
        assert frame.is_empty()
        assert frame.columns == [*table.names, BATCH]


def test_absent_columns_become_null_and_unknown_ones_are_left_out() -> None:
    tracks = Inputs(tracks=pl.DataFrame({"colour": ["red"], "id": ["a"]})).tracks
    assert tracks.drop(BATCH).schema == TRACKS.schema
    assert tracks.row(0, named=True) == dict.fromkeys(TRACKS.names) | {"id": "a", BATCH: 0}


def test_batches_are_kept_as_numbers() -> None:
    events = pl.DataFrame({"user_id": ["u"], "track_id": ["a"], "type": ["like"], BATCH: pl.Series([3], dtype=pl.UInt8)})
    assert Inputs(events=events).events[BATCH].to_list() == [3]
    assert Inputs(events=events).events.schema[BATCH] == pl.Int32


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"track_id": ["a"], "type": ["like"]}, "events: column 'user_id' is required"),
        ({"user_id": ["u", None], "track_id": ["a", "b"], "type": ["like"] * 2}, "events.user_id: row 1 is null"),
        (
            {"user_id": ["u"], "track_id": ["a"], "type": ["like"], "weight": ["much"]},
            "events.weight: String where Float64 is needed",
        ),
        (
            {"user_id": ["u"], "track_id": ["a"], "type": ["like"], "completed_ms": [1.5]},
            "events.completed_ms: row 0 is 1.5, a whole",
        ),
        (
            {"user_id": ["u"], "track_id": ["a"], "type": ["like"], "weight": [float("nan")]},
            "events.weight: row 0 is nan, a finite",
        ),
        ({"user_id": ["u"], "track_id": ["a"], "type": ["like"], "occurred_at": ["noon"]}, "events.occurred_at: String where"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(InputError) as error:
        Inputs(events=pl.DataFrame(columns))
    assert str(error.value).startswith(message)


def test_inputs_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Inputs().tracks = pl.DataFrame()  # type: ignore[misc]
