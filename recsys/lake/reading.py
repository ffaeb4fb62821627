"""A table of a run in one call, for notebooks and scripts."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from recsys.lake import default_root
from recsys.lake.lake import Lake


def read(table: str, run: str | None = None, lake: str | Path | None = None) -> pl.LazyFrame:
    """A table of a run, lazily: of the published run unless one is named.

    ``lake`` defaults to ``RECSYS_LAKE`` in the environment or in ``.env`` of the working folder, then to ``data/lake``. Raises
    :class:`LakeError` when there is no such lake or nothing is published, :class:`NotFoundError` for an unknown run or table.
    """
    home = Lake(lake or default_root())
    return (home.run(run) if run else home.published()).scan(table)
