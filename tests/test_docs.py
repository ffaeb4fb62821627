"""What docs/analysts.md and docs/lookup.md say works: code runs, queries and endpoints exist, commands parse."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from recsys.cli.app import COMMANDS as COMMAND_NAMES
from recsys.cli.app import build
from recsys.demo import AS_OF
from recsys.lookup.app import PAGE
from tests.support.published import publish

DOCS = Path(__file__).parent.parent / "docs"
ANALYSTS, LOOKUP = ((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("analysts", "lookup"))
COMMANDS = sorted(
    set(re.findall(r"`(recsys [a-z][^`…]*)`", ANALYSTS + LOOKUP) + re.findall(r"^(recsys .+)$", ANALYSTS, re.MULTILINE))
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return publish(tmp_path_factory.mktemp("docs") / "lake", AS_OF)


def test_the_notebook_runs(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_LAKE", str(lake.root))
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.+?)```", ANALYSTS, re.DOTALL):
        exec(code, names)  # noqa: S102
    for name in ("best", "reasons", "per_artist"):
        found = names[name]
        assert isinstance(found, pl.DataFrame)
        assert found.height
    ranked = lake.published().read("rankings")
    assert names["reasons"]["rows"].sum() == ranked.height  # type: ignore[index]


def test_every_worked_query_is_listed() -> None:
    files = {path.stem for path in (DOCS.parent / "sql" / "analyst").glob("*.sql")}
    assert {name for name, path in re.findall(r"\[(\w+)\]\(\.\./sql/analyst/(\w+)\.sql\)", ANALYSTS) if name == path} == files


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_parse(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    cut = next((place for place, word in enumerate(words) if word in ("<", ">", "|")), len(words))
    if len(words) == 1:
        assert words[0] in COMMAND_NAMES
        return
    build().parse_args([word for word in words[:cut] if word], exit_on_error=False, print_error=False)


def test_every_endpoint_is_described() -> None:
    paths = json.loads((PAGE / "openapi.json").read_text(encoding="utf-8"))["paths"]
    for path in paths:
        assert path in LOOKUP or f"`/{path.rsplit('/', 1)[-1]}`" in LOOKUP, path
