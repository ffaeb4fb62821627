"""The house's own rules, as tests: sizes, names, and where the outside world may be touched."""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from recsys.tables import OUTPUTS, STAGES

ROOT = Path(__file__).parent.parent
SHIPPED = sorted([*(ROOT / "recsys").rglob("*.py"), *(ROOT / "flows").rglob("*.py")])
SOURCES = sorted([*SHIPPED, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])
COMPUTING = STAGES[1:-1]
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "tools", "manager"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 50
"""Lines; a file that is one thought is not cut for them."""
ONE_COLUMN_A_LINE = {"recsys/tables.py"}
"""The data contract is a table that happens to be Python."""
DOORS = ("cli", "demo", "forgetting", "ingest", "lake", "lookup", "providers")
"""Packages of recsys that may touch clock, disk or network; everything else is values in, values out."""
OUTSIDE = re.compile(
    r"\b(datetime\.now|time\.time|perf_counter|open\(|read_text|read_bytes|write_text|write_bytes|write_parquet|"
    r"sink_parquet|read_parquet|import random|import httpx|import requests|import socket)\b"
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and lines of every function, its docstring not counted."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0] if ast.get_docstring(node) else None
            counted = (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1 if docstring else 0
            yield f"{name(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1 - counted


def test_files_are_short_and_so_are_their_functions() -> None:
    files = {name(path): len(text(path).splitlines()) for path in SOURCES if name(path) not in ONE_COLUMN_A_LINE}
    assert {path: lines for path, lines in files.items() if lines > LONGEST_FILE} == {}
    assert [(function, lines) for path in SOURCES for function, lines in functions(path) if lines > LONGEST_FUNCTION] == []


def test_functions_are_mostly_small() -> None:
    lines = [count for path in SHIPPED for _, count in functions(path)]
    assert statistics.median(lines) <= 10


def test_modules_are_nouns_of_the_domain() -> None:
    assert [name(path) for path in SOURCES if path.stem.strip("_").removeprefix("test_") in BANNED_NAMES] == []


@pytest.mark.parametrize("stage", COMPUTING)
def test_a_stage_has_one_word_for_module_and_test(stage: str) -> None:
    rooms = {(ROOT / "recsys" / "stages" / f"{stage}.py").is_file(), (ROOT / "recsys" / "stages" / stage / "stage.py").is_file()}
    assert rooms == {True, False}
    tested = {(ROOT / "tests" / "stages" / f"test_{stage}.py").is_file(), (ROOT / "tests" / "stages" / stage).is_dir()}
    assert tested == {True, False}
    assert stage == "snapshot" or stage in OUTPUTS


def test_the_flow_names_the_stages_in_order() -> None:
    screen = (ROOT / "flows" / "nightly.py").read_text(encoding="utf-8")
    assert " → ".join(STAGES) in screen
    steps = (ROOT / "flows" / "steps.py").read_text(encoding="utf-8")
    named = {*re.findall(r"^def (\w+)", steps, re.M), *re.search(r'@stage\("(.*, .*)", shown', steps)[1].split(", ")}  # type: ignore[index]
    assert set(STAGES) <= named


def test_the_library_does_not_know_prefect() -> None:
    for path in (path for path in SHIPPED if path.parts[-2] != "flows"):
        roots = {module.split(".")[0] for node in ast.walk(tree(path)) for module in _imports(node)}
        assert not roots & ({"prefect"} if "cli" in path.parts else {"prefect", "flows"}), name(path)


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_only_doors_touch_clock_disk_and_network() -> None:
    inside = [path for path in SHIPPED if path.parent.name != "flows" and path.relative_to(ROOT / "recsys").parts[0] not in DOORS]
    touching = {name(path) for path in inside if OUTSIDE.search(text(path))}
    assert touching <= {
        "recsys/atomic.py",
        "recsys/compiled.py",
        "recsys/compiling.py",
        "recsys/memory.py",
        "recsys/models.py",
        "recsys/stages/neighbors/model.py",
        "recsys/sources.py",
        "recsys/readers/views.py",
    }


def test_flow_fits_on_one_screen() -> None:
    assert len((ROOT / "flows" / "nightly.py").read_text(encoding="utf-8").splitlines()) < 80


def test_every_model_says_what_it_is() -> None:
    for path in (ROOT / "sql").rglob("*.sql"):
        assert text(path).startswith("--"), name(path)


def test_commands_that_messages_name_exist() -> None:
    from recsys.cli.app import COMMANDS

    named = {word for path in SHIPPED for word in re.findall(r"`recsys ([a-z]+)", text(path))}
    assert named <= set(COMMANDS)


def defined(path: Path) -> Iterator[str]:
    """Public names that a module defines."""
    for node in tree(path).body:
        names = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
        yield from (name for name in names if not name.startswith("_"))


def test_a_public_name_has_one_file() -> None:
    """But for the commands and the flow's steps, which are named after what they run, and some verbs of modules (read, write)."""
    library = [
        path for path in SHIPPED if path.relative_to(ROOT).parts[:2] not in {("recsys", "cli")} and path.parent.name != "flows"
    ]
    files = Counter(name for path in library for name in set(defined(path)))
    twice = sorted(name for name, count in files.items() if count > 1)
    assert len(twice) < 0.03 * len(files), twice


def test_nothing_is_called_found() -> None:
    """A value has the name of what it is."""
    assert [name(path) for path in SOURCES if re.search(r"^\s*(?:\w+, )*found\b.*=", text(path), re.M)] == []


def test_functions_take_few_arguments() -> None:
    """Seven; what travels together is bundled. Options of commands come by keyword."""
    for path in SHIPPED:
        for node in (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)):
            arguments = [one.arg for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in {"self", "cls"}]
            assert len(arguments) <= 7, f"{name(path)}:{node.name}"


WITHOUT_TESTS = {
    "recsys/lake/finding.py": "one tuple of words",
    "recsys/lookup/names.py": "names and numbers of the lookup's files; its one function joins two words",
    "recsys/stages/candidates/kernels/constants.py": "the numbers of the scoring rules",
    "recsys/stages/rankings/picked.py": "one tuple of arrays",
}
"""Modules that are nothing but declarations."""


def test_every_module_has_a_file_of_tests_of_its_name() -> None:
    """``recsys/lake/reports.py`` → ``tests/lake/test_reports.py``."""
    modules = [path for path in SHIPPED if not path.stem.startswith("__")]
    untested = {name(path) for path in modules if not _tests_of(path).is_file()}
    assert untested == WITHOUT_TESTS.keys()


def _tests_of(path: Path) -> Path:
    inside = path.relative_to(ROOT).parent
    room = inside.relative_to("recsys") if inside.parts[0] == "recsys" else inside
    return ROOT / "tests" / room / f"test_{path.stem}.py"
