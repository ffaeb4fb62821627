"""Views: every table with its comments, the same from `views.sql` without this package, and a session that writes nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import polars as pl
import pytest

from recsys import Lake, UsageError
from recsys.demo import AS_OF
from recsys.readers.views import NAMED_VECTORS, VIEWS_FILE, SqlSession, _Sources, views_sql
from recsys.tables import FORMER_NAMES, INPUTS, OUTPUTS, TABLES, Column
from tests.support.published import EARLIER, publish

pytestmark = pytest.mark.slow  # whole runs


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return publish(tmp_path_factory.mktemp("views") / "it's a lake", EARLIER, AS_OF)


@pytest.fixture(scope="module")
def session(lake: Lake) -> Iterator[SqlSession]:
    with SqlSession(lake, lake.published()) as result:
        yield result


def rows(session: SqlSession, query: str) -> list[tuple[object, ...]]:
    result = session.run(query)
    assert result is not None
    return list(result.fetchall())


@pytest.mark.parametrize("table", OUTPUTS)
def test_a_view_is_its_table(session: SqlSession, lake: Lake, table: str) -> None:
    assert rows(session, f"from {table} select count(*)") == [(lake.published().read(table).height,)]
    assert [name for name, *_ in rows(session, f"describe {table}")] == [*TABLES[table].names, *FORMER_NAMES.get(table, ())]


@pytest.mark.parametrize("table", INPUTS)
def test_inputs_have_their_batch(session: SqlSession, lake: Lake, table: str) -> None:
    wanted = lake.input(table)
    assert rows(session, f"from input_{table} select count(*), max(batch)") == [(wanted.height, 1)]
    assert [name for name, *_ in rows(session, f"describe input_{table}")] == wanted.columns


def test_nothing_but_rows_is_printed(session: SqlSession) -> None:
    assert rows(session, "select current_setting('enable_progress_bar')") == [(False,)]


def test_rejects_runs_and_history(session: SqlSession, lake: Lake) -> None:
    assert rows(session, "select count(*) from rejects") == [(2,)]
    assert [run for (run,) in rows(session, "select run from runs order by as_of")] == sorted(lake.run_ids())
    assert rows(session, "select metrics['listeners'], batches, status from runs limit 1") == [(8.0, 4, "passed")]
    counted = {run.id: run.read("rankings").height for run in lake.runs()}
    assert dict(rows(session, "select run, count(*) from history group by run")) == counted


def test_comments_come_from_the_contract(session: SqlSession) -> None:
    result = dict(rows(session, "select column_name, comment from duckdb_columns() where table_name = 'rankings'"))
    for column in TABLES["rankings"]:
        assert str(result[column.name]).startswith(column.meaning)
        assert column.unit in str(result[column.name])
    assert result["popularity"] == "the name that runs of the version before have for popularity_fit"
    views = dict(rows(session, "select view_name, comment from duckdb_views() where not internal"))
    assert set(views) == {
        *OUTPUTS,
        *(f"input_{table}" for table in INPUTS),
        "rejects",
        "runs",
        "history",
        "quality",
        *NAMED_VECTORS,
    }
    assert all(views.values())


def test_the_runs_own_file_gives_the_same_views(session: SqlSession, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lake.published()
    text = run.file(VIEWS_FILE).read_text(encoding="utf-8")
    assert str(lake.root) not in text  # the lake may move
    monkeypatch.chdir(lake.root)
    with duckdb.connect() as con:
        con.execute(text)
        for (view,) in rows(session, "from (show tables) where name <> 'quality'"):  # the lake's: a run does not hang on it
            assert (
                con.execute(f"from {view} select count(*)").fetchall()
                == session.connection.execute(f"from {view} select count(*)").fetchall()
            )


def test_a_lake_without_rejects_or_controls_has_empty_views() -> None:
    text = views_sql(_Sources({}, {"controls": [], "events": []}, [], [], []))
    with duckdb.connect() as con:
        for statement in text.split("create or replace view runs")[0].split(";\n"):
            con.execute(statement)
        assert con.execute("select count(*) from input_events").fetchone() == (0,)
        kinds = {name: kind for name, kind, *_ in con.execute("describe input_controls").fetchall()}
    assert kinds["excluded_tracks"] == "VARCHAR[]"
    assert kinds["batch"] == "INTEGER"


@pytest.mark.parametrize(
    "text",
    [
        "copy (select 1) to '{here}/x.csv'",
        "copy rankings to '{file}'",
        "attach '{here}/x.db' as x",
        "export database '{here}/x'",
        "explain analyze copy (select 1) to '{here}/x.csv'",
        "EXPLAIN (ANALYZE) COPY (select 1) to '{here}/x.csv'",
        "/* */ explain /* */ analyze copy (select 1) to '{here}/x.csv'",
        "copy (pivot (select 1 a, 2 b) on a using sum(b)) to '{here}/x.csv'",
        "prepare p as copy (select 1) to '{here}/x.csv'",
        "install httpfs",
        "load 'x'",
        "pragma enable_profiling",
        "select 1; copy (select 1) to '{here}/x.csv'",
        "call enable_logging(storage = 'file', storage_path = '{here}')",
        "set enable_external_access = true",
        "set memory_limit = '1GB'",
        "reset threads",
        "from read_csv('/etc/passwd')",
        "from '/etc/passwd'",
        "create table x as from read_text('/etc/hostname')",
        "select from",
        "from nowhere",
    ],
)
def test_nothing_is_written_and_nothing_else_is_read(session: SqlSession, lake: Lake, text: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.root.rglob("*")}
    here, file = (str(path).replace("'", "''") for path in (lake.root, lake.published().files("rankings")[0]))
    with pytest.raises(UsageError):
        session.run(text.format(here=here, file=file))
    assert {path: path.stat().st_mtime_ns for path in lake.root.rglob("*")} == before


@pytest.mark.parametrize(
    "text",
    [
        "summarize rankings",
        "explain select 1",
        "explain analyze select count(*) from rankings",
        "pivot rankings on list using count(*) group by user_id",
        "with x as (select 1 as a) from x",
        "create temp table t as from runs; from t",
        "set variable who = 'demo-u001'; select count(*) from rankings where user_id = getvariable('who')",
        "values (1)",
    ],
)
def test_questions_are_answered(session: SqlSession, text: str) -> None:
    assert rows(session, text)


def test_answers_as_files(session: SqlSession) -> None:
    query = "select user_id, list, taste[1:2] as taste, r.rank from rankings r join profiles using (user_id) order by all limit 3"
    written = {}
    for form in ("csv", "json", "parquet"):
        page, answer = io.BytesIO(), session.run(query)
        assert answer is not None
        session.copy(answer, form, page)
        written[form] = page.getvalue()
    frame = pl.read_parquet(io.BytesIO(written["parquet"]))
    assert frame.to_dicts() == json.loads(written["json"])
    assert written["csv"].decode().splitlines()[0] == "user_id,list,taste,rank"
    assert len(written["csv"].decode().splitlines()) == 4


def test_a_run_of_an_older_version_has_the_columns_it_lacks(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = Column("mood", pl.String(), "how it feels", null=True)
    for name in ("lists", "rankings", "events"):
        monkeypatch.setitem(TABLES, name, replace(TABLES[name], columns=(*TABLES[name].columns, newer)))
    with SqlSession(lake, lake.published()) as later:
        assert rows(later, "select count(*), count(mood) from lists")[0] == (lake.published().read("lists").height, 0)
        assert rows(later, "select distinct mood from rankings") == [(None,)]
        comments = rows(later, "select comment from duckdb_columns() where table_name = 'lists' and column_name = 'mood'")
        assert comments == [("how it feels [may be null]",)]
        assert rows(later, "select count(*), count(mood), max(batch) from input_events") == [(lake.input("events").height, 0, 1)]
