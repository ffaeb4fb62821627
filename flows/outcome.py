"""How a flow that asks providers ends: its account in the log and as an artifact, its state as the outcome is.

Prefect keeps what it hears, so it hears numbers and kinds: the words of providers and files, which may hold ids, go to the output
of the process alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from flows.report import RecordedError
from recsys.errors import ProviderError
from recsys.providers.account import Summary

WORDS = logging.getLogger("recsys")
"""Not Prefect's: for what it must not keep."""


class ShortfallError(ProviderError):
    """The flow run's end when a provider fell short, in numbers and kinds."""


@contextmanager
def wordless(flow: str) -> Iterator[None]:
    """Errors inside reach Prefect by their kind alone."""
    try:
        yield
    except ShortfallError:
        raise
    except Exception as error:
        WORDS.error("%s: %s", flow, error)
        raise RecordedError(flow, error) from None


def conclude(key: str, summaries: Sequence[Summary], left_out: Mapping[str, str], failures: Mapping[str, Exception]) -> None:
    """Show what came of every provider. Raises :class:`ShortfallError`, so that the flow run fails, where one fell short.

    ``left_out``: providers that were not asked and the setting that they lack, which is no failure; ``failures``: those that
    failed as a whole.
    """
    log = get_run_logger()
    rows: list[dict[str, object]] = []
    short: dict[str, str] = {}
    for summary in summaries:
        log.info("%s: %s", summary.source, " ".join(f"{name}={number}" for name, number in summary.account.items()))
        rows.append({"source": summary.source, **summary.account, "shortfall": summary.shortfall_kind or ""})
        if summary.shortfall and summary.shortfall_kind:
            short[summary.source] = summary.shortfall_kind
            WORDS.error("%s: %s", summary.source, summary.shortfall)
    for name, reason in left_out.items():
        log.warning("%s was left out: %s", name, reason)
        rows.append({"source": name, "shortfall": f"left out: {reason}"})
    for name, error in failures.items():
        short[name] = type(error).__name__
        rows.append({"source": name, "shortfall": short[name]})
        WORDS.error("%s: %s", name, error)
    for name, kind in short.items():
        log.error("%s: %s", name, kind)
    create_table_artifact(rows, key=key, description=f"{len(short)} fell short" if short else "all came")
    if short:
        fell = "; ".join(f"{name}: {kind}" for name, kind in short.items())
        raise ShortfallError(f"{fell}. The words are in the output of the flow's process")
