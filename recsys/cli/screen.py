"""How commands write: tables and JSON on standard output, progress on standard error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recsys.text import printable

if TYPE_CHECKING:
    from rich.progress import TaskID

WIDTH = 120
"""Columns where there is no terminal to fit."""


class Screen(Console):
    """Shows no control character, wherever a text came from."""

    def print(self, *objects: Any, **options: Any) -> None:
        shown = [printable(each) if isinstance(each, str) else each for each in objects]
        if self.is_terminal:
            super().print(*shown, **options)
            return
        with self.capture() as captured:
            super().print(*shown, **options)
        self.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1]))

    def on_broken_pipe(self) -> None:
        """Whoever read has read enough: the command line ends without a word."""
        raise BrokenPipeError


def console() -> Console:
    """Standard output; plain text when it is not a terminal."""
    out = Screen(highlight=False, emoji=False)
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = WIDTH
    return out


def say(text: str) -> None:
    """One line as it is, however long."""
    console().print(text, markup=False, soft_wrap=True)


def warn(text: str) -> None:
    """One line on standard error, for what does not stop the command."""
    Screen(stderr=True, highlight=False).print(text, markup=False, soft_wrap=True)


def grid(
    title: str | None,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Table:
    """A table of the rows. Columns named in ``right`` hold numbers, those in ``whole`` ids that must not be broken."""
    table = Table(
        title=title and escape(printable(title)), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        table.add_column(escape(column), justify="right" if column in right else "left", overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(escape(_text(cell)) for cell in row))
    return table


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:,}" if isinstance(cell, int) else printable(str(cell))


def minute(moment: datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def print_json(data: object) -> None:
    """One JSON document; times as ISO 8601."""
    console().print_json(json.dumps(data, ensure_ascii=False, default=_jsonable))


def _jsonable(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@contextmanager
def progress(*, shown: bool = True) -> Iterator[Callable[[str, int, int], None]]:
    """Bars on standard error while the block runs, one per name; nothing when it is not a terminal.

    A bar shows the time since it began, and the time that is left at the speed of the last half minute where that can be told.

    The block's value is called with a name, what is done and what there is to do (0 = unknown).
    """
    # here, for most commands show none
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bars:
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=None)
            bars.update(tasks[name], completed=done, total=total or None)

        yield report
