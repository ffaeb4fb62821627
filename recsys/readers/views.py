"""The views an analyst queries: one per table of a run, the inputs, the rejects, and the runs, with the contract's comments.

The text is plain DuckDB, so the file ``views.sql`` of a run gives the same views without this package; its paths are relative
to the lake's folder. :class:`SqlSession` opens them for reading alone: no statement that could write a file gets through.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple, Self

import duckdb
import pyarrow.parquet as pq

from recsys import names
from recsys.errors import UsageError
from recsys.lake import Batch, Lake, Run, Staged, quality
from recsys.lake.pruning import using
from recsys.models import SQL, connect, literal
from recsys.tables import FORMER_NAMES, INPUTS, QUALITY, REJECTS, TABLES, Table

VIEWS_FILE = "views.sql"
"""Name of the file in a run's folder."""
COMMENTS = {
    "runs": "every run of the lake, as its manifest tells it",
    "history": "the lists of every run of the lake: `rankings` with the column run",
}
NAMED_VECTORS = {
    "tastes": (
        ("profiles", "lists"),
        "the taste vectors of listeners (list is null) and of their lists, one column a feature, 0–1",
    ),
    "explanations": (("rankings",), "agreement of each ranked track with the taste of its list, one column a feature, 0–1"),
}
"""View over a run's own views → these, and what it holds."""
_OLDER = "the name that runs of the version before have for"
_BATCH = "ordinal of the ingested batch, first = 1; a later batch is a later version"

_HEADER = """\
-- Views over run {run}: its tables, the inputs, the rejects, every run (runs) and the lists of every run (history).
-- Paths are relative to the lake's folder:  cd LAKE && duckdb -init runs/{run}/views.sql
set TimeZone = 'UTC';
"""
_READS = {"SELECT", "SET", "VARIABLE_SET"}
_MEMORY = {"CREATE", "DROP"}
_ROWS = 100
_ALLOWED = "`recsys sql` only reads: select, describe, summarize, explain, pivot, and tables and views in memory"
_EXPLAIN = re.compile(r"\s*explain(\s+analyze)?(\s*\([^()]*\))?\s", re.IGNORECASE)
_QUESTION = re.compile(r"\s*(select|from|with|pivot|unpivot)\b", re.IGNORECASE)


class _Sources(NamedTuple):
    """The files behind the views, as paths: table or input → files."""

    tables: Mapping[str, Sequence[str]]
    inputs: Mapping[str, Sequence[str]]
    rejects: Sequence[str]
    manifests: Sequence[str]
    """Manifests of all runs; patterns are allowed."""
    rankings: Sequence[str]
    """Parts of `rankings` of all runs; patterns are allowed."""
    lacking: Mapping[str, Sequence[str]] = {}
    """Columns that the files of a table lack, because an older version made them."""
    quality: Sequence[str] | None = None
    """File of the lake's table `quality`, if it is there; none = no such view, for a run does not hang on it."""


def staged_views(staged: Staged) -> str:
    """``views.sql`` of a run in the making: what was written so far, and the inputs it is made from."""
    run = staged.plan.run_id
    names: dict[str, list[str]] = {}
    for name in sorted(staged.written):
        if table := staged.written[name].table:
            names.setdefault(table, []).append(f"runs/{run}/{name}")
    inputs, rejects = _batch_files(staged.plan.batches, "inputs")
    sources = _Sources(names, inputs, rejects, ["runs/*/manifest.json"], ["runs/*/rankings/*.parquet"])
    return _HEADER.format(run=run) + views_sql(sources)


def run_sources(lake: Lake, run: Run | None) -> _Sources:
    """The files of a run, if there is one, and of all that was ingested, as absolute paths; only those that manifests list."""
    files = {table: run.files(table) for table in run.tables} if run else {}
    tables = {table: [literal(path) for path in paths] for table, paths in files.items()}
    lacking = {table: absent for table, paths in files.items() if (absent := _absent(table, paths))}
    batches = lake.batches()
    for batch in batches:
        batch.fetch()
    inputs, rejects = _batch_files(batches, literal(lake.root / "inputs"))
    runs = {each.id: each for each in (*lake.runs(), *([run] if run else []))}.values()
    manifests = [literal(each.path / "manifest.json") for each in runs]
    ranked = [literal(path) for each in runs if "rankings" in each.tables for path in each.files("rankings")]
    judged = [literal(path)] if (path := quality.place(lake)).exists() else []
    return _Sources(tables, inputs, rejects, manifests, ranked, lacking, judged)


