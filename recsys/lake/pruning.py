"""Which runs and leftovers may go, and their removal."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recsys.lake import files
from recsys.lake.home import STAGING, UPLOAD_GRACE
from recsys.lake.lake import AHEAD, Lake
from recsys.lake.run import Run


@dataclass(frozen=True)
class Pruned:
    """What was removed, and what stays although it is old: readers have it open."""

    runs: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    in_use: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()


def prune(lake: Lake, *, keep: int, days: float, now: datetime | None = None, dry_run: bool = False) -> Pruned:
    """Remove the runs that are neither among the ``keep`` newest nor younger than ``days``, and what dead writers left.

    The published run stays, and so does a run that a reader has open. A folder whose manifest cannot be read is no run and goes
    too, unless it is the published one. ``dry_run`` only says what would go. Raises :class:`LakeError` when another one writes.
    """
    left = tuple(path.name for path in files.children(lake.root / STAGING))
    with lake.writer():
        left += lake.home.leftovers(UPLOAD_GRACE, dry_run=dry_run)
        runs = lake.runs()
        published = lake.pointer().run
        now = now or datetime.now(UTC)
        oldest = now - timedelta(days=days)
        old = [run for run in runs[keep:] if run.id != published and not oldest <= run.manifest.created_at <= now + AHEAD]
        busy = {run.id for run in old if in_use(run)}
        damaged = tuple(sorted({*lake.run_ids()} - {run.id for run in runs} - {published}))
        pruned = Pruned(tuple(run.id for run in old if run.id not in busy), damaged, tuple(sorted(busy)), left)
        if not dry_run:
            lake.clear_unfinished()
            lake.remove_runs((*pruned.runs, *pruned.damaged))
        return pruned


@contextmanager
def using(runs: Iterable[Run]) -> Iterator[None]:
    """Hold runs open, so that :func:`prune` leaves them alone. Of many, those that are too many for the system are not held."""
    with ExitStack() as stack:
        for run in runs:
            name = next((file.path for file in run.manifest.files if not file.table), None)
            with suppress(OSError):
                if name is not None:
                    fcntl.flock(stack.enter_context((run.path / name).open("rb")), fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def in_use(run: Run) -> bool:
    """Whether a reader holds a file of the run open under a shared lock, as the lookup does."""
    return any(_locked(run.path / file.path) for file in run.manifest.files if not file.table)


def _locked(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
