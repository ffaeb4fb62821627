"""How many small faults the tests see: ``python -m bench.mutants recsys/lake/lock.py … [--share S] [--tests FILE …]``.

Has cosmic-ray (by ``uv tool run``; it is no dependency) list the mutants of each module, and takes one at random of those at one
site: eleven ways to spoil the same ``+`` die or live together and would count eleven times. Sites in annotations are left out,
nothing reads them. Of the sites a share is drawn, with a seed of the module's name. Each mutant is written into a copy of the
project, and the module's own tests run until the first that fails. Prints the figures, and the change of each mutant that lived.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HOUSE = Path(__file__).parent.parent
SEED = 16
TOOL = ("uv", "tool", "run", "cosmic-ray")
PATIENCE = 150
"""Seconds after which a mutant counts as killed: it hangs."""
Site = tuple[int, int, int, int, str]
"""Where something can be spoiled, first row and column to last, and the operator."""


def annotations(module: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the annotations of a module begin and end."""
    nodes = [
        note
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(note, ast.expr)
    ]
    return [((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)) for node in nodes]


def drawn(session: sqlite3.Connection, module: Path, share: float, least: int) -> tuple[int, list[str]]:
    """How many sites a module has, and one mutant at each of those that are drawn."""
    skipped, sites = annotations(module), dict[Site, list[str]]()
    rows = session.execute(
        "select start_pos_row, start_pos_col, end_pos_row, end_pos_col, operator_name, job_id from mutation_specs "
        "order by start_pos_row, start_pos_col, operator_name, operator_args, occurrence"
    )
    for *place, operator, job in rows:
        if not any(first <= (place[0], place[1]) < last for first, last in skipped):
            family = re.sub(r"(Replace(?:Binary|Comparison|Unary)Operator_[A-Za-z]+?)_.*", r"\1", operator)
            sites.setdefault((*place, family), []).append(job)
    chance = random.Random(f"{SEED}:{module.as_posix()}")  # noqa: S311
    one = {site: chance.choice(sites[site]) for site in sorted(sites)}
    wanted = min(len(one), max(least, math.ceil(share * len(one))))
    return len(one), [one[site] for site in sorted(chance.sample(sorted(one), wanted))]


def configured(folder: Path, module: Path, tests: list[str]) -> Path:
    """The settings of cosmic-ray for one module."""
    command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider {' '.join(tests)}"
    path = folder / "mutants.toml"
    path.write_text(
        f'[cosmic-ray]\nmodule-path = "{module}"\ntimeout = {PATIENCE}\nexcluded-modules = []\n'
        f'test-command = {json.dumps(command)}\n[cosmic-ray.distributor]\nname = "local"\n',
        encoding="utf-8",
    )
    return path


def tested(copy: Path, module: Path, tests: list[str], share: float, least: int) -> str:
    """Spoil one module of a copy of the project; a row of the table, and what lived."""
    settings, store = configured(copy, module, tests), copy / f"{module.stem}.sqlite"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("VIRTUAL_ENV", None)
    subprocess.run([*TOOL, "init", str(settings), str(store)], cwd=copy, check=True, env=environment)
    with sqlite3.connect(store) as session:
        sites, jobs = drawn(session, module, share, least)
        for table in ("mutation_specs", "work_items"):
            marks = ",".join("?" * len(jobs))
            session.execute(f"delete from {table} where job_id not in ({marks})", jobs)  # noqa: S608
    subprocess.run([*TOOL, "exec", str(settings), str(store)], cwd=copy, check=True, env=environment)
    with sqlite3.connect(store) as session:
        lived = [diff for (diff,) in session.execute("select diff from work_results where test_outcome = 'SURVIVED'")]
    return "\n".join([f"| {module} | {sites} | {len(jobs)} | {len(jobs) - len(lived)} |", *lived])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("modules", nargs="+", type=Path, help="paths from the project's folder")
    parser.add_argument("--share", type=float, default=1.0, help="of the sites that are tried")
    parser.add_argument("--least", type=int, default=6, help="sites of a module that are tried at least")
    parser.add_argument("--tests", nargs="+", help="files of tests; default: those named after the module")
    chosen = parser.parse_args()
    print("| module | sites | tried | killed |\n|---|---|---|---|")
    with TemporaryDirectory(prefix="recsys-") as folder:
        ignored = shutil.ignore_patterns(".git", ".venv*", ".tools", "data", ".mypy_cache", ".ruff_cache")
        copy = shutil.copytree(HOUSE, Path(folder) / "copy", ignore=ignored)
        for module in chosen.modules:
            tests = chosen.tests or [str(Path("tests", *module.parts[1:-1], f"test_{module.name}"))]
            print(tested(copy, module, tests, chosen.share, chosen.least), flush=True)


if __name__ == "__main__":
    main()
