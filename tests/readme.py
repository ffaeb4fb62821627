"""The generated parts of README.md and docs/reference. ``make readme`` writes them; a test keeps them in step with the code."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from recsys import errors
from recsys.cli.app import COMMANDS, build
from recsys.cli.screen import markdown
from recsys.cli.settings import reference_table
from recsys.cli.tables import tables_markdown
from recsys.ingest import CODES
from tests import openapi, rooms

README = Path(__file__).parent.parent / "README.md"
REFERENCE = README.parent / "docs" / "reference"
WIDTH = 100


def help_text(*tokens: str) -> str:
    """What ``recsys … --help`` prints, 100 columns wide."""
    page = io.StringIO()
    build().help_print(list(tokens), console=Console(file=page, width=WIDTH, no_color=True, highlight=False))
    return "\n".join(line.rstrip() for line in page.getvalue().strip().splitlines())


def fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def commands() -> str:
    """Help of every command, in the order of the commands."""
    return "\n\n".join(fenced(help_text(*tokens)) for tokens in _pages())


def _pages() -> list[tuple[str, ...]]:
    pages: list[tuple[str, ...]] = []
    for name in COMMANDS:
        pages.append((name,))
        pages += [(name, inner) for inner in build()[name] if not inner.startswith("-")]
    return pages


def exit_codes() -> str:
    """The error tree as a table, with the two codes that are no error of recsys."""
    tree = re.findall(r"(\w+Error) +exit (\d) +(.+)", errors.__doc__ or "")
    rows = [("0", "done"), *((code, f"{meaning} (`{name}`)") for name, code, meaning in tree), ("130", "interrupted")]
    return markdown(("exit", "meaning"), rows)


def causes() -> str:
    """Causes of rejected rows."""
    return markdown(("code", "a row is rejected because"), [(f"`{code}`", meaning) for code, meaning in CODES.items()])


BLOCKS = {
    "help": lambda: fenced(help_text()),
    "commands": commands,
    "rooms": rooms.mermaid,
    "exits": exit_codes,
    "causes": causes,
    "settings": reference_table,
    "tables": tables_markdown,
}
"""Marker → what stands between ``<!-- marker -->`` and ``<!-- /marker -->``."""
PAGES = {
    README: ("help",),
    README.parent / "docs" / "map.md": ("rooms",),
    REFERENCE / "commands.md": ("exits", "commands"),
    REFERENCE / "rejects.md": ("causes",),
    REFERENCE / "settings.md": ("settings",),
    REFERENCE / "tables.md": ("tables",),
}
"""Page → the parts of it that are generated."""


def render(page: Path) -> str:
    """The page with every generated part anew. Raises :class:`ValueError` for a part without its markers."""
    text = page.read_text(encoding="utf-8")
    for name in PAGES[page]:
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, opened, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not opened or not closed:
            raise ValueError(f"{page} has no part {begin.strip()} … {end}")
        text = f"{head}{begin}{BLOCKS[name]()}\n{end}{tail}"
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(render(page), encoding="utf-8")
    openapi.DOCUMENT.write_text(openapi.render(), encoding="utf-8")
