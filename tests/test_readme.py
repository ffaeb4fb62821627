"""The README is true: its generated parts are those of the code, its commands parse, its Python runs."""

from __future__ import annotations

import re
import shlex

import polars as pl
import pytest

from recsys import RecsysError, errors
from recsys.cli.app import COMMANDS, build
from recsys.settings import Settings
from recsys.tables import TABLES
from tests.readme import README, render

TEXT = README.read_text(encoding="utf-8")
COMMAND_LINES = re.findall(r"^recsys .+$", TEXT, re.MULTILINE)


def test_generated_parts_are_in_step() -> None:
    assert render(TEXT) == TEXT, "README.md is behind the code: run `make readme`"


def test_first_screen_says_what_goes_in_what_comes_out_and_the_two_commands() -> None:
    screen = "\n".join(TEXT.splitlines()[:40])
    for part in ("**In**", "**Out**", "make demo", "make test", "ends with", "passed in"):
        assert part in screen


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_commands_parse(line: str) -> None:
    build().parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)


def test_everything_a_person_can_name_is_there() -> None:
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, RecsysError)]
    for name in (*COMMANDS, *TABLES, *Settings.model_fields, *(kind.__name__ for kind in kinds)):
        assert name in TEXT


def test_make_targets_exist() -> None:
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z]+)`?", TEXT.split("## ")[0]):
        if target not in ("and",):
            assert f"\n{target}:" in makefile


def test_python_runs() -> None:
    (code,) = re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL)
    *lines, last = code.strip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(lines), names)  # noqa: S102
    found = eval(last, names)  # noqa: S307
    assert isinstance(found, pl.DataFrame)
    assert found["track_id"].to_list() == ["b", "c"]
