"""The command line as a whole: help is quick and complete, errors are one message and an exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from recsys import errors
from recsys.cli import app, main
from recsys.cli.app import COMMANDS, INTERRUPTED
from tests.cli.conftest import Recsys

HEAVY = ("polars", "prefect", "duckdb", "numba", "numpy", "pyarrow", "great_expectations", "pydantic", "httpx")


def test_help_names_every_command(recsys: Recsys) -> None:
    answer = recsys("--help")
    assert answer.code == 0
    for name, (_, purpose) in COMMANDS.items():
        assert f" {name} " in answer.out
        assert purpose in answer.out


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys; from recsys.cli.app import run; run(['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(recsys: Recsys, command: str) -> None:
    answer = recsys(command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"Usage: recsys {command}" in answer.out


def test_version(recsys: Recsys) -> None:
    assert recsys("--version").out.strip() == "0.1.0"


@pytest.mark.parametrize(
    "arguments", [["shwo"], ["tables", "--nope"], ["show"], ["settings", "--preset", "best"], ["runs", "nope"]]
)
def test_wrong_usage_is_exit_2_and_one_line(recsys: Recsys, arguments: list[str]) -> None:
    answer = recsys(*arguments)
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert "--help" in answer.err


@pytest.mark.parametrize(
    "error", [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
)
def test_every_error_is_one_line_and_its_exit_code(
    recsys: Recsys, monkeypatch: pytest.MonkeyPatch, error: type[errors.RecsysError]
) -> None:
    _raise(monkeypatch, error("file [x].csv, line 3: no"))
    answer = recsys("tables")
    assert (answer.code, answer.err, answer.out) == (error.exit_code, "error: file [x].csv, line 3: no\n", "")


def test_exit_codes_differ_and_are_documented_in_the_tree() -> None:
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len({kind.exit_code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert re.search(rf"{kind.__name__} +exit {kind.exit_code} ", errors.__doc__ or "")


def test_interrupt_is_130(recsys: Recsys, monkeypatch: pytest.MonkeyPatch) -> None:
    _raise(monkeypatch, KeyboardInterrupt())
    answer = recsys("tables")
    assert (answer.code, answer.out) == (INTERRUPTED, "")
    assert "interrupted" in answer.err


def test_main_exits_with_the_code_and_telemetry_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED", "GX_ANALYTICS_ENABLED"):
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as left:
        main(["tables", "nope"])
    assert left.value.code == errors.NotFoundError.exit_code
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == os.environ["GX_ANALYTICS_ENABLED"] == "false"


def _raise(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def build() -> object:
        def fail(*_: object, **__: object) -> None:
            raise error

        return fail

    monkeypatch.setattr(app, "build", build)


@pytest.mark.slow
def test_completion_is_installed_by_one_command(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "--install-completion", "--shell", "bash"]
    environment = {**os.environ, "HOME": str(tmp_path), "SHELL": "/bin/bash"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert "doctor" in written


LIBRARIES = (pl.exceptions.ComputeError("bad\nmore"), duckdb.IOException("bad"), pa.ArrowInvalid("bad"), OSError("bad"))


@pytest.mark.parametrize("error", LIBRARIES)
def test_an_error_of_a_library_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(app.App, "__call__", broken)
    assert app.run(["doctor"]) == 4
    assert f"{type(error).__name__}: bad; look whether the lake is whole" in capsys.readouterr().err


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(app.App, "__call__", broken)
    with pytest.raises(ZeroDivisionError):
        app.run(["doctor"])
