"""`recsys sql`: a query, a pipe, a prompt; nothing else gets through."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from recsys import Lake
from recsys.cli import sql
from tests.cli.conftest import Recsys


def test_a_query_as_a_table(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("sql", "select count(*) as n, min(list) as first from rankings", "--lake", lake.root)
    assert (answer.code, answer.err) == (0, "")
    assert str(lake.published().read("rankings").height) in answer.out


@pytest.mark.slow
def test_other_formats(lake: Lake, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    query = "select user_id, list from lists order by all limit 2"
    sql.sql(query, form="json", lake=lake.root)
    assert [set(row) for row in json.loads(capsysbinary.readouterr().out)] == [{"user_id", "list"}] * 2
    sql.sql(query, form="parquet", lake=lake.root)
    assert capsysbinary.readouterr().out[:4] == b"PAR1"


def test_a_chosen_run(recsys: Recsys, lake: Lake) -> None:
    run = lake.published().id
    assert run in recsys("sql", "select run from runs", "--run", run, "--lake", lake.root, "--format", "table").out
    assert recsys("sql", "select 1", "--run", "nope", "--lake", lake.root).code == 6


@pytest.mark.slow
@pytest.mark.parametrize("query", ["select bad", "copy (select 1) to 'x.csv'", "select"])
def test_a_wrong_query_is_one_message(recsys: Recsys, lake: Lake, query: str) -> None:
    answer = recsys("sql", query, "--lake", lake.root)
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_through_a_pipe(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("create temp table t as select 41 + 1 as a; from t"))
    assert "42" in recsys("sql", "--lake", lake.root).out


def test_a_prompt_goes_on_after_an_error(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["select", "7 * 6 as a;", "select nope;", KeyboardInterrupt(), "select 'late' as b;", ".quit"])

    def answer(_: str) -> str:
        line = next(typed)
        if isinstance(line, BaseException):
            raise line
        return line

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(sys, "stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    result = recsys("sql", "--lake", lake.root)
    assert result.code == 0
    assert "42" in result.out
    assert "nope" in result.out
    assert "late" in result.out


def test_parquet_is_not_for_a_screen(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert recsys("sql", "select 1", "--format", "parquet", "--lake", lake.root).code == 2


def test_before_the_first_run(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,title,artist,popularity\na,One,Ada,7\nb,Two,Bel,0.5\n")
    recsys("ingest", "tracks", "t.csv")
    answer = recsys("sql", "select (from rejects select count(*)) + (from input_tracks select count(*)) as n")
    assert (answer.code, "2" in answer.out, "no run is published yet" in answer.err) == (0, True, True)


@pytest.mark.slow
def test_a_reader_that_has_enough_ends_it_without_a_word(tmp_path: Path, lake: Lake) -> None:
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "sql", "--lake", str(lake.root), "--format", "csv"]
    with subprocess.Popen(
        [*command, "from range(1000000)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True
    ) as done:
        assert done.stdout
        assert done.stderr
        assert done.stdout.readline() == "range\n"
        done.stdout.close()
        assert (done.stderr.read(), done.wait()) == ("", 0)


def test_help_exit_and_completion(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["help", "exit"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    result = recsys("sql", "--lake", lake.root)
    assert (result.code, "describe rankings" in result.out) == (0, True)
    complete = sql.readline.get_completer()
    assert complete is not None
    assert "rankings" in [complete("rank", state) for state in range(5)]


def test_exit_leaves_within_a_query_but_not_within_a_text(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["select 'it''s", "exit", "quit' as a, 6 * 7 as b; ", "select /*", "exit", "*/ 1 -- it's", "EXIT;", "select never;"]
    typed = iter(lines)
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys, "stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    result = recsys("sql", "--lake", lake.root)
    assert (result.code, "42" in result.out, list(typed)) == (0, True, ["select never;"])
