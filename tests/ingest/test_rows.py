"""Rejected rows: all are counted, the first and a sample are kept."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.ingest import ingest, rows
from recsys.ingest.rows import Refused, broken_rows, quoted, row_json
from recsys.lake import Lake
from tests.ingest.conftest import Put


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_LISTED", 10)
    monkeypatch.setattr(rows, "_SAMPLE", 5)


def refused(*sizes: int) -> Refused:
    """Rows of one cause, and a last one of another, in blocks."""
    result, line = Refused(), 0
    for size in sizes:
        result.add(broken_rows((line + number, None, "type", "r", "x") for number in range(1, size + 1)))
        line += size
    result.add(broken_rows([(line + 1, "c", "range", "last", "y")]))
    return result


def test_the_first_rows_a_sample_and_the_first_of_each_cause_are_kept() -> None:
    listed = refused(100).table(batch="b", table="t", source="s")
    assert (listed.total, listed.rows.height, dict(listed.unlisted)) == (101, 16, {"type": 85})
    assert listed.rows["line"].to_list()[:10] == list(range(1, 11))
    assert listed.rows["line"].to_list()[-1] == 101
    assert listed.rows["line"].is_sorted()


def test_the_sample_is_the_same_every_time() -> None:
    """A lake's bytes follow from its inputs: the draw is part of what is promised."""
    listed = refused(100).table(batch="b", table="t", source="s")
    assert listed.rows["line"].to_list() == [*range(1, 11), 13, 34, 47, 68, 89, 101]


def test_a_row_as_json_leaves_out_what_no_row_has() -> None:
    frame = pl.DataFrame({"a": [1, None], rows.LINE: [7, 8], "none": [None, None], "z": ["x", "y"]})
    assert row_json(frame).to_list() == ['{"a":1,"z":"x"}', '{"a":null,"z":"y"}']
    assert row_json(frame.select(rows.LINE, "none")).to_list() == ["{}", "{}"]


def test_a_value_in_a_message_is_short() -> None:
    assert [len(quoted("a" * size)) for size in (80, 81, 5_000)] == [82, 83, 83]
    assert quoted("a" * 80 + "b") == f"'{'a' * 80}…'"
    assert quoted("a\nb") == r"'a\nb'"


@pytest.mark.parametrize("sizes", [(1,) * 100, (50, 50), (99, 1)])
def test_the_sample_does_not_depend_on_blocks(sizes: tuple[int, ...]) -> None:
    one, other = (result.table(batch="b", table="t", source="s") for result in (refused(*sizes), refused(100)))
    assert one.rows.equals(other.rows)


def test_few_rows_are_all_kept() -> None:
    listed = refused(8).table(batch="b", table="t", source="s")
    assert (listed.rows.height, dict(listed.unlisted)) == (9, {})


def test_a_batch_counts_all_of_them(lake: Lake, put: Put) -> None:
    path = put("t.csv", "id,popularity\ng,0.5\n" + "x,high\n" * 50 + "g,1\n")
    (report,) = ingest(lake, "tracks", [path])
    assert (report.rows_read, report.kept, report.rejected) == (52, 1, 51)
    assert dict(report.causes) == {"type": 50, "duplicate": 1}
    (batch,) = lake.batches()
    assert (batch.rejected, batch.read_rejects().height, dict(batch.unlisted)) == (51, 16, {"type": 35})
    (again,) = ingest(lake, "tracks", [path])
    assert (again.already, again.rejected, dict(again.causes)) == (True, 51, dict(report.causes))
    assert lake.rejects().filter(pl.col("code") == "duplicate").height == 1
