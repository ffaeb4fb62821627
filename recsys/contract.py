"""The data contract as rules that a run's tables are tested for: types, nulls, ranges, allowed words, keys.

Every rule derives from :mod:`recsys.tables`. DuckDB counts the rows that break each rule of a table in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import NamedTuple

import polars as pl
from duckdb import CaseExpression, ConstantExpression, Expression, FunctionExpression
from duckdb import ColumnExpression as Value

from recsys import models
from recsys.models import Rows, TableRows, Within
from recsys.tables import TABLES, Column, Table

TYPES = "columns and types are those of the contract"


class _Result(NamedTuple):
    """A rule in words, how many rows break it, and the key of one of them."""

    rule: str
    failures: int
    example: str | None


@dataclass(frozen=True)
class Rule:
    """A rule of one column, and the rows that break it."""

    column: str
    text: str
    broken: Expression


def rules(table: Table) -> Iterator[Rule]:
    """The rules of a table's columns, in order of columns."""
    for column in table:
        value, bounds = Value(column.name), _bounds(column)
        if not column.null:
            yield Rule(column.name, f"{column.name} is never null", value.isnull())
        if column.allowed:
            words = map(ConstantExpression, column.allowed)
            yield Rule(column.name, f"{column.name} is one of: {column.range}", ~value.isin(*words))
        elif bounds:
            yield Rule(column.name, f"{column.name} lies in {column.range}", reduce(or_, bounds))


def unique(table: Table) -> str:
    """The rule of a table's key, in words."""
    return f"key ({', '.join(table.key)}) is unique"


def _bounds(column: Column) -> list[Expression]:
    """Below the least, above the greatest allowed value; not a number is above every bound."""
    value = Value(column.name)
    below = [] if column.low is None else [value < ConstantExpression(column.low)]
    above = [] if column.high is None else [value > ConstantExpression(column.high)]
    return below + above


def check(name: str, rows: TableRows | Within, *, keyed: bool = True) -> list[_Result]:
    """What became of one table's own rules; ``keyed``: whether its key must be unique.

    A table without the contract's columns and types breaks that one rule; the others are then not tested.
    """
    table = TABLES[name]
    if wrong := unlike(table, rows):
        return [_Result(TYPES, len(wrong), wrong[0])]
    tested = list(rules(table))
    counts = [_count(rule.broken).alias(str(place)) for place, rule in enumerate(tested)]
    height, *failures = models.aggregate(rows, [FunctionExpression("count").alias("rows"), *counts])
    results = [_Result(TYPES, 0, None)]
    for rule, count in zip(tested, failures, strict=True):
        results.append(_Result(rule.text, count, _example(table, rows, rule) if count else None))
    if keyed:
        results.append(_Result(unique(table), _repeats(table, rows, height), None))
    return results


def _repeats(table: Table, rows: Rows, height: int) -> int:
    """Rows of so many whose key is that of another, but for one of each."""
    *groups, last = table.key
    numbered = bool(groups) and table.schema[last].is_integer()
    repeated = models.repeated_keys(rows, groups, last) if numbered else None
    return height - models.distinct(rows, table.key) if repeated is None else repeated


def _count(broken: Expression) -> Expression:
    """Rows for which an expression holds; 0 in an empty table, where count_if would say nothing."""
    return FunctionExpression("count", CaseExpression(broken, ConstantExpression(1)))


def _example(table: Table, rows: Rows, rule: Rule) -> str:
    """Key of one row that breaks the rule: the least, so that it is always the same."""
    words = FunctionExpression("concat_ws", ConstantExpression(" "), *map(Value, table.key))
    (key,) = models.aggregate(rows, [FunctionExpression("min", CaseExpression(rule.broken, words))])
    return str(key)


def _schema(path: Path) -> pl.Schema:
    with path.open("rb") as file:  # a path would be taken for a pattern
        return pl.Schema(pl.read_parquet_schema(file))


def unlike(table: Table, rows: TableRows | Within) -> list[str]:
    """Names of columns that are missing, unknown, out of order or of another type; of files, those of the first."""
    paths = rows.paths if isinstance(rows, Within) else rows
    actual = paths.schema if isinstance(paths, pl.DataFrame) else _schema(paths[0])
    if list(actual) == table.names:
        return [name for name, dtype in table.schema.items() if actual[name] != dtype]
    return sorted({*actual} ^ {*table.names}) or list(actual)
