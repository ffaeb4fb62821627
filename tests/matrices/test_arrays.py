"""What the run hands to the scoring kernels is what they are compiled for: one type, one layout, one compilation each."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from recsys import Settings
from recsys.matrices import arrays
from tests.support.chance import world
from tests.support.worlds import inputs, prepared, silent


def assert_as_declared(result: Any) -> None:
    for name, kind in get_type_hints(type(result)).items():
        value = getattr(result, name)
        if kind in (bool, int, float):
            assert type(value) is kind, name
        elif hasattr(kind, "_fields"):
            assert_as_declared(value)
        else:
            assert value.dtype == np.dtype(get_args(get_args(kind)[1])[0]), name
            assert value.flags.c_contiguous, name


@pytest.mark.parametrize("preset", ["default", "reference"])
@pytest.mark.parametrize(
    "given_", [world(3), inputs([silent("a")]), inputs([silent("a")], [])], ids=["odd", "one track", "empty"]
)
def test_types_and_layouts(preset: Any, given_: Any) -> None:
    scored = prepared(given_, Settings.preset_of(preset)).score(0, 1)
    for part in (scored.tracks, scored.lists, scored.subjects, scored.weights):
        assert_as_declared(part)


def test_every_array_has_a_row_per_track() -> None:
    scorer = prepared(world(4), Settings())
    tracks, count = scorer.tracks, len(scorer.catalog.ids)
    for name in ("audio", "canonical", "popularity", "explicit", "silenced", "quality", "boost", "artist_of", "genre_of"):
        assert getattr(tracks, name).shape == (count,), name
    assert (tracks.features.shape, tracks.unit.shape, tracks.fit.shape) == ((12, count), (count, 12), (3, count))
    for kind in ("barred_artist", "barred_genre"):
        of, indptr, members = (getattr(tracks, f"{kind}_{part}") for part in ("of", "indptr", "members"))
        assert 0 <= of.min() <= of.max() < indptr.size - 1
        assert indptr[-1] == members.size
    for kind in ("artist", "genre"):
        of, sets, indptr, bearers = (getattr(tracks, f"{kind}_{part}") for part in ("of", "sets", "indptr", "bearers"))
        assert 0 <= of.min() <= of.max() < sets
        assert (bearers.max() < sets, indptr[-1]) == (True, bearers.size)
    assert set(arrays.Tracks._fields) >= {"features", "barred_genre_members"}


def test_counts_of_rows_leave_the_rows_as_they_are() -> None:
    rows = arrays.Ragged.of([np.array([3, 0, 3], np.int32), np.empty(0, np.int32), np.array([1], np.int32)])
    counted = rows.counts(5)
    assert counted.toarray().tolist() == [[1, 0, 0, 2, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]]
    assert counted.indices.tolist() == [0, 3, 1]
    assert (rows.indptr.tolist(), rows.numbers.tolist()) == ([0, 3, 3, 4], [3, 0, 3, 1])


@pytest.mark.parametrize("size", [1, 64, 4096])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int32])
def test_aligned_arrays_begin_with_a_line_of_memory(size: int, kind: type[np.generic]) -> None:
    array = arrays.aligned(size, kind)
    assert (array.shape, array.dtype, array.ctypes.data % 64) == ((size,), np.dtype(kind), 0)
    assert not array.any()
    assert array.flags.c_contiguous
