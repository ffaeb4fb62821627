"""What the last runs showed, which a list leaves out for a while: see ``Settings.cooldown_runs``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from recsys.inputs import SHOWN_COLUMNS

if TYPE_CHECKING:
    from recsys.lake.lake import Lake


def earlier_runs(lake: Lake, as_of: datetime, count: int) -> tuple[str, ...]:
    """Ids of the last ``count`` published runs as of moments before ``as_of``, newest first; a repeated night has the same."""
    ids = dict.fromkeys(entry.run for entry in lake.publications()) if count else ()
    moments = ((lake.run(run_id).manifest.as_of, run_id) for run_id in ids if lake.has_run(run_id))
    return tuple(run_id for _, run_id in sorted((one for one in moments if one[0] < as_of), reverse=True)[:count])


def shown(lake: Lake, run_ids: Iterable[str]) -> pl.DataFrame:
    """What the runs listed, in the columns :data:`recsys.inputs.SHOWN_COLUMNS`, in no order."""
    rows = [lake.run(run_id).read("rankings").select(list(SHOWN_COLUMNS)) for run_id in run_ids]
    return pl.concat([pl.DataFrame(schema=SHOWN_COLUMNS), *rows]).unique()
