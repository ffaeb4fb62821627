"""README and reference are true: generated parts are those of the code, commands parse, the Python runs, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import polars as pl
import pytest

from recsys import RecsysError, errors
from recsys.cli.app import COMMANDS, build
from recsys.settings import Settings
from recsys.tables import TABLES
from tests.readme import PAGES, README, render

TEXT = README.read_text(encoding="utf-8")
ALL = "".join(page.read_text(encoding="utf-8") for page in PAGES)
DOCUMENTS = sorted(
    path
    for folder in (".", "docs", "docs/reference", "docs/decisions", "bench")
    for path in (README.parent / folder).glob("*.md")
)
COMMAND_LINES = re.findall(r"^recsys .+$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_generated_parts_are_in_step(page: Path) -> None:
    assert render(page) == page.read_text(encoding="utf-8"), f"{page} is behind the code: run `make readme`"


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(TEXT.splitlines()) <= 200


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.relative_to(README.parent).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if not target.startswith(("http://", "https://")):
            goal = page.parent / path if path else page
            assert goal.exists(), target
            assert not anchor or anchor in _anchors(goal), target


def _anchors(page: Path) -> set[str]:
    """Names under which the headings of a page can be linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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
        assert name in ALL


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
    result = eval(last, names)  # noqa: S307
    assert isinstance(result, pl.DataFrame)
    assert result["track_id"].to_list() == ["b", "c"]
