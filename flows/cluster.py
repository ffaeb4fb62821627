"""The lists of a run on the workers of a Dask cluster: parts by name, files as the data, one retry policy, the cluster's own.

A worker that dies costs its part, which another one makes. A part that ends :data:`DEATHS` workers is named, and what the others
finished is kept for the same command. Nothing listens beyond this machine unless the address says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from socket import create_connection
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flows import parts
from flows.parts import Job, Part
from recsys.errors import ClusterError, UsageError
from recsys.lake.records import File

if TYPE_CHECKING:
    from distributed import Client

DEATHS = 3
"""Workers on this machine that a part may cost."""
PATIENCE = 5
"""Seconds that a scheduler has to answer."""
DRIFT = 60.0
"""Seconds that clocks may differ."""
_AGAIN = "what was finished is kept: run the same command again"


def require_cluster(address: str) -> None:
    """Raises :class:`UsageError` for an address that is none, :class:`ClusterError` where nobody answers."""
    kind, _, rest = address.partition(":")
    if kind == "local" and rest.isdecimal() and int(rest):
        return
    at = urlsplit(address)
    if kind not in ("tcp", "tls") or not at.hostname or not at.port:
        raise UsageError(f"cluster {address!r}: allowed are local:N (processes on this machine) and tcp://HOST:PORT")
    try:
        create_connection((at.hostname, at.port), PATIENCE).close()
    except OSError as error:
        raise ClusterError(f"no scheduler answers at {address} ({error}); start one:  dask scheduler --host HOST") from error


def make_lists(address: str, job: Job, todo: Sequence[Part], done: Callable[[Part, list[File], dict[str, float]], None]) -> None:
    """Make the parts on a cluster; ``done`` hears of each with its files and seconds. Raises :class:`ClusterError`."""
    with _client(address) as client:
        from distributed import as_completed

        _require_alike(client.run(parts.describe, job), parts.describe(job))

        waiting, work, fatal = iter(todo), dict[Any, Part](), list[Part]()
        # no more than there are threads: whatever is on a worker when it dies is suspected of its death
        ready = as_completed(loop=client.loop)

        def submit(count: int) -> None:
            for part in islice(waiting, count):
                future = client.submit(parts.make, job, part, pure=False, retries=0)
                work[future] = part
                ready.add(future)

        submit(sum(client.nthreads().values()))
        for future in ready:
            answer, part = _answer(future, work[future]), work.pop(future)
            if answer is None:
                fatal.append(part)  # the others go on: what they finish is kept
            else:
                done(part, [File.model_validate_json(record) for record in answer[0]], answer[1])
            submit(1)
    for part in fatal:
        problem = f"part {part.number} of the lists ended every worker that began it, perhaps for want of memory"
        raise ClusterError(f"{problem}; give workers more memory, or fewer to a machine; {_AGAIN}")


def _answer(future: Any, part: Part) -> tuple[list[str], dict[str, float]] | None:
    """What a worker answered; none where workers died of it."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        answer: tuple[list[str], dict[str, float]] = future.result()
    except KilledWorker:
        return None
    except (CancelledError, OSError) as error:
        raise ClusterError(f"the cluster went away during part {part.number} of the lists ({error}); {_AGAIN}") from None
    return answer


def _require_alike(workers: dict[str, dict[str, Any]], here: dict[str, Any]) -> None:
    """Raises :class:`ClusterError` where a worker would compute other bytes, or cannot see the lake."""
    if not workers:
        raise ClusterError("the cluster has no workers; start some:  dask worker tcp://HOST:8786")
    for worker, there in sorted(workers.items()):
        if abs(there["clock"] - time()) > DRIFT:
            raise ClusterError(f"worker {worker}: its clock differs by {there['clock'] - time():+.0f} s; set it")
        for name in here.keys() - {"clock"}:
            if there.get(name) != here[name]:
                raise ClusterError(f"worker {worker}: {name} is {there.get(name)}, here {here[name]}; make them alike")


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """Raises like :func:`require_cluster`, and where the library is not installed."""
    require_cluster(address)
    kind, _, rest = address.partition(":")
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError("--cluster needs the extra `cluster`:  pip install 'recsys[cluster]'") from error
    if kind != "local":
        with Client(address, timeout=PATIENCE, set_as_default=False) as client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=int(rest),
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"allowed_failures": DEATHS - 1},
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client
