"""Somebody is told when a night fails: the setting ``on_failure``, a command or the address of a webhook.

It gets one line of words: the run, the broken rules with their counts, or the kind of the error; never an id of a listener or a
track, and no row. Off unless it is set. A hook that fails is a warning in the log and changes nothing else.
"""

from __future__ import annotations

import logging
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from flows.report import RecordedError, RunReport
from recsys.lake import Lake
from recsys.settings import Settings

P = ParamSpec("P")
LOG = logging.getLogger("recsys")
SECONDS = 30
"""That a hook has."""


def alert(hook: str | None, reason: str) -> None:
    """Tell the reason: as the last argument of the command, or as JSON ``{"text": …}`` to the webhook. Never raises."""
    if not hook:
        return
    try:
        if hook.startswith(("http://", "https://")):
            _post(hook, reason)
        else:
            subprocess.run(  # noqa: S603  the operator's own command, without a shell
                [*shlex.split(hook), reason], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS
            )
    except Exception as error:
        LOG.warning("on_failure: %s did not take the reason: %s", _public(hook), type(error).__name__)


@contextmanager
def alerting(settings: Settings) -> Iterator[None]:
    """An error that leaves the block is told by its kind, and raised on."""
    try:
        yield
    except Exception as error:
        alert(settings.on_failure, f"recsys: no new lists: {RecordedError('nightly', error)}")
        raise


def alerted(night: Callable[Concatenate[Lake, Settings, P], RunReport]) -> Callable[Concatenate[Lake, Settings, P], RunReport]:
    """The nightly batch, with its end told when it dies and when its run is not published."""

    @wraps(night)
    def told(lake: Lake, settings: Settings, /, *args: P.args, **kwargs: P.kwargs) -> RunReport:
        with alerting(settings):
            report = night(lake, settings, *args, **kwargs)
        if not report.published:
            broken = "; ".join(count for count in report.counts if count.startswith("fail"))
            alert(settings.on_failure, f"recsys: run {report.run_id} failed its checks and was not published: {broken}")
        return report

    return told


def _post(address: str, reason: str) -> None:
    import httpx

    httpx.post(address, json={"text": reason}, timeout=SECONDS).raise_for_status()


def _public(hook: str) -> str:
    """The program or the host alone: arguments and paths may hold a secret."""
    return urlsplit(hook).hostname or shlex.split(hook)[0] if "://" in hook else hook.split()[0]
