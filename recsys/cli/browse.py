"""``recsys users`` and ``recsys tracks``: who and what is in a run, all or those that a text names."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from cyclopts import Parameter
from cyclopts.validators import Number

from recsys.cli.options import Format, LakeFolder
from recsys.cli.screen import console, grid, print_json, say
from recsys.cli.show import RunId, open_run
from recsys.readers.directory import listeners, near, search, tracks_listed

_Text = Annotated[str | None, Parameter(help="Part of a name, in any spelling; default: all.")]
_Limit = Annotated[int, Parameter(name="--limit", help="Rows to show.", validator=Number(gte=1))]


def users(
    text: _Text = None, /, *, limit: _Limit = 20, run: RunId = None, lake: LakeFolder = None, form: Format = "table"
) -> None:
    """List the listeners of a run, those with most events first, or search them."""
    chosen = open_run(lake, run)
    _print(listeners(chosen), ("user_id",), text, limit, form, "show one's list:  recsys show USER")


def tracks(
    text: _Text = None, /, *, limit: _Limit = 20, run: RunId = None, lake: LakeFolder = None, form: Format = "table"
) -> None:
    """List the tracks of a run, those in most lists first, or search title, artist and id."""
    chosen = open_run(lake, run)
    _print(tracks_listed(chosen), ("title", "artist", "track_id"), text, limit, form, "explain one:  recsys why USER TRACK")


def _print(rows: pl.DataFrame, columns: tuple[str, ...], text: str | None, limit: int, form: str, hint: str) -> None:
    hits = search(rows, columns, text) if text else rows
    spelled = bool(text) and hits.is_empty()
    if spelled and text:
        hits = near(rows, columns, text, limit)
    shown = hits.head(limit)
    if form == "json":
        print_json(shown.to_dicts())
        return
    if spelled:
        say(f"nothing is named {text!r}" + ("; near:" if shown.height else ""))
    if shown.height:
        right = tuple(name for name, kind in shown.schema.items() if kind.is_numeric())
        cells = (tuple(f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row) for row in shown.iter_rows())
        console().print(grid(None, shown.columns, cells, right=right, whole=(columns[-1],)))
        say(f"{shown.height:,} of {hits.height if not spelled else rows.height:,}; {hint}")
