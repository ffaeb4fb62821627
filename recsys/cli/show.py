"""``recsys show``: one listener's list."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table

from recsys.cli.options import Format, LakeFolder, lake_folder
from recsys.cli.screen import console, grid, minute, print_json, say
from recsys.errors import NotFoundError
from recsys.lake import Lake, Run
from recsys.tables import DROP_MEANINGS

EVERYONE = "*"
"""Stands for a listener without any history."""
_WIDE = 100
"""Columns from which a row of a list has one line."""

User = Annotated[str, Parameter(help="Listener.")]
ListName = Annotated[str, Parameter(name="--list", help="balanced, comfort, discovery, or a saved list's name.")]
Limit = Annotated[int, Parameter(name="--limit", help="Tracks to show.", validator=Number(gte=1))]
RunId = Annotated[str | None, Parameter(name="--run", help="Run to read; default: the published one.")]


def show(
    user: User,
    /,
    *,
    name: ListName = "balanced",
    limit: Limit = 20,
    run: RunId = None,
    lake: LakeFolder = None,
    form: Format = "table",
) -> None:
    """Show one listener's list: rank, title, artist, score and the reason."""
    chosen = open_run(lake, run)
    listed = summary(chosen, user, name)
    rows = list_rows(chosen, user, name).head(limit)
    if form == "json":
        print_json({"run": chosen.id, "as_of": chosen.manifest.as_of, **listed, "rows": rows.to_dicts()})
        return
    print_list(chosen, listed, rows)


def open_run(lake: Path | None, run_id: str | None) -> Run:
    """The run named, or the published one."""
    home = Lake(lake_folder(lake))
    return home.run(run_id) if run_id else home.published()


def summary(run: Run, user_id: str, name: str) -> dict[str, Any]:
    """The row of ``lists``. Raises :class:`NotFoundError` with what is near for an unknown listener or list."""
    lists = run.scan("lists").filter(pl.col("user_id") == user_id).collect()
    if lists.is_empty():
        require_listener(run, user_id)
    row = lists.filter(pl.col("list") == name)
    if row.is_empty():
        raise NotFoundError(f"listener {user_id!r} has no list {name!r}; lists: {', '.join(lists['list'])}")
    return row.row(0, named=True)


def require_listener(run: Run, user_id: str) -> None:
    """Raises :class:`NotFoundError` with what is near for a listener that the run does not know."""
    if run.scan("profiles").filter(pl.col("user_id") == user_id).collect().is_empty():
        raise NotFoundError(f"run {run.id} has no listener {user_id!r}; {_near(run, user_id)}")


def _near(run: Run, user_id: str) -> str:
    users = run.scan("profiles").filter(pl.col("user_id") != EVERYONE).select("user_id").collect()["user_id"].to_list()
    near = get_close_matches(user_id, users, n=3)
    if not users:
        return f"it was made without any listener's events; what everyone gets:  recsys show '{EVERYONE}'"
    known = f"{'near' if near else 'for example'}: {', '.join(near or users[:3])}"
    return f"{known}; what a new listener gets:  recsys show '{EVERYONE}'"


def list_rows(run: Run, user_id: str, name: str) -> pl.DataFrame:
    """Ranking rows of one list in rank order, with title and artist."""
    rows = run.scan("rankings").filter(pl.col("user_id") == user_id, pl.col("list") == name)
    names = (
        run.scan("tracks")
        .select(pl.col("id").alias("track_id"), "title", "artist")
        .unique("track_id", keep="last", maintain_order=True)
    )
    return rows.join(names, on="track_id", how="left", maintain_order="left").sort("rank").collect()


def print_list(run: Run, listed: dict[str, Any], rows: pl.DataFrame) -> None:
    """The list as a table, and the account of the catalogue below it."""
    out = console()
    out.print(list_grid(listed, rows, out.width))
    say(account(listed))
    if listed.get("remarks"):
        say(f"not as asked for: {listed['remarks']}")
    say(f"run {run.id}, as of {minute(run.manifest.as_of)}")
    if rows.height:
        named = [] if listed["list"] == "balanced" else ["--list", listed["list"]]
        say(f"explain one:  {shlex.join(['recsys', 'why', listed['user_id'], rows['track_id'][0], *named])}")


def list_grid(listed: dict[str, Any], rows: pl.DataFrame, width: int | None = None) -> Table:
    """The rows of a list, and how many of it they are; two lines a row where ``width`` is narrow."""
    title = f"{listed['user_id']} · {listed['list']} · {rows.height} of {listed['returned']} tracks"
    cells = [
        (row["rank"], row["title"] or row["track_id"], row["artist"], f"{row['score']:.4f}", _reason(row), row["track_id"])
        for row in rows.iter_rows(named=True)
    ]
    if width is not None and width < _WIDE:
        return grid(
            title, ("#", "title", "score", "track"), _two_lines(cells), right=("#", "score"), whole=("#", "score", "track")
        )
    columns = ("#", "title", "artist", "score", "reason", "track")
    return grid(title, columns, cells, right=("#", "score"), whole=("#", "score", "track"))


def _two_lines(cells: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows for a narrow screen: the reason has a line of its own."""
    for rank, title, artist, score, reason, track in cells:
        yield rank, " — ".join(filter(None, (title, artist))), score, track
        yield "", reason, "", ""


def _reason(row: dict[str, Any]) -> str:
    return str(row["reason"]) if row["source"] == "ranked" else f"{row['reason']} [{row['source']}]"


def account(listed: dict[str, Any]) -> str:
    """Where the catalogue went: candidates, and tracks left out by rule."""
    dropped = [f"{listed[f'dropped_{rule}']:,} {meaning}" for rule, meaning in DROP_MEANINGS.items() if listed[f"dropped_{rule}"]]
    left_out = f"; left out: {', '.join(dropped)}" if dropped else ""
    return f"{listed['candidates']:,} of {listed['tracks']:,} tracks were candidates{left_out}"
