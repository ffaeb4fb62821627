"""The report beside a run: made after the run was committed, from the run, so it is no part of it.

It holds what the run cannot: how long it took, how far it is from the run before. A run that is rewritten, because somebody is
forgotten, loses it; ``recsys report`` makes it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from recsys.lake.lake import Lake
from recsys.lake.run import Run

_DOCS = "docs"
"""Folder of a site of several pages."""


def write(lake: Lake, run: Run, page: str) -> Path:
    """Store the report, whole or not at all; an earlier one is replaced. Raises :class:`recsys.errors.LakeError`."""
    with lake.writer():
        lake.home.put_beside(run.report, page.encode())
    return run.report


def write_pages(lake: Lake, run: Run, pages: Mapping[str, bytes]) -> Path:
    """Store a site (path → content) in the run's folder ``docs``; its ``index.html`` comes last, and is returned."""
    home = run.path / _DOCS
    with lake.writer():
        for name in sorted(pages, key=lambda name: (name == "index.html", name)):
            lake.home.put_beside(home / name, pages[name])
    return home / "index.html"


def run_before(lake: Lake, run: Run) -> Run | None:
    """The whole run that readers had before ``run``, or the newest other one; none when there is none."""
    order = [entry.run for entry in lake.publications() if entry.run != run.id]
    others = {each.id: each for each in lake.runs() if each.id != run.id}
    named = [others[name] for name in order if name in others]
    return next((each for each in [*named, *others.values()] if not each.damage()), None)
