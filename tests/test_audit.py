"""`make audit` fails when a package has a known hole, and when it could not be looked up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.audit import main

GOOD = {"name": "a", "version": "1", "vulns": []}
HOLE = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}, {"id": "CVE-2", "fix_versions": []}]}
SKIPPED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([GOOD], 0, "1 packages, 1 looked up, 0 known holes\n"),
        ([GOOD, HOLE], 1, "b 2: CVE-1, mended in 3\nb 2: CVE-2, mended in no version yet\n"),
        ([GOOD, SKIPPED], 1, "2 packages, 1 looked up, 0 known holes\n1 could not be looked up: c; try again where"),
        ([SKIPPED] * 6, 1, "6 could not be looked up: c, c, c, c, c …;"),
        ([], 1, "0 packages, 0 looked up"),
    ],
)
def test_what_a_report_means(
    packages: list[object], code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "audit.json"
    report.write_text(json.dumps({"dependencies": packages}))
    assert main(report) == code
    said = capsys.readouterr()
    assert words in (said.err if code else said.out)


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_no_report_is_no_good_news(content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "audit.json"
    if content is not None:
        report.write_text(content)
    assert main(report) == 1
    assert "pip-audit wrote no report" in capsys.readouterr().err


def test_make_asks_for_the_verdict(root: Path) -> None:
    assert "python3 tests/audit.py build/audit.json" in (root / "Makefile").read_text()
