"""How a flow that asks providers ends: its account in the log and as an artifact, its state as the outcome is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from recsys.errors import ProviderError
from recsys.providers.account import Summary


def conclude(key: str, summaries: Sequence[Summary], left_out: Mapping[str, str], failures: Mapping[str, str]) -> None:
    """Show what came of every provider. Raises :class:`ProviderError`, so that the flow run fails, where one fell short.

    ``left_out``: providers that were not asked and why, which is no failure; ``failures``: those that failed as a whole.
    """
    log = get_run_logger()
    short = dict(failures)
    rows: list[dict[str, object]] = []
    for summary in summaries:
        log.info("%s: %s", summary.source, " ".join(f"{name}={number}" for name, number in summary.account.items()))
        rows.append({"source": summary.source, **summary.account, "shortfall": summary.shortfall or ""})
        if summary.shortfall:
            short[summary.source] = summary.shortfall
    for name, reason in left_out.items():
        log.warning("%s was left out: %s", name, reason)
        rows.append({"source": name, "shortfall": f"left out: {reason}"})
    for name, reason in short.items():
        log.error("%s: %s", name, reason)
    rows += [{"source": name, "shortfall": reason} for name, reason in failures.items()]
    create_table_artifact(rows, key=key, description=f"{len(short)} fell short" if short else "all came")
    if short:
        raise ProviderError("; ".join(short.values()))
