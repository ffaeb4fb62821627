"""Parquet of any type, whole and damaged."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.errors import InputError
from recsys.ingest import budget, parquet
from recsys.ingest.columns import Header
from recsys.ingest.files import Source
from recsys.ingest.validation import validate
from recsys.tables import CONTROLS, EVENTS, REQUESTS, TRACKS, Table

BASE = {"user_id": ["u", "v"], "track_id": ["x", "y"], "type": ["play", "like"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.parquet"


def read(path: Path, table: Table, columns: dict[str, Any]) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    pq.write_table(pa.table(columns), path)
    (block,) = parquet.read(Source(path), Header.of(table, {}, {}))
    kept, rejected = validate(table, block)
    return kept.to_dicts(), rejected.select("line", "column", "code").rows()


@pytest.mark.parametrize("kind", [pa.list_(pa.dictionary(pa.int32(), pa.string())), pa.list_(pa.large_string(), 2)])
def test_lists_of_words_in_forms_of_their_own(path: Path, kind: pa.DataType) -> None:
    kept, rejected = read(path, TRACKS, {"id": ["a", "b"], "genres": pa.array([["x", "y"], None], kind)})
    assert ([row["genres"] for row in kept], rejected) == ([["x", "y"], None], [])


@pytest.mark.parametrize(
    ("column", "array", "expected"),
    [
        ("user_id", pa.array([1, 2]), 1),
        ("user_id", pa.array(["u", "v"]).dictionary_encode(), "u"),
        ("user_id", pa.array(["u", "v"], pa.large_string()), "u"),
        ("weight", pa.array([Decimal("1.5"), None]), 1.5),
        ("weight", pa.array([1.5, None], pa.float32()), 1.5),
        ("weight", pa.array(["1.5", None]), 1.5),
        ("weight", pa.nulls(2), None),
        ("completed_ms", pa.array([7.0, None]), 7),
        ("completed_ms", pa.array([7, None], pa.uint16()), 7),
        ("occurred_at", pa.array([1_704_464_580, None]), datetime(2024, 1, 5, 14, 23, tzinfo=UTC)),
        ("occurred_at", pa.array([1_704_464_580, None], pa.timestamp("s", "Foo/Bar")), datetime(2024, 1, 5, 14, 23, tzinfo=UTC)),
        (
            "occurred_at",
            pa.array([1_704_464_580_000, None], pa.timestamp("ms", "+05:45")),
            datetime(2024, 1, 5, 14, 23, tzinfo=UTC),
        ),
    ],
)
def test_types_that_fit(path: Path, column: str, array: pa.Array, expected: object) -> None:
    kept, rejected = read(path, EVENTS, {**BASE, column: array})
    assert rejected == []
    assert kept[0][column] == (str(expected) if column == "user_id" else expected)


@pytest.mark.parametrize(
    ("column", "array"),
    [
        ("weight", pa.array([True, False])),
        ("weight", pa.array([["a"], []])),
        ("completed_ms", pa.array([1, 2], pa.duration("ms"))),
        ("occurred_at", pa.array([1, 2], pa.time64("us"))),
        ("context", pa.array([[("a", "b")], []], pa.map_(pa.string(), pa.string()))),
    ],
)
def test_types_that_never_fit(path: Path, column: str, array: pa.Array) -> None:
    with pytest.raises(InputError, match=rf"column '{column}' is .*; allowed: "):
        read(path, EVENTS, {**BASE, column: array})


def test_bad_values_of_good_types(path: Path) -> None:
    weights = pa.array([float("nan"), 101.0])
    assert read(path, EVENTS, {**BASE, "weight": weights}) == ([], [(1, "weight", "not_finite"), (2, "weight", "range")])


def test_text_that_is_not_utf8(path: Path) -> None:
    context = pa.array([b"ok", b"\xff"], pa.binary()).view(pa.string())
    kept, rejected = read(path, EVENTS, {**BASE, "context": context})
    assert [row["context"] for row in kept] == ["ok"]
    assert rejected == [(2, None, "utf8")]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_times_beyond_the_calendar(path: Path, unit: str) -> None:
    times = pa.array([2**52 if unit != "us" else 2**62, 0], pa.timestamp(unit, "UTC"))
    assert read(path, EVENTS, {**BASE, "occurred_at": times}) == ([], [(1, None, "time_range"), (2, "occurred_at", "undated")])


def test_nested_features_and_lists(path: Path) -> None:
    columns = {
        "track_id": ["a", "b"],
        "features": pa.array([{"energy": 0.5, "key": 3}, None]),
        "genres": pa.array([["rock"], None]),
    }
    kept, rejected = read(path, TRACKS, columns)
    assert rejected == []
    assert [(row["id"], row["energy"], row["key"], row["genres"]) for row in kept] == [
        ("a", 0.5, 3.0, ["rock"]),
        ("b", None, None, None),
    ]


def test_structs(path: Path) -> None:
    until = datetime(2027, 1, 1, tzinfo=UTC)
    postponed = pa.array([[{"track_id": "x", "until": until}, {"track_id": "y", "until": None}], []])
    kept, _ = read(path, CONTROLS, {"user_id": ["u", "v"], "postponed_tracks": postponed})
    assert [row["postponed_tracks"] for row in kept] == [
        [{"track_id": "x", "until": until}, {"track_id": "y", "until": None}],
        [],
    ]
    targets = pa.array([{"energy": 0.5, "tempo": None}, {"energy": 7, "tempo": 1}])
    kept, rejected = read(path, REQUESTS, {"user_id": ["u", "v"], "list": ["a", "b"], "feature_targets": targets})
    assert kept[0]["feature_targets"]["energy"] == 0.5
    assert rejected == [(2, "feature_targets", "range")]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a"], "features": [{"energi": 1.0}]}, "did you mean 'energy'"),
        ({"id": ["a"], "features": ["x"]}, "allowed: a struct"),
        ({"id": ["a"], "energy": [0.5], "features": [{"energy": 0.5}]}, "'energy' is there twice"),
        ({"id": ["a"], "track_id": ["b"]}, "'id' is there twice"),
        ({"title": ["a"]}, "'id' is required"),
    ],
)
def test_columns_that_do_not_fit(path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(path, TRACKS, columns)


def test_rows_are_counted_over_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "_ROWS", 3)
    pq.write_table(pa.table({"user_id": [str(row) for row in range(8)]}), path)
    seen: list[float] = []
    blocks = list(parquet.read(Source(path), Header.of(CONTROLS, {}, {}), seen.append))
    assert [line for block in blocks for line in block.frame["line"]] == list(range(1, 9))
    assert seen[-1] == 1


def test_bytes_uuids_and_decimals_are_ids(path: Path) -> None:
    columns = {
        "user_id": pa.array([b"u", "ü".encode()]),
        "track_id": pa.array([Decimal("7.00"), Decimal("12.00")]),
        "type": pa.array([b"play", b"like"]).dictionary_encode(),
        "context": pa.array([bytes(range(16)), None], pa.binary(16)),
    }
    kept, rejected = read(path, EVENTS, columns)
    assert rejected == []
    assert [(row["user_id"], row["track_id"], row["type"], row["context"]) for row in kept] == [
        ("u", "7", "play", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("ü", "12", "like", None),
    ]
    kept, rejected = read(path, EVENTS, BASE | {"context": pa.array([b"ok", b"\xff"])})
    assert ([row["context"] for row in kept], rejected) == (["ok"], [(2, None, "utf8")])
