"""Where columns lie in an Arrow file: the bytes there are the values that Arrow reads."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from struct import unpack_from

import pyarrow as pa
import pytest

from recsys.lookup.offsets import offsets

TEXTS = [b"", b"a", b"bc", b"\x00\xff", b"d"]


def write(path: Path, *cuts: int) -> pa.Table:
    """Five rows in batches that end at the cuts."""
    columns = {"text": pa.array(TEXTS, pa.large_binary()), "small": pa.array(range(5), pa.int32())}
    columns |= {"large": pa.array([2**40 + row for row in range(5)], pa.int64()), "share": pa.array([0.5] * 5, pa.float32())}
    table = pa.table(columns)
    with pa.ipc.new_file(str(path), table.schema) as writer:
        for first, last in zip((0, *cuts), (*cuts, 5), strict=True):
            parts = [table[name].slice(first, last - first).combine_chunks() for name in table.column_names]
            writer.write_batch(pa.RecordBatch.from_arrays(parts, schema=table.schema))
    return table


@pytest.mark.parametrize("cuts", [(), (2,), (1, 1, 4)])
def test_values_lie_where_the_offsets_say(cuts: tuple[int, ...], tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    table = write(path, *cuts)
    data, result = path.read_bytes(), offsets(path)
    assert result["bytes"] == len(data)
    assert result["starts"] == [0, *cuts, 5]
    assert {name: code for name, (code, _) in result["numbers"].items()} == {"small": "i", "large": "q", "share": "f"}
    for batch, (first, last) in enumerate(pairwise(result["starts"])):
        for name, (code, places) in result["numbers"].items():
            if last > first:
                assert list(unpack_from(f"<{last - first}{code}", data, places[batch])) == table[name].to_pylist()[first:last]
        bounds, start = result["texts"]["text"][batch]
        if last > first:
            ends = unpack_from(f"<{last - first + 1}q", data, bounds)
            assert [data[start + one : start + two] for one, two in pairwise(ends)] == TEXTS[first:last]


def test_a_file_without_rows(tmp_path: Path) -> None:
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), pa.schema({"text": pa.large_binary()})):
        pass
    assert offsets(tmp_path / "x.arrow")["starts"] == [0]


def test_other_types_are_refused(tmp_path: Path) -> None:
    table = pa.table({"flag": [True]})
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(KeyError):
        offsets(tmp_path / "x.arrow")
