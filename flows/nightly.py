"""The nightly batch on one screen: files in, ranked and explained lists of every listener out.

Each stage is one word: the name of the step here, of its module in ``recsys``, of its SQL model and of its table. The stages
compute, the lake commits; if anything dies on the way, the next run starts over and readers keep the last published run.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from prefect import flow

from flows import steps
from flows.report import RunReport, UnpublishedError
from flows.stages import PROGRESS, stopwatch
from recsys.lake import Lake
from recsys.pipeline import Progress, shard_ranges
from recsys.settings import Settings, load


@flow(name="nightly", flow_run_name="nightly {as_of}", validate_parameters=False)
def nightly(
    lake: str = "data/lake", settings: Settings | None = None, as_of: datetime | None = None, inbox: str | None = None
) -> RunReport:
    """Build and publish every list.

    ``as_of``: the moment the lists are for; none = the start of today (UTC), or the newest event when that is later.
    ``inbox``: a folder of new files to take in first. What is refused there stops nobody's lists. A run that exists
    already is published again and not built again.
    """
    settings = settings or load()[0]
    home, seconds = Lake(lake), stopwatch()
    refused = steps.ingest(home, Path(inbox)) if inbox else ()
    inputs, plan = steps.read(home, settings, as_of)
    if home.has_run(plan.run_id):
        return _ended(steps.publish(home, home.run(plan.run_id), already=True, noted=refused))

    with home.stage(plan) as staged:
        taken = steps.snapshot(inputs, settings, plan.as_of)
        del inputs  # events take more memory than all that is made of them
        rated = steps.ratings(taken, settings)
        taken = taken.without_events()
        scorer = steps.prepare(taken, rated, settings)
        profiled = steps.profiles(taken, rated, scorer)
        steps.write(staged, {"tracks": taken.tracks, "controls": taken.controls, "ratings": rated, "profiles": profiled})
        del rated, profiled  # they are on the disk
        for number, (first, last) in enumerate(shard_ranges(scorer)):
            made = steps.shard(scorer, first, last)  # neighbors → candidates → rankings of these listeners
            steps.write(staged, made._asdict(), number)
        checked, measured = steps.checks(staged, settings)
        steps.lookup(staged)
        run = steps.commit(home, staged, checked, measured, seconds)
    return _ended(steps.publish(home, run, already=False, noted=refused))


def _ended(report: RunReport) -> RunReport:
    """The report of a run that was published; Prefect shows any other flow run as failed."""
    if not report.published:
        raise UnpublishedError(report)
    return report


def run(
    lake_root: Path,
    settings: Settings,
    as_of: datetime | None = None,
    *,
    inbox: Path | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """The flow in this process, as ``recsys run`` calls it."""
    PROGRESS.set(progress)
    try:
        return nightly(str(lake_root), settings, as_of, str(inbox) if inbox else None)
    except UnpublishedError as error:
        return error.report
