"""Who imports whom: the rooms of recsys and the arrows between them, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
GROUND = "ground"
"""The modules directly in recsys: contract, settings, errors, the pure build."""


def arrows() -> dict[str, set[str]]:
    """Room → rooms it imports from, imports for type checkers alone left out."""
    drawn: dict[str, set[str]] = {}
    for path in sorted([*ROOT.glob("recsys/**/*.py"), *ROOT.glob("flows/*.py")]):
        own = room(".".join(path.relative_to(ROOT).with_suffix("").parts))
        drawn.setdefault(own, set()).update(room(module) for module in _imported(path))
    return {own: others - {own} for own, others in drawn.items()}


def room(module: str) -> str:
    """The room of a module, by its dotted name."""
    first, *inner = module.split(".")
    if first != "recsys":
        return first
    return inner[0] if inner and (ROOT / "recsys" / inner[0]).is_dir() else GROUND


def _imported(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unseen = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in ("recsys", "flows"))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("recsys", "flows"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def mermaid() -> str:
    """The arrows as a Mermaid chart; those to the ground, which every room stands on, are left out."""
    drawn = arrows()
    lines = [f"  {own} --> {other}" for own in sorted(drawn) if own != GROUND for other in sorted(drawn[own] - {GROUND})]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])
