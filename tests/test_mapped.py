"""Arrays in files: the same values and bits of a run, and memory that goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench import worlds
from recsys import Settings, mapped, memory
from recsys.errors import LakeError
from recsys.mapped import MappedFolder, in_memory
from recsys.pipeline import arrange, fit, shard
from recsys.stages.neighbors.tasks import Here
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot


def test_few_values_stay_where_they_are(tmp_path: Path) -> None:
    array = np.arange(3)
    assert MappedFolder(tmp_path / "none").place(array) is array
    assert not (tmp_path / "none").exists()


def test_many_lie_in_a_file_without_a_name(tmp_path: Path) -> None:
    array = np.arange(mapped.LEAST, dtype=np.int32).reshape(2, -1)
    placed = MappedFolder(tmp_path / "new").place(array)
    assert isinstance(placed.base, np.memmap)
    assert (placed.dtype, placed.flags.writeable, placed.flags.c_contiguous) == (array.dtype, True, True)
    np.testing.assert_array_equal(placed, array)
    assert sys.platform == "win32" or [*(tmp_path / "new").iterdir()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only there the system says what is in memory")
def test_what_was_read_goes_back_and_can_be_read_again(tmp_path: Path) -> None:
    def resident() -> int:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("RssFile:")[1].split()[0]) >> 10

    placed = MappedFolder(tmp_path).place(np.ones(2**23))  # 64 MiB
    before = resident()
    assert placed.sum() == 2**23
    assert resident() > before + 40
    memory.release()
    assert resident() < before + 20
    assert placed.sum() == 2**23


def test_a_disk_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LakeError, match=r"file/arrays/0.npy: an array of the run cannot be written: .*; make room"):
        MappedFolder(tmp_path / "file" / "arrays").place(np.ones(mapped.LEAST))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["default", "reference"])
def test_a_run_has_the_same_bytes(preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LEAST", 1)
    settings = Settings.preset_of(preset, threads=1, lists=("balanced",))  # type: ignore[arg-type]
    snapshot = take_snapshot(worlds.inputs(150, 600, 6000), settings, worlds.AS_OF)
    rated = rate(snapshot, settings)
    results = list[dict[str, pl.DataFrame]]()
    for place in (in_memory, MappedFolder(tmp_path).place):
        before = len(mapped._open)
        catalog, history = arrange(snapshot, rated, settings, place)
        assert (len(mapped._open) > before) == (place is not in_memory)
        scorer = fit(snapshot, catalog, history, settings, lambda _, place=place: Here(1, place))
        results.append(shard(scorer, 0, 40)._asdict())
        memory.release()
    whole, apart = results
    assert {name: frame.equals(apart[name]) for name, frame in whole.items()} == dict.fromkeys(whole, True)
