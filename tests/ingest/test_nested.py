"""Columns of several values: every way they are written, every way they are wrong, and each value alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.ingest import nested
from recsys.tables import FEATURES, POSTPONED, RANGES, STRINGS, TARGETS


def values_of(read: tuple[pl.Series, pl.Series]) -> list[tuple[Any, Any]]:
    values, codes = read
    return list(zip(values.to_list(), codes.to_list(), strict=True))


class TestLists:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("a|b", ["a", "b"]),
            (" a | ", [" a "]),
            ("", []),
            ("[]", []),
            (' ["a|b", "c"] ', ["a|b", "c"]),
            ("[1, 2]", ["1", "2"]),
            (r'["M\u00fasica", "a\"b", "c\nd"]', ["Música", 'a"b', "c\nd"]),
            ("['rock', \"r'n'b\"]", ["rock", "r'n'b"]),
            (r"['it\'s', 'a\\b',]", ["it's", r"a\b"]),
            (None, None),
        ],
    )
    def test_read(self, text: str | None, names: list[str] | None) -> None:
        assert values_of(nested.lists(pl.Series([text], dtype=pl.String))) == [(names, None)]

    @pytest.mark.parametrize(
        ("text", "names"), [("a; b;", ["a", "b"]), ("a;b|c", ["a;b", "c"]), ("Tyler, The Creator", ["Tyler, The Creator"])]
    )
    def test_semicolons_where_they_separate(self, text: str, names: list[str]) -> None:
        assert values_of(nested.lists(pl.Series([text]), semicolons=True)) == [(names, None)]
        assert values_of(nested.lists(pl.Series(["a;b"]))) == [(["a;b"], None)]

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ('["a"', "type"),
            ("[true]", "type"),
            ("[1.5]", "type"),
            ("[[]]", "type"),
            ('["a\\u0000"]', "text"),
            ("[NaN]", "not_finite"),
        ],
    )
    def test_refused(self, text: str, code: str) -> None:
        assert values_of(nested.lists(pl.Series([text]))) == [(None, code)]

    def test_lists_of_a_typed_file_pass_but_for_holes(self) -> None:
        source = pl.Series([["a"], ["a", None], None, []], dtype=pl.List(pl.String))
        assert values_of(nested.lists(source)) == [(["a"], None), (None, "type"), (None, None), ([], None)]

    def test_every_row_has_its_own_however_often_it_is_there(self) -> None:
        rows = ["a|b", None, '["a"', "a|b", "c", None] * 3
        result = values_of(nested.lists(pl.Series(rows)))
        assert result == [values_of(nested.lists(pl.Series([row], dtype=pl.String)))[0] for row in rows]

    @pytest.mark.slow
    @given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=4))
    def test_json_and_python_lists_come_back_as_they_were(self, names: list[str]) -> None:
        written = [orjson.dumps(names).decode()]
        if not any(sign in name for name in names for sign in "\\\n\r\t") and all(name.isprintable() for name in names):
            written.append(repr(names))
        for text in written:
            assert values_of(nested.lists(pl.Series([text]))) == [(names, None)]


class TestTargets:
    def test_features_left_out_are_null(self) -> None:
        (value, code), (none, _) = values_of(nested.targets(pl.Series(['{"energy": 1, "tempo": null}', None])))
        assert (value, code, none) == (dict.fromkeys(FEATURES) | {"energy": 1.0}, None, None)

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ('{"energy": 1.01}', "range"),
            ('{"energi": 1}', "unknown_field"),
            ('{"energy": "1"}', "type"),
            ('{"energy": true}', "type"),
            ('{"energy": Infinity}', "not_finite"),
            ("[]", "type"),
            ("{", "type"),
        ],
    )
    def test_refused(self, text: str, code: str) -> None:
        assert values_of(nested.targets(pl.Series([text]))) == [(None, code)]

    def test_structs_of_a_typed_file(self) -> None:
        result, codes = nested.targets(pl.Series([{"energy": 0.5}, {"energy": float("nan")}]))
        assert result.dtype == TARGETS
        assert (result.to_list()[0]["energy"], codes.to_list()) == (0.5, [None, "not_finite"])


class TestRanges:
    def test_either_end_may_be_open(self) -> None:
        result, codes = nested.ranges(pl.Series(['{"tempo": [90, null], "energy": [0, 1]}']))
        assert (result.dtype, codes.to_list()) == (RANGES, [None])
        assert result.to_list()[0] == dict.fromkeys(FEATURES) | {"tempo": [90.0, None], "energy": [0.0, 1.0]}

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ('{"tempo": [90]}', "type"),
            ('{"tempo": 90}', "type"),
            ('{"tempo": [90, "x"]}', "type"),
            ('{"energy": [-1, 1]}', "range"),
            ('{"pace": [1, 2]}', "unknown_field"),
        ],
    )
    def test_refused(self, text: str, code: str) -> None:
        assert values_of(nested.ranges(pl.Series([text]))) == [(None, code)]


class TestPostponed:
    def test_names_alone_and_with_a_time(self) -> None:
        rows = ["a|b", '["a", {"track_id": 7, "until": "2027-01-02T03:04:05Z"}]', '[{"track_id": "c", "until": ""}]', None]
        result, codes = nested.postponed(pl.Series(rows), None)
        assert (result.dtype, codes.to_list()) == (POSTPONED, [None] * 4)
        until = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert result.to_list() == [
            [{"track_id": "a", "until": None}, {"track_id": "b", "until": None}],
            [{"track_id": "a", "until": None}, {"track_id": "7", "until": until}],
            [{"track_id": "c", "until": None}],
            None,
        ]

    def test_a_time_without_a_zone_is_in_the_zone_of_the_file(self) -> None:
        rows = pl.Series(['[{"track_id": "a", "until": "2027-07-01 12:00"}]'])
        assert values_of(nested.postponed(rows, None)) == [(None, "zone")]
        (value, code) = values_of(nested.postponed(rows, "Europe/Berlin"))[0]
        assert (value[0]["until"], code) == (datetime(2027, 7, 1, 10, tzinfo=UTC), None)

    def test_one_bad_time_refuses_its_row_alone(self) -> None:
        good, bad = (
            '[{"track_id": "a", "until": "2027-01-01T00:00:00Z"}]',
            '[{"track_id": "a"}, {"track_id": "b", "until": "soon"}]',
        )
        assert [code for _, code in values_of(nested.postponed(pl.Series([good, bad, good]), None))] == [None, "time", None]

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ('[{"until": "2027-01-01T00:00:00Z"}]', "type"),
            ('[{"track_id": "a", "till": 1}]', "unknown_field"),
            ('[{"track_id": "a", "until": true}]', "type"),
            ("[", "type"),
        ],
    )
    def test_refused(self, text: str, code: str) -> None:
        assert values_of(nested.postponed(pl.Series([text]), None)) == [(None, code)]


def test_columns_without_rows_have_their_types() -> None:
    empty = pl.Series([], dtype=pl.String)
    for read, dtype in ((nested.lists, STRINGS), (nested.targets, TARGETS), (nested.ranges, RANGES)):
        values, codes = read(empty)
        assert (values.dtype, codes.dtype, len(values)) == (dtype, pl.String, 0)
