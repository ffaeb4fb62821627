"""Work of a run on the workers of a Dask cluster: calls by name, files as the data, one retry policy, the cluster's own.

A worker that dies costs its call, which another one does. A call that ends :data:`DEATHS` workers is named, and what the others
finished is kept for the same command. Nothing listens beyond this machine unless the address says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from socket import create_connection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from flows import handshake
from flows.handshake import PATIENCE
from recsys.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from distributed import Client

DEATHS = 3
"""Workers on this machine that a part may cost."""
_LEAN = {
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.admin.tick": {"interval": "2s", "cycle": "10s", "limit": "60s"},
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.scheduler.work-stealing-interval": "1s",
}
"""Dask's own would look at the stack of every worker 100 times a second and at every event loop 50 times, and give all free
memory back at once: a sixth more of a worker's processor time, and 2 % of a processor for waiting."""
_AGAIN = "what was finished is kept: run the same command again"


def require_cluster(address: str) -> None:
    """Raises :class:`UsageError` for an address that is none, or without the library; :class:`ClusterError` where no scheduler
    answers."""
    if find_spec("distributed") is None:
        raise UsageError("--cluster needs the extra `cluster`:  pip install 'recsys[cluster]'")
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
    handshake.require_scheduler(address)


class Call(NamedTuple):
    """``function(*values)``, both of which a worker can import; ``words`` say what it is."""

    words: str
    function: Callable[..., Any]
    values: tuple[Any, ...]


class Workers:
    """The workers of a cluster for the time of a run, all of which are as ``here``: see :mod:`flows.handshake`."""

    def __init__(self, client: Client, here: Mapping[str, Any], folder: str) -> None:
        self._client, self._alike = client, (here, folder)

    @property
    def count(self) -> int:
        """How many calls are done at once."""
        return max(1, sum(self._client.nthreads().values()))

    def map(self, calls: Sequence[Call], done: Callable[[int, Any], None]) -> None:
        """Do the calls; ``done`` hears of each, by its number, with its answer. Raises :class:`ClusterError`."""
        from distributed import as_completed

        waiting, work, fatal = iter(enumerate(calls)), dict[Any, int](), list[Call]()
        # no more than there are threads: whatever is on a worker when it dies is suspected of its death
        ready = as_completed(loop=self._client.loop)

        def submit(count: int) -> None:
            for number, call in islice(waiting, count):
                work_there = (handshake.alike, *self._alike, call.function, *call.values)
                future = self._client.submit(*work_there, pure=False, retries=0)
                work[future] = number
                ready.add(future)

        submit(self.count)
        for future in ready:
            number = work.pop(future)
            answer = _answer(future, calls[number])
            if answer is None:
                fatal.append(calls[number])  # the others go on: what they finish is kept
            else:
                done(number, answer)
            submit(1)
        for call in fatal:
            problem = f"{call.words} ended every worker that began it, perhaps for want of memory"
            raise ClusterError(f"{problem}; give workers more memory, or fewer to a machine; {_AGAIN}")


def _answer(future: Any, call: Call) -> Any:
    """What a worker answered; none where workers died of it."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return None
    except (CancelledError, OSError) as error:
        raise ClusterError(f"the cluster went away during {call.words} ({error}); {_AGAIN}") from None


@contextmanager
def opened(address: str | None, folder: Path) -> Iterator[Workers | None]:
    """The workers at an address, all of which would compute what this process does, and see ``folder``; none without one.

    Raises like :func:`require_cluster`, and where a worker differs.
    """
    if address is None:
        yield None
        return
    with _client(address) as client:
        here = handshake.describe(str(folder))
        handshake.require_alike(client.run(handshake.describe, str(folder), on_error="return"), here)
        yield Workers(client, here, str(folder))


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """Raises like :func:`require_cluster`."""
    require_cluster(address)
    import dask
    from distributed import Client, LocalCluster

    kind, _, rest = address.partition(":")
    if kind != "local":
        with Client(address, timeout=PATIENCE, set_as_default=False) as client:
            yield client
        return
    with (
        dask.config.set(_LEAN),
        LocalCluster(
            n_workers=int(rest),
            threads_per_worker=1,
            host="127.0.0.1",
            worker_dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.CRITICAL,
            # without an address of its own the scheduler's health page would want port 8787, and warn when another run has it
            scheduler_kwargs={"allowed_failures": DEATHS - 1, "dashboard": False, "dashboard_address": "127.0.0.1:0"},
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client
