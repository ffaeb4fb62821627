"""Kernels compiled ahead: what is listed is what a night calls, and other processes compile it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import typeof, types

from recsys.compiling import Kernel, _decoded, encoded, kernels
from recsys.matrices.arrays import Names

HOUSE = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        True,
        np.float32(2),
        np.zeros((2, 2), np.float32),
        np.zeros((2, 2)).T,
        np.zeros(3, np.bool_),
        (np.zeros(2), np.zeros(2, np.int32)),
        (1, 2),
        Names(np.zeros(2, np.int64), np.zeros(1, np.int32), np.zeros(1)),
    ],
)
def test_types_come_back(value: object) -> None:
    kind = typeof(value)
    assert _decoded(encoded(kind)) == kind


def test_what_may_not_be_written_stays_so() -> None:
    kind = types.Array(types.float64, 1, "C", readonly=True)
    assert _decoded(encoded(kind)) == kind


def test_those_that_take_longest_come_first() -> None:
    seconds = [kernel.seconds for kernel in kernels()]
    assert seconds == sorted(seconds, reverse=True)
    assert all(kernel.signature for kernel in kernels())


def inner(path: Path) -> tuple[ast.Module, set[str]]:
    """A module and its kernels without an entry for Python."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    return module, {node.name for node in functions if any("INNER" in ast.unparse(each) for each in node.decorator_list)}


def test_kernels_without_an_entry_for_python_are_called_by_kernels_alone() -> None:
    """Python would call an address that is none, and the process would die of it."""
    listed, number = {(kernel.module, kernel.name) for kernel in kernels()}, 0
    for path in sorted((HOUSE / "recsys").rglob("*.py")):
        module, names = inner(path)
        dotted = ".".join(path.relative_to(HOUSE).with_suffix("").parts)
        assert {name for name in names if not name.startswith("_") or (dotted, name) in listed} == set()
        for function in ast.walk(module) if names else ():
            if isinstance(function, ast.FunctionDef) and not any("njit" in ast.unparse(each) for each in function.decorator_list):
                assert {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} & names == set()
        number += len(names)
    assert number > 100


def fastmath(function: ast.FunctionDef) -> str | None:
    """What a kernel says of it, none for nothing; "False" for a function that is no kernel."""
    options = [one for one in function.decorator_list if isinstance(one, ast.Call) and "njit" in ast.unparse(one)]
    if not options:
        return "False"
    return next((ast.unparse(one.value) for one in options[0].keywords if one.arg == "fastmath"), None)


def test_a_kernel_called_by_one_with_fastmath_says_its_own() -> None:
    """Else it has that of whichever kernel first calls it: what a process compiles first would decide its last bits."""
    modules = [ast.parse(path.read_text(encoding="utf-8")).body for path in sorted((HOUSE / "recsys").rglob("kernels/*.py"))]
    own = [{node.name: node for node in module if isinstance(node, ast.FunctionDef)} for module in modules]
    public = {name: node for functions in own for name, node in functions.items() if not name.startswith("_")}
    called = {
        node.name: fastmath(node)
        for functions in own
        for caller in functions.values()
        if fastmath(caller) not in {None, "False"}
        for call in ast.walk(caller)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if (node := functions.get(call.func.id, public.get(call.func.id)))
    }
    assert {"cholesky_solve", "_over_root", "_scale"} <= called.keys()
    assert [name for name, says in called.items() if says is None] == []


def python(code: str, cache: Path) -> str:
    """What a process prints whose compiled kernels lie in ``cache``."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(HOUSE)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stdout.strip()


FEW = "sorted(compiling.kernels(), key=lambda kernel: kernel.seconds)[:3]"


@pytest.mark.slow
def test_other_processes_compile_and_this_one_hears_of_it(tmp_path: Path) -> None:
    code = f"""
from recsys import compiling
few, heard = {FEW}, []
assert not any(kernel.is_compiled for kernel in few)
print(compiling.compile_all(few, lambda *told: heard.append(told), processes=2))
assert all(kernel.is_compiled for kernel in few)
assert heard[0][1] == 0 and heard[-1][1] == heard[-1][2] and len(heard) == 4
"""
    assert python(code, tmp_path) == "2"


@pytest.mark.slow
def test_a_process_that_dies_costs_only_time(tmp_path: Path) -> None:
    code = f"""
from recsys import compiling
compiling._WORKER = "raise SystemExit(1)"
few = {FEW}
assert compiling.compile_all(few) >= 1
assert not any(kernel.is_compiled for kernel in few)
print(compiling.compile_all([]))
"""
    assert python(code, tmp_path) == "0"


def test_every_listed_kernel_is_there() -> None:
    """If this fails: ``python -m tests.kernels``."""
    assert [kernel for kernel in kernels() if not kernel.is_there] == []


@pytest.mark.slow
def test_what_a_night_calls_is_listed() -> None:
    """If this fails: ``python -m tests.kernels``. In a process of its own, for kernels are exchanged."""
    code = """
import json
from tests.kernels import LISTED, listed, noted
stored = json.loads(LISTED.read_text(encoding="utf-8"))
print([row[:2] for row in listed(noted()) if row[:3] not in [each[:3] for each in stored]])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOUSE)
    assert done.stdout.strip() == "[]"


def test_a_kernel_without_a_store_of_compiled_code_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "function", property(lambda _: lambda: None))
    assert kernels()[0].is_compiled


@pytest.mark.slow
def test_bytecode_is_kept_of_everything_that_commands_need(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(HOUSE)}
    code = "from recsys.compiling import importing\nwith importing(): pass"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    modules = {path.name.partition(".")[0] for path in (tmp_path / HOUSE.relative_to("/") / "recsys").rglob("*.pyc")}
    assert modules == {path.stem for path in (HOUSE / "recsys").rglob("*.py")} - {"__main__"}
    assert len([*tmp_path.rglob("*.pyc")]) > 2 * len(modules)  # and of the libraries
