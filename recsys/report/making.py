"""The report of a run of a lake, with all that the lake knows beside it."""

from __future__ import annotations

import duckdb
import polars as pl

from recsys.errors import LakeError
from recsys.lake import Lake, Run, quality, reports
from recsys.readers import own_checks
from recsys.report.page import Extras, render
from recsys.stages.checks import drift
from recsys.tables import REJECTS


def page(lake: Lake, run: Run, peak_bytes: int | None = None) -> str:
    """The report's HTML; ``peak_bytes``: most memory of the process that made the run, where that is known.

    Raises :class:`LakeError` for a run whose tables are damaged or of another version.
    """
    before = reports.run_before(lake, run)
    try:
        return _page(lake, run, before, peak_bytes)
    except (pl.exceptions.PolarsError, duckdb.Error) as error:
        cause = str(error).partition("\n")[0]
        raise LakeError(f"run {run.id} cannot be reported on: {cause}; was it made by another version of recsys?") from error


def _page(lake: Lake, run: Run, before: Run | None, peak_bytes: int | None) -> str:
    judged = pl.concat([drift(run, before), own_checks.judge(lake, run)])
    return render(run, Extras(before, judged, _rejects(lake, run), quality.read(lake), peak_bytes))


def _rejects(lake: Lake, run: Run) -> pl.DataFrame:
    """Rejected rows of the batches that the run was made from: ``table, code, rows, reason`` (one of them)."""
    used = {(source.table, source.ordinal) for source in run.manifest.inputs}
    batches = [each for each in lake.batches() if (each.table, each.ordinal) in used]
    listed = pl.concat([REJECTS.empty(), *(each.read_rejects() for each in batches)])
    counted = listed.group_by("table", "code").agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("reason").min())
    beyond = [(each.table, code, rows, None) for each in batches for code, rows in each.unlisted.items()]
    whole = pl.concat([counted, pl.DataFrame(beyond, schema=counted.schema, orient="row")])
    return whole.group_by("table", "code").agg(pl.col("rows").sum(), pl.col("reason").min()).sort("table", "code")
