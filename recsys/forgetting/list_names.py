"""Lists of other listeners that are named after the one who is forgotten: their names, not the lists, go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain, count

import polars as pl

from recsys.lake import Lake
from recsys.tables import TABLES

COLUMN = "list"


def all_names(lake: Lake) -> set[str]:
    """Every name of a list in the saved requests and in the runs that can be read."""
    tables = [lake.input("requests"), *(run.read("lists") for run in lake.runs() if "lists" in run.tables and not run.damage())]
    return set(chain.from_iterable(table[COLUMN].unique().to_list() for table in tables))


def renamed(names: Iterable[str], hide: Callable[[str], str]) -> dict[str, str]:
    """Name → what it becomes, for those that ``hide`` changes; no two names become one, in the same way every time.

    >>> renamed({"ann", "ann mix", "removed"}, lambda name: name.replace("ann", "removed"))
    {'ann': 'removed 2', 'ann mix': 'removed mix'}
    """
    taken = set(names)
    new: dict[str, str] = {}
    for name in sorted(taken):
        if (bare := hide(name)) != name:
            new[name] = next(one for one in chain([bare], (f"{bare} {number}" for number in count(2))) if one not in taken)
            taken.add(new[name])
    return new


def with_names(rows: pl.DataFrame, table: str, names: Mapping[str, str]) -> pl.DataFrame:
    """Rows of a table under the new names, in the order of the table's key."""
    if COLUMN not in rows.columns or not rows[COLUMN].is_in(list(names)).any():
        return rows
    return rows.with_columns(pl.col(COLUMN).replace(dict(names))).sort(TABLES[table].key, maintain_order=True)
