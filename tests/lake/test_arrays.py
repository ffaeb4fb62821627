"""Arrays of a run in the making are recorded as its tables are, and never part of the run."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from recsys.lake import arrays
from tests.lake import night


def test_arrays_come_back_writable_and_go_before_the_run_is_sealed(lake):
    night.ingest(lake, 1)
    plan = night.plan(lake)
    with suppress(KeyboardInterrupt), lake.stage(plan) as staged:
        for name, array in (("fit.a.x", np.arange(3.0)), ("fit.b", np.zeros((0, 2), np.float32)), ("other.c", np.ones(1))):
            arrays.write_array(staged.path, name, array)
        mapped = arrays.MappedArrays(staged.path, "fit")
        assert sorted(mapped) == ["a.x", "b"]
        assert mapped["a.x"].flags.writeable
        mapped["a.x"][0] = 7.0  # a copy of one's own
        np.testing.assert_array_equal(mapped["a.x"], [0.0, 1.0, 2.0])
        assert mapped["b"].shape == (0, 2)
        assert len(mapped) == 2
        with pytest.raises(KeyError):
            mapped["c"]
        (staged.path / arrays.array_path("other.c")).write_bytes(b"damaged")
        raise KeyboardInterrupt
    with lake.stage(plan) as again:
        assert set(again.finished) == {arrays.array_path("fit.a.x"), arrays.array_path("fit.b")}
        again.seal("passed", {}, {})
        assert not (again.path / arrays.ARRAYS).exists()
