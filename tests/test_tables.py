"""The data contract: whole, consistent, and enforced."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys import InputError
from recsys.tables import DROP_MEANINGS, DROP_RULES, FEATURES, INPUTS, LISTS, OUTPUTS, REQUESTS, TABLES, Column, Table

ALL = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
SMALL = Table(
    "small",
    "input",
    "one thing",
    ("name",),
    (
        Column("name", pl.String(), "what it is called"),
        Column("count", pl.Int64(), "how many", "things", null=True, low=0, high=9),
        Column("share", pl.Float64(), "how much", null=True, high=1),
        Column("kind", pl.String(), "which", null=True, allowed=("a", "b")),
    ),
)


class TestContract:
    @ALL
    def test_every_table_has_a_grain_a_key_and_columns_of_one_name_each(self, table: Table) -> None:
        assert table.grain
        assert len(set(table.names)) == len(table.names)
        assert set(table.key) <= set(table.names)
        assert TABLES[table.name] is table

    @ALL
    def test_every_column_has_a_meaning_and_a_sensible_range(self, table: Table) -> None:
        for column in table:
            assert column.meaning, column.name
            assert column.low is None or column.high is None or column.low < column.high
            assert not column.allowed or column.dtype == pl.String

    @ALL
    def test_keys_of_outputs_are_never_null(self, table: Table) -> None:
        assert table.kind == "input" or not any(table[name].null for name in table.key)

    def test_inputs_and_outputs_are_tables(self) -> None:
        assert set(INPUTS) | set(OUTPUTS) | {"rejects", "quality"} == set(TABLES)
        assert {name for name in OUTPUTS if TABLES[name].kind == "input"} == {"tracks", "controls"}

    def test_features_are_columns_of_tracks_in_order(self) -> None:
        names = TABLES["tracks"].names
        first = names.index(FEATURES[0])
        assert tuple(names[first : first + 12]) == FEATURES

    def test_lists_keep_what_was_asked_and_count_every_rule(self) -> None:
        assert set(REQUESTS.names) <= set(LISTS.names)
        assert [name for name in LISTS.names if name.startswith("dropped_")] == [f"dropped_{rule}" for rule in DROP_RULES]
        assert tuple(DROP_MEANINGS) == DROP_RULES

    @ALL
    def test_arrow_schema_tells_nulls_meaning_unit_and_range(self, table: Table) -> None:
        schema = table.arrow()
        assert schema.names == table.names
        assert schema.metadata == {b"table": table.name.encode(), b"grain": table.grain.encode()}
        for column in table:
            field = schema.field(column.name)
            assert field.nullable == column.null
            assert field.metadata[b"meaning"].decode() == column.meaning
            assert (field.metadata[b"unit"].decode(), field.metadata[b"range"].decode()) == (column.unit, column.range)

    @ALL
    def test_an_empty_table_conforms(self, table: Table) -> None:
        assert table.conform(table.empty()).schema == table.schema


@pytest.mark.parametrize(("name", "words"), [("name", ""), ("count", "0 … 9"), ("share", " … 1"), ("kind", "a b")])
def test_range_in_words(name: str, words: str) -> None:
    assert SMALL[name].range == words


def test_arrow_types_of_a_small_table() -> None:
    assert SMALL.arrow().types == [pa.large_string(), pa.int64(), pa.float64(), pa.large_string()]


def test_no_such_column() -> None:
    with pytest.raises(KeyError, match="colour"):
        SMALL["colour"]


class TestConform:
    def test_order_types_and_nulls(self) -> None:
        frame = pl.DataFrame({"count": [1.0, None], "extra": [0, 0], "name": ["x", "y"]})
        result = SMALL.conform(frame)
        assert result.schema == SMALL.schema
        assert result.rows() == [("x", 1, None, None), ("y", None, None, None)]

    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            ({"count": [1]}, "small: column 'name' is required (what it is called)"),
            ({"name": ["x", None]}, "small.name: row 1 is null, a value is required"),
            ({"name": ["x", "y"], "count": [1.0, 2.5]}, "small.count: row 1 is 2.5, a whole number is required"),
            ({"name": ["x"], "count": ["many"]}, "small.count: String where Int64 is needed"),
            ({"name": ["x"], "share": [float("inf")]}, "small.share: row 0 is inf, a finite number is required"),
            ({"name": ["x"], "share": [None]}, ""),
            ({"name": [["x"]]}, "small.name: List(String) where String is needed"),
        ],
    )
    def test_message_names_table_column_and_row(self, columns: dict[str, list[object]], message: str) -> None:
        if not message:
            SMALL.conform(pl.DataFrame(columns))
            return
        with pytest.raises(InputError) as error:
            SMALL.conform(pl.DataFrame(columns))
        assert str(error.value).startswith(message)

    def test_ranges_are_the_work_of_ingest(self) -> None:
        assert SMALL.conform(pl.DataFrame({"name": ["x"], "count": [99], "kind": ["z"]}))["count"].to_list() == [99]

    @given(st.lists(st.tuples(st.text(), st.none() | st.integers(-(2**40), 2**40)), max_size=5))
    def test_a_conforming_frame_stays_as_it_is(self, rows: list[tuple[str, int | None]]) -> None:
        once = SMALL.conform(pl.DataFrame(rows, schema={"name": pl.String, "count": pl.Int64}, orient="row"))
        assert SMALL.conform(once).equals(once)

    def test_absent_columns_are_completed_as_nulls(self) -> None:
        frame = SMALL.completed(pl.DataFrame({"extra": [0], "name": ["x"]}))
        assert frame.columns[:2] == ["extra", "name"]
        assert frame.select(SMALL.names).schema == SMALL.schema
        assert frame.select(SMALL.names).rows() == [("x", None, None, None)]
        assert SMALL.completed(frame).equals(frame)

    def test_times_of_other_zones_keep_their_moment(self) -> None:
        moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
        column = pl.Series([moment]).dt.convert_time_zone("Asia/Tokyo")
        events = pl.DataFrame({"user_id": ["u"], "track_id": ["a"], "type": ["like"], "occurred_at": column})
        assert TABLES["events"].conform(events)["occurred_at"].to_list() == [moment]
