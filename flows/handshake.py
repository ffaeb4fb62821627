"""Whether a scheduler answers, and whether the workers of a cluster would compute what this process does.

Processes that differ in code, libraries or processor compute other last digits, so they are refused by name: all that are there
before the first call, and whoever comes later when it begins one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import time
from typing import Any

from recsys.errors import ClusterError
from recsys.lake.plan import code_version, library_versions, processor
from recsys.lookup.pieces import pieces_version

PATIENCE = 5
"""Seconds that a scheduler has to answer."""
DRIFT = 60.0
"""Seconds that clocks may differ."""
_CLOCK = "clock"


def require_scheduler(address: str) -> None:
    """Raises :class:`ClusterError` where no scheduler of Dask answers at an address, for whatever reason, within the time."""
    import distributed  # here, for it takes a second, which is not the scheduler's

    try:
        kind = asyncio.run(asyncio.wait_for(_kind(distributed, address), PATIENCE))
    except Exception as error:  # whatever a stranger sends, and whatever is wrong with certificates
        words = f"no Dask scheduler answers at {address} within {PATIENCE} s ({str(error) or type(error).__name__})"
        raise ClusterError(f"{words}; look what listens there, and whether it wants tls://") from error
    if kind != "Scheduler":
        raise ClusterError(f"{address} is the address of a {kind}; name the scheduler's")


async def _kind(distributed: Any, address: str) -> str:
    certificates = distributed.Security().get_connection_args("client")
    async with distributed.rpc(address, connection_args=certificates) as remote:
        return str((await remote.identity())["type"])


def describe(folder: str) -> dict[str, Any]:
    """What a worker must have in common with the one who sends it work in ``folder``, and its clock."""
    return {**_facts(), "sees the lake": Path(folder).is_dir(), _CLOCK: time()}


@cache
def _facts() -> dict[str, Any]:
    import llvmlite.binding

    facts = {"code": code_version(), "lookup": pieces_version(), **library_versions(), "dask": version("distributed")}
    return {**facts, "processor": processor(), "instructions": llvmlite.binding.get_host_cpu_name()}


def require_alike(workers: Mapping[str, dict[str, Any] | BaseException], here: Mapping[str, Any]) -> None:
    """Raises :class:`ClusterError` where a worker would compute other bytes, or cannot see the lake.

    ``workers``: address → what :func:`describe` says there, or why it says nothing; ``here``: what it says in this process.
    """
    if not workers:
        raise ClusterError("the cluster has no workers; start some:  dask worker tcp://HOST:8786")
    for worker, there in sorted(workers.items()):
        if isinstance(there, BaseException):
            raise ClusterError(
                f"worker {worker} cannot run recsys ({there}); install the same version there, with the extra `cluster`"
            )
        if abs(there[_CLOCK] - time()) > DRIFT:
            raise ClusterError(f"worker {worker}: its clock differs by {there[_CLOCK] - time():+.0f} s; set it")
        for name in here.keys() - {_CLOCK}:
            if there.get(name) != here[name]:
                raise ClusterError(f"worker {worker}: {name} is {there.get(name)}, here {here[name]}; make them alike")


def alike(here: Mapping[str, Any], folder: str, function: Callable[..., Any], *values: Any) -> Any:
    """``function(*values)`` on a worker that is as ``here``. Raises like :func:`require_alike`."""
    from distributed import get_worker

    require_alike({get_worker().address: describe(folder)}, here)
    return function(*values)
