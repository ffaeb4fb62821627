"""The nightly batch as a Prefect flow with a schedule (``prefect.yaml``); the stages are its tasks.

A run whose checks fail ends as Failed, with the broken rules in its log and in the artifact.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, runtime
from prefect.artifacts import create_table_artifact

from flows.nightly import nightly as night
from flows.report import RecordedError, RunReport, UnpublishedError
from flows.stages import PROGRESS
from recsys.lake import Lake
from recsys.pipeline import Progress
from recsys.settings import Settings, load


def _name() -> str:
    """``nightly 2026-06-01 03:00``: the moment the lists are for, or when the run began where that decides it."""
    moment = runtime.flow_run.parameters.get("as_of") or datetime.now(UTC)
    return f"nightly {moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else f"nightly {moment}"


@flow(name="nightly", flow_run_name=_name, validate_parameters=False, persist_result=False)
def nightly(
    lake: str = "data/lake",
    settings: Settings | None = None,
    as_of: datetime | None = None,
    inbox: str | None = None,
    accept: str | None = None,
) -> RunReport:
    """Build and publish every list; parameters as in :func:`flows.nightly.nightly`, settings as the commands read them.

    Raises :class:`UnpublishedError` when the run broke a rule.
    """
    try:
        report = night(Lake(lake), settings or load()[0], as_of, Path(inbox) if inbox else None, accept)
    except Exception as error:
        raise RecordedError("nightly", error) from None
    outcome = "published" if report.published else "NOT published"
    outcome += f"; report: {report.page or report.path}"
    create_table_artifact(
        [
            *({"what": problem, "number": "broken"} for problem in report.counts),
            *({"what": name, "number": f"{value:,.10g}"} for name, value in report.numbers.items()),
        ],
        key="nightly",
        description=f"run {report.run_id} as of {report.as_of:%Y-%m-%d %H:%M} UTC, {outcome}",
    )
    if not report.published:
        raise UnpublishedError(report)
    return report


def run(
    lake: Path,
    settings: Settings,
    as_of: datetime | None = None,
    *,
    inbox: Path | None = None,
    accept: str | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """The flow in this process, recorded by the Prefect server of ``PREFECT_API_URL``; as :func:`flows.nightly.run` otherwise."""
    PROGRESS.set(progress)
    try:
        return nightly(str(lake), settings, as_of, str(inbox) if inbox else None, accept)
    except UnpublishedError as error:
        return error.report
    except RecordedError as error:
        raise error.cause from None
