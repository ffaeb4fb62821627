"""``recsys sql``: a DuckDB over a run, the inputs and the history; it only reads."""

from __future__ import annotations

import re
import readline
import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from typing import Annotated, Literal

from cyclopts import Parameter

from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.screen import WIDTH, console, warn
from recsys.cli.show import RunId
from recsys.errors import UsageError
from recsys.lake import Lake
from recsys.models import limit_memory
from recsys.readers.views import SqlSession
from recsys.settings import load

HELP = """\
show tables;                                      what there is
describe rankings;                                the columns of one
select * from rankings where user_id = 'ann';     a query, over several lines if you like, up to a semicolon
summarize profiles;                               range and mean of every column
exit                                              leaves, also within a query, and so does Ctrl-D; Ctrl-C drops what is typed
Worked queries: docs/analysts.md and sql/analyst."""
PROMPT, MORE = "recsys> ", "   ...> "

_Query = Annotated[str | None, Parameter(help="DuckDB SQL; without it, a prompt, or what comes through a pipe.")]
_Rows = Annotated[Literal["table", "csv", "json", "parquet"], Parameter(name="--format", help="How to print the rows.")]


def sql(query: _Query = None, /, *, run: RunId = None, form: _Rows = "table", lake: LakeFolder = None) -> None:
    """Query a run, the inputs and earlier runs with DuckDB. Nothing can be changed."""
    if form == "parquet" and sys.stdout.isatty():
        raise UsageError("parquet is not for a screen; write it to a file:  recsys sql … --format parquet > rows.parquet")
    home = Lake(lake_folder(lake))
    chosen = home.run(run) if run else home.current()
    if chosen is None:
        warn("no run is published yet: there are the inputs, rejects and runs; `recsys run` builds the other tables")
    limit_memory(load()[0].memory_limit)
    with SqlSession(home, chosen) as session:
        if query is None and sys.stdin.isatty():
            _prompt(session, form)
        else:
            _answer(session, sys.stdin.read() if query is None else query, form)


def _answer(session: SqlSession, text: str, form: str) -> None:
    answer = session.run(text)
    if answer is None:
        return
    if form == "table":
        session.show(answer, get_terminal_size((WIDTH, 0)).columns)
    else:
        session.copy(answer, form, sys.stdout.buffer)


def _prompt(session: SqlSession, form: str) -> None:
    """Read statements up to a semicolon until end of input; an error ends the statement, not the prompt."""
    readline.set_auto_history(True)
    _complete(session.names())
    console().print("SQL ends with a semicolon. Tab completes names; help; exit.", markup=False)
    while (text := _statement()) is not None:
        try:
            _answer(session, text, form)
        except UsageError as error:
            console().print(str(error), markup=False)


def _complete(names: Sequence[str]) -> None:
    """Tab completes names of tables and columns, and the words of SQL."""

    def match(text: str, state: int) -> str | None:
        near = [name for name in names if name.startswith(text)] if text else []
        return near[state] if state < len(near) else None

    readline.set_completer(match)
    readline.set_completer_delims(" \t\n,;()=<>.'\"")
    readline.parse_and_bind("bind ^I rl_complete" if "libedit" in (readline.__doc__ or "") else "tab: complete")


def _within_quotes(text: str) -> bool:
    """Whether an SQL text or quoted name goes on after ``text``: a line of it may be any word."""
    closed = re.sub(r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"", "", text, flags=re.DOTALL)
    return any(sign in closed for sign in ("'", '"', "/*"))


def _statement() -> str | None:
    """One statement from the prompt; none at its end. Ctrl-C drops what was typed."""
    lines: list[str] = []
    while True:
        try:
            line = input(MORE if lines else PROMPT)
        except EOFError:
            return None
        except KeyboardInterrupt:
            lines.clear()
            continue
        word = line.strip().lower().rstrip(";").lstrip(".")
        if word in ("quit", "exit") and not _within_quotes("\n".join(lines)):
            return None
        if word == "help" and not lines:
            console().print(HELP, markup=False)
            continue
        lines.append(line)
        if line.rstrip().endswith(";"):
            return "\n".join(lines)
