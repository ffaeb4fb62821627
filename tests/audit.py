"""What `make audit` learnt: ``python3 tests/audit.py build/audit.json``. A package that nobody could look up is no good news."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def verdict(packages: list[dict[str, Any]]) -> tuple[bool, str]:
    """Whether all is well, and what to say; ``packages``: the ``dependencies`` of a report of pip-audit."""
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for package in packages
        for hole in package.get("vulns", ())
    ]
    lines = [f"{len(packages):,} packages, {len(packages) - len(unknown):,} looked up, {len(holes):,} known holes", *holes]
    if unknown:
        shown = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        lines.append(f"{len(unknown):,} could not be looked up: {shown}; try again where PyPI can be reached")
    return bool(packages) and not unknown and not holes, "\n".join(lines)


def main(report: Path) -> int:
    """The exit code: 0 when every package was looked up and none has a known hole."""
    try:
        packages = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError):
        print(f"{report}: pip-audit wrote no report; try again where PyPI can be reached", file=sys.stderr)  # noqa: T201
        return 1
    good, words = verdict(packages)
    print(words, file=sys.stdout if good else sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
