"""What the pages in docs say works and holds: code runs, queries and endpoints exist, commands parse, rules are the code's."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from recsys.cli.app import COMMANDS as COMMAND_NAMES
from recsys.cli.app import build
from recsys.demo import AS_OF
from recsys.lookup.app import PAGE
from recsys.matrices.features import RANGE_MAX, RANGE_MIN, WEIGHTS
from recsys.settings import Settings
from recsys.tables import DROP_RULES
from tests import openapi, rooms
from tests.support.published import publish

DOCS = Path(__file__).parent.parent / "docs"
ANALYSTS, LOOKUP = ((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("analysts", "lookup"))
SCORING = (DOCS / "scoring.md").read_text(encoding="utf-8")
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
        result = names[name]
        assert isinstance(result, pl.DataFrame)
        assert result.height
    ranked = lake.published().read("rankings")
    assert names["reasons"]["rows"].sum() == ranked.height  # type: ignore[index]


def test_every_worked_query_is_listed() -> None:
    files = {path.stem for path in (DOCS.parent / "sql" / "analyst").glob("*.sql")}
    assert {name for name, path in re.findall(r"\[(\w+)\]\(\.\./sql/analyst/(\w+)\.sql\)", ANALYSTS) if name == path} == files


def test_the_shell_finds_the_views_of_the_published_run(lake: Lake) -> None:
    lake.publish(lake.published().id)  # more than one publication stands in CURRENT
    (name,) = re.findall(r'duckdb -init ("[^"]+")', ANALYSTS)
    answer = subprocess.run(["sh", "-c", f"ls {name}"], cwd=lake.root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"runs/{lake.published().id}/views.sql"


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_parse(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    cut = next((place for place, word in enumerate(words) if word in ("<", ">", "|")), len(words))
    if len(words) == 1:
        assert words[0] in COMMAND_NAMES
        return
    build().parse_args([word for word in words[:cut] if word], exit_on_error=False, print_error=False)


def test_the_api_is_described_from_the_contract() -> None:
    assert openapi.render() == openapi.DOCUMENT.read_text(encoding="utf-8"), "openapi.json is behind the code: run `make readme`"


def test_every_endpoint_is_described() -> None:
    paths = json.loads((PAGE / "openapi.json").read_text(encoding="utf-8"))["paths"]
    for path in paths:
        assert path in LOOKUP or f"`/{path.rsplit('/', 1)[-1]}`" in LOOKUP, path


def test_scoring_has_the_features_of_the_code() -> None:
    rows = re.findall(r"^\| [\w ,]+ \| ([−\d]+) \| (\d+) \| ([\d.]+) \|$", SCORING, re.MULTILINE)
    written = [tuple(float(cell.replace("−", "-")) for cell in row) for row in rows]
    assert written == list(zip(RANGE_MIN, RANGE_MAX, WEIGHTS, strict=True))


def test_scoring_has_every_quirk_that_settings_name_and_every_rule() -> None:
    quirks = re.findall(r"^\| (Q\d+) \|", SCORING, re.MULTILINE)
    assert quirks == [f"Q{number}" for number in range(1, 47)]
    rules = re.search(r"\| rule \|.*?\n\n", SCORING, re.DOTALL)
    assert rules is not None
    cells = re.findall(r"^\| ([a-z_, ]+) \|", rules[0], re.MULTILINE)[1:]
    assert tuple(name for cell in cells for name in cell.split(", ")) == DROP_RULES
    for name, field in Settings.model_fields.items():
        if re.search(r"\(Q\d", field.description or "") and name not in ("content_weight", "neighborhood"):
            assert f"`{name}`" in SCORING, name


def test_the_glossary_has_each_word_once_in_order() -> None:
    words = re.findall(r"^\| ([^|]+) \| ", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)[1:]
    assert words == sorted(set(words), key=str.casefold)


def test_every_room_is_on_the_map() -> None:
    drawn = set(re.findall(r"^\| `recsys/(\w+)/` \|", (DOCS / "map.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert drawn | {rooms.GROUND, "flows"} == set(rooms.arrows())
