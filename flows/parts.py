"""What a worker of a cluster does: the lists of one part of a run, from files of the staged run into files of it.

Only names go to a worker and only records come back. Worker and caller must see the same folder.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import polars as pl

from recsys import models, pipeline
from recsys.lake.staged import write_part
from recsys.lookup.pieces import numbered_tracks, sorted_tracks, store_pieces
from recsys.lookup.slices import whole_table
from recsys.memory import release, return_arrays
from recsys.readers.scoring import score_with
from recsys.settings import Settings
from recsys.stages.candidates.scoring import Scorer

LOOKUP = "publish"
"""Stage of the lookup's files."""
REQUESTED = "requested.parquet"
"""File with the lists that the run is asked to make."""
_READ = ("tracks", "songs", "controls", "ratings", "profiles", "model", "model_tracks")


class Job(NamedTuple):
    """A staged run, by names and texts alone."""

    folder: str
    requested: str
    """The file :data:`REQUESTED`, beside the folder."""
    settings: str
    """JSON of the run's settings."""
    as_of: str


class Part(NamedTuple):
    """Listeners ``first`` … ``last`` − 1."""

    number: int
    first: int
    last: int


def make(job: Job, part: Part) -> tuple[list[str], dict[str, float]]:
    """Write neighbours, candidates, rankings and lists of the part, and what the lookup shows of them.

    Returns records of the files as JSON, and seconds by stage.
    """
    seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def clock(name: str) -> Iterator[None]:
        started = perf_counter()
        yield
        seconds[name] += perf_counter() - started

    tables = pipeline.shard(_scorer(job)(part.first, part.last), part.first, part.last, clock=clock)._asdict()
    release()
    folder = Path(job.folder)
    records = [write_part(folder, name, frame, part.number) for name, frame in tables.items()]
    del tables
    with clock(LOOKUP):
        records += store_pieces(folder, Path(records[0].path).name, _tracks(job))
    release()
    return [record.model_dump_json() for record in records], dict(seconds)


@lru_cache(maxsize=1)
def _scorer(job: Job) -> Callable[[int, int], Scorer]:
    """Opened once a worker, for all its parts."""
    return_arrays()
    folder = Path(job.folder)
    tables = {name: models.scan(sorted((folder / name).glob("part-*.parquet"))).collect() for name in _READ}
    settings = Settings.model_validate({**json.loads(job.settings), "threads": 1})
    requested = models.scan([Path(job.requested)]).collect()
    return score_with(tables, settings, datetime.fromisoformat(job.as_of), requested)


@lru_cache(maxsize=1)
def _tracks(job: Job) -> pl.DataFrame:
    """The tracks as the lookup numbers them, once a worker."""
    return numbered_tracks(sorted_tracks(whole_table(sorted(Path(job.folder, "tracks").glob("part-*.parquet")))))


def write_requested(lists: pl.DataFrame, folder: Path) -> Path:
    """Leave the lists that are asked for where workers read them."""
    lists.write_parquet(folder / REQUESTED)
    return folder / REQUESTED
