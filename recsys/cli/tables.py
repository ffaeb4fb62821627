"""``recsys tables``: the data contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import polars as pl
from cyclopts import Parameter

from recsys.cli.options import Document
from recsys.cli.screen import console, grid, markdown, print_json, say
from recsys.errors import NotFoundError
from recsys.tables import TABLES, Column, Table

_COLUMNS = ("column", "type", "null", "unit", "range", "meaning")


def tables(
    name: Annotated[str | None, Parameter(help="One table; default: all.")] = None, /, *, form: Document = "table"
) -> None:
    """Print the data contract: every table, or the columns of one."""
    if name is not None and name not in TABLES:
        raise NotFoundError(f"table {name!r} does not exist; tables: {', '.join(TABLES)}")
    chosen = [TABLES[name]] if name else list(TABLES.values())
    if form == "json":
        print_json([_record(table) for table in chosen])
    elif form == "markdown":
        say(tables_markdown(chosen))
    elif name:
        _print_one(TABLES[name])
    else:
        _print_all()


def type_name(dtype: pl.DataType) -> str:
    """The type as a reader of the files calls it."""
    names = {pl.String: "text", pl.Float64: "float64", pl.Float32: "float32", pl.Int64: "int64", pl.Int32: "int32"}
    if isinstance(dtype, pl.Datetime):
        return "timestamp"
    if isinstance(dtype, pl.List):
        return f"list of {type_name(_inner(dtype))}"
    if isinstance(dtype, pl.Array):
        return f"{dtype.size} × {type_name(_inner(dtype))}"
    if isinstance(dtype, pl.Struct):
        fields = dtype.fields
        return "struct of the 12 features" if len(fields) == 12 else f"({', '.join(field.name for field in fields)})"
    return names.get(type(dtype), str(dtype).lower())


def _inner(dtype: pl.List | pl.Array) -> pl.DataType:
    return dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()


def _cells(column: Column) -> tuple[str, ...]:
    return (column.name, type_name(column.dtype), "yes" if column.null else "", column.unit, column.range, column.meaning)


def _print_all() -> None:
    rows = [(table.name, table.kind, table.grain, ", ".join(table.key)) for table in TABLES.values()]
    console().print(grid(None, ("table", "kind", "one row is", "key"), rows))
    say("columns of one table:  recsys tables rankings")


def _print_one(table: Table) -> None:
    title = f"{table.name} ({table.kind}): {table.grain}; key {', '.join(table.key)}"
    console().print(grid(title, _COLUMNS, [_cells(column) for column in table]))


def _record(table: Table) -> dict[str, object]:
    columns = [dict(zip(_COLUMNS, _cells(column), strict=True)) | {"null": column.null} for column in table]
    return {"table": table.name, "kind": table.kind, "grain": table.grain, "key": table.key, "columns": columns}


def tables_markdown(chosen: Iterable[Table] = tuple(TABLES.values())) -> str:
    """The tables as Markdown sections."""
    return "\n\n".join(_markdown(table) for table in chosen)


def _markdown(table: Table) -> str:
    head = f"## {table.name}\n\n{table.kind.capitalize()}; {table.grain}; key ({', '.join(table.key)}).\n\n"
    return head + markdown(_COLUMNS, [(f"`{column.name}`", *_cells(column)[1:]) for column in table])
