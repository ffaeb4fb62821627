"""The nightly batch on one screen: files in, ranked and explained lists of every listener out.

Nine stages, one word each: ingest → snapshot → ratings → profiles → neighbors → candidates → rankings → checks → publish. The
word names the step here, what it calls in ``recsys``, the SQL model, the table, the log line, the progress bar and the time in
the manifest. The stages compute, the lake commits: if anything dies on the way, readers keep the last published run, and the
next run of the same inputs, settings, moment and code keeps the parts that were finished. Plain functions, with or without
Prefect: :mod:`flows.deployments` makes the scheduled flow of this one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flows import cluster, steps
from flows.alerts import alerted
from flows.report import TAKEN, RunReport
from flows.stages import PROGRESS, stopwatch
from recsys import models
from recsys.lake import Lake
from recsys.pipeline import Progress, shard_ranges
from recsys.settings import Settings


@alerted
def nightly(
    lake: Lake, settings: Settings, as_of: datetime | None = None, inbox: Path | None = None, accept: str | None = None
) -> RunReport:
    """Build and publish every list.

    ``as_of``: the moment the lists are for; none = the start of today (UTC), or the newest event when that is later.
    ``inbox``: a folder of new files to take in first; what is refused there stops nobody's lists. ``accept``: why the run is
    published whatever its checks say. A run that exists already is published again and not built again.
    """
    seconds = stopwatch()
    untaken = steps.ingest(lake, inbox, settings) if inbox else TAKEN
    lake.require()
    # the lock is held from reading to publishing: nobody is forgotten in between
    with lake.writer(), models.limited(settings.memory_limit, lake.scratch("spill")):
        inputs, plan = steps.read(lake, settings, as_of)
        if lake.has_run(plan.run_id):
            return steps.publish(lake, lake.run(plan.run_id), already=True, untaken=untaken, accept=accept)

        steps.size(lake, inputs, settings)
        with lake.stage(plan) as staged:
            steps.resumed(staged)
            snapshot = steps.snapshot(staged, inputs, settings)
            del inputs  # its frames; events stay in their files
            ratings = steps.ratings(staged, snapshot, settings)
            steps.quality(lake, snapshot)  # of the lists that readers have, by what came since
            snapshot = snapshot.without_events()
            catalog, history = steps.profiles(staged, snapshot, ratings, settings)
            with cluster.opened(settings.cluster, staged.path) as workers:
                scorer = steps.neighbors(staged, snapshot, catalog, history, settings, workers)
                if workers:
                    steps.lists_elsewhere(staged, snapshot, shard_ranges(scorer), settings, workers)
                else:
                    steps.lists(staged, scorer, shard_ranges(scorer))  # neighbors → candidates → rankings
            del catalog, history, scorer  # what the checks and the lookup's files need is in tables
            checked, measured = steps.checks(staged, snapshot, settings)
            steps.lookup(staged)
            run = steps.commit(lake, staged, checked, measured, seconds)
        outcome = steps.report(lake, run, steps.publish(lake, run, already=False, untaken=untaken, accept=accept))
        return steps.data_docs(lake, run, settings, outcome)


def run(
    lake: Path,
    settings: Settings,
    as_of: datetime | None = None,
    *,
    inbox: Path | None = None,
    accept: str | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """The night in this process, as ``recsys run`` calls it; ``progress`` hears of every stage."""
    PROGRESS.set(progress)
    return nightly(Lake(lake), settings, as_of, inbox, accept)