def _batch_files(batches: Sequence[Batch], root: str) -> tuple[dict[str, list[str]], list[str]]:
    inputs: dict[str, list[str]] = {table: [] for table in INPUTS}
    rejects = []
    for batch in batches:
        folder = f"{root}/{batch.table}/{batch.path.name}"
        inputs[batch.table].append(f"{folder}/{batch.receipt.kept.path}")
        if batch.receipt.rejects:
            rejects.append(f"{folder}/{batch.receipt.rejects.path}")
    return inputs, rejects


def views_sql(sources: _Sources) -> str:
    """The statements that make the views, each with its comments. Equal sources give equal text."""
    parts = [
        _view(TABLES[name], name, _source(name, files, sources.lacking.get(name, ()))) for name, files in sources.tables.items()
    ]
    for name, (needed, meaning) in NAMED_VECTORS.items():
        if sources.tables.keys() >= {*needed}:
            parts.append(f"create or replace view {name} as\n{_model(name)};\n" + _comment("view", name, meaning))
    for name, files in sources.inputs.items():
        source = _none(TABLES[name], batch=True)
        if files:  # by name: a column may be newer than every batch
            source += "\nunion all by name\n" + _model("input").replace("getvariable('batches')", _array(files))
        parts.append(_view(TABLES[name], f"input_{name}", source) + _comment("column", f"input_{name}.batch", _BATCH))
    parts.append(_view(REJECTS, "rejects", _files(sources.rejects) if sources.rejects else _none(REJECTS)))
    if sources.quality is not None:
        parts.append(_view(QUALITY, "quality", _files(sources.quality) if sources.quality else _none(QUALITY)))
    files_of = {"manifests": sources.manifests, "ranked": sources.rankings}
    for (name, meaning), (variable, files) in zip(COMMENTS.items(), files_of.items(), strict=True):
        source = _model(name).replace(f"getvariable('{variable}')", _array(files)) if files else _NO_RUNS[name]()
        parts.append(f"create or replace view {name} as\n{source};\n" + _comment("view", name, meaning))
    return "\n".join(parts)


def _view(table: Table, name: str, source: str) -> str:
    meaning = f"{table.grain}; key ({', '.join(table.key)})"
    comments = [_comment("view", name, meaning)]
    for column in table:
        facts = [fact for fact in (column.unit, column.range, "may be null" if column.null else "") if fact]
        words = f"{column.meaning} [{'; '.join(facts)}]" if facts else column.meaning
        comments.append(_comment("column", f'{name}."{column.name}"', words))
    comments += [_comment("column", f'{name}."{old}"', f"{_OLDER} {new}") for old, new in FORMER_NAMES.get(name, {}).items()]
    return f"create or replace view {name} as\n{source};\n" + "".join(comments)


def _source(name: str, files: Sequence[str], lacking: Sequence[str]) -> str:
    source = _model("fits").replace("getvariable('ranked')", _array(files)) if name in FORMER_NAMES else _files(files)
    return f"{source}\nunion all by name\n{_none(TABLES[name], only=lacking)}" if lacking else source


def _absent(table: str, paths: Sequence[Path]) -> list[str]:
    """Columns of the contract that the files of a run do not have under any name."""
    there = pq.read_schema(paths[0]).names if paths else TABLES[table].names
    former = FORMER_NAMES.get(table, {})
    return [name for name in TABLES[table].names if name not in {*there, *(former.get(old) for old in there)}]


def _comment(kind: str, name: str, words: str) -> str:
    return f"comment on {kind} {name} is {_text(words)};\n"


def _files(files: Sequence[str]) -> str:
    return f"from read_parquet({_array(files)}, union_by_name = true, hive_partitioning = false)"


def _no_history() -> str:
    return _none(TABLES["rankings"]).replace("select ", "select null::varchar as run, ", 1)


_NO_RUNS = {
    "runs": lambda: (
        "select null::varchar as run, null::timestamptz as as_of, null::timestamptz as created_at, null::varchar as "
        "status, null::varchar as preset, null::varchar as code, null::bigint as batches, null::map(varchar, double) as metrics "
        "where false"
    ),
    "history": _no_history,
}
"""The views about all runs of a lake without any."""


