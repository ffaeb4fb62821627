"""What ships besides the wheel: the image runs without rights from files that exist, hooks check what `make check` checks."""

from __future__ import annotations

import re
from pathlib import Path


def test_the_image_is_made_of_files_that_reach_it_and_runs_without_rights(root: Path) -> None:
    image = (root / "Dockerfile").read_text(encoding="utf-8")
    let_in = {line[1:] for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    copied = {name for names in re.findall(r"^COPY (?!--from)(.+) \S+$", image, re.MULTILINE) for name in names.split()}
    assert copied == let_in
    assert all((root / name).exists() for name in copied)
    assert int(re.findall(r"^USER (\d+)$", image, re.MULTILINE)[-1]) > 0


def test_hooks_are_the_quick_half_of_make_check(root: Path) -> None:
    hooks = re.findall(r"entry: \.venv/bin/(.+)", (root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    recipe = (root / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    checked = [line.replace(" --no-ansi", "") for line in re.findall(r"@\$\(BIN\)/(.+)", recipe)]
    assert hooks == checked
