"""Tables that an older version made, in the columns of today."""

from __future__ import annotations

import polars as pl

from recsys.lake.former import todays
from recsys.tables import CANDIDATES, LISTS


def test_columns_are_renamed_and_filled_in_their_order() -> None:
    older = pl.DataFrame({"user_id": ["u"], "popularity": [0.5], "extra": [1]})
    for rows in (todays(older, "candidates"), todays(older.lazy(), "candidates").collect()):
        assert rows.columns == [*CANDIDATES.names, "extra"]
        assert rows.select("user_id", "popularity_fit", "score", "track_id").rows() == [("u", 0.5, 0.0, None)]


def test_what_may_be_null_is_null() -> None:
    rows = todays(pl.DataFrame({"user_id": ["u"]}), "lists")
    assert rows.schema == LISTS.schema
    assert rows["remarks"].to_list() == [None]
    assert rows["dropped_known"].to_list() == [0]


def test_a_table_of_today_stays_as_it_is() -> None:
    rows = CANDIDATES.empty()
    assert todays(rows, "candidates").equals(rows)
    assert todays(rows, "no such table").equals(rows)