def _none(table: Table, *, batch: bool = False, only: Sequence[str] = ()) -> str:
    """A source without rows, with the table's columns and types, or ``only`` some of them."""
    with duckdb.connect() as con:
        con.register("empty", table.empty().to_arrow())
        kinds = [(row[0], row[1]) for row in con.execute("describe empty").fetchall() if not only or row[0] in only]
    kinds += [("batch", "INTEGER")] if batch else []
    return "select " + ", ".join(f'null::{kind} as "{name}"' for name, kind in kinds) + " where false"


def _model(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8").rstrip()


def _array(files: Sequence[str]) -> str:
    return "[" + ", ".join(map(_text, files)) + "]"


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


class SqlSession:
    """A DuckDB in memory with the views of one run, or without one of the inputs alone. It only reads files of the lake.

    The function ``name_key`` compares names of artists and genres as the lists do (:func:`recsys.names.key`).

    DuckDB's own lock keeps it inside the lake, but would let it write there: so only statements that read files, or that make
    and drop tables and views in memory, are let through.
    """

    def __init__(self, lake: Lake, run: Run | None) -> None:
        self._held = ExitStack()
        self._held.enter_context(using([*lake.runs(), *([run] if run else [])]))
        self._folder = TemporaryDirectory(prefix="recsys-")
        self.connection = connect(self._folder.name)
        self._draft = f"{self._folder.name}/answer"
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set enable_progress_bar = false")  # it would stand among the rows of a long query
        self.connection.execute(views_sql(run_sources(lake, run)))
        self.connection.create_function("name_key", names.key, ["VARCHAR"], "VARCHAR")
        self.connection.execute("set allowed_directories = $1", [[f"{lake.root}/", f"{literal(lake.root)}/"]])
        self.connection.execute("set allowed_paths = $1", [[self._draft]])
        self.connection.execute("set enable_external_access = false")
        self.connection.execute("set lock_configuration = true")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._held.close()
        self._folder.cleanup()

    def run(self, text: str) -> duckdb.DuckDBPyRelation | None:
        """Run every statement of ``text``; the answer of the last one, none when it has no rows to show.

        Raises :class:`UsageError` for a statement that is wrong or not allowed; those before it have run.
        """
        answer = None
        with _plainly():
            for statement in self.connection.extract_statements(text):
                if not _allowed(self.connection, statement):
                    raise UsageError(f"not allowed here: {statement.query.strip()[:80]}; {_ALLOWED}")
                answer = self.connection.sql(statement.query)
        return answer

    def names(self) -> list[str]:
        """Names of tables and columns, and the words of SQL."""
        columns = self.connection.sql("select distinct column_name from duckdb_columns() where not internal").fetchall()
        views = self.connection.sql("select view_name from duckdb_views() where not internal").fetchall()
        words = self.connection.sql("select keyword_name from duckdb_keywords()").fetchall()
        return sorted({str(name) for (name,) in (*columns, *views, *words)})

    def show(self, answer: duckdb.DuckDBPyRelation, width: int | None = None) -> None:
        """Print the first rows of an answer as a table cut to ``width`` characters."""
        with _plainly():
            answer.show(max_width=width, max_rows=_ROWS)

    def copy(self, answer: duckdb.DuckDBPyRelation, form: str, out: BinaryIO) -> None:
        """Write a whole answer as csv, json or parquet."""
        with _plainly():
            if form == "csv":
                answer.to_csv(self._draft)
            elif form == "parquet":
                answer.to_parquet(self._draft)
            else:
                answer.query("answer", f"copy answer to {_text(self._draft)} (format json, array true)")
        with Path(self._draft).open("rb") as draft:
            shutil.copyfileobj(draft, out)
        out.flush()


@contextmanager
def _plainly() -> Iterator[None]:
    """DuckDB's own message, as an error of ours."""
    try:
        yield
    except duckdb.Error as error:
        raise UsageError(str(error)) from error


def _allowed(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    kind = statement.type.name
    if kind == "EXPLAIN":
        explained = connection.extract_statements(_EXPLAIN.sub("", statement.query, count=1))
        return all(inner.type.name == "SELECT" for inner in explained)
    if kind == "MULTI":  # a pivot whose columns are not named runs as two statements
        return _QUESTION.match(statement.query) is not None
    return kind in _READS | _MEMORY
