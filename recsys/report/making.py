"""The report of a run of a lake, with all that the lake knows beside it."""

from __future__ import annotations

import polars as pl

from recsys.lake import Lake, Run, quality, reports
from recsys.report.page import Extras, render
from recsys.stages.checks import drift
from recsys.tables import REJECTS


def page(lake: Lake, run: Run, peak_bytes: int | None = None) -> str:
    """The report's HTML; ``peak_bytes``: most memory of the process that made the run, where that is known."""
    before = reports.before(lake, run)
    return render(run, Extras(before, drift(run, before), _rejects(lake, run), quality.read(lake), peak_bytes))


def _rejects(lake: Lake, run: Run) -> pl.DataFrame:
    """Rejected rows of the batches that the run was made from."""
    used = {(source.table, source.ordinal) for source in run.manifest.inputs}
    return pl.concat([REJECTS.empty(), *(each.read_rejects() for each in lake.batches() if (each.table, each.ordinal) in used)])
