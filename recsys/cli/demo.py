"""``recsys demo``: from nothing to one listener's explained list."""

from __future__ import annotations

import hashlib
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from recsys.cli.ingest import print_reports
from recsys.cli.options import LakeFolder, Threads, lake_folder
from recsys.cli.run import nightly, print_report, require_published
from recsys.cli.screen import progress, say
from recsys.cli.show import list_rows, print_list, summary
from recsys.demo import AS_OF, world, write
from recsys.errors import UsageError
from recsys.ingest import ingest
from recsys.lake import Lake, default_root
from recsys.settings import load

LISTENER = "demo-u001"
NIGHT = timedelta(days=1)

Folder = Annotated[Path, Parameter(name="--folder", help="Where the generated files go.")]


def demo(*, folder: Folder = Path("data/demo"), lake: LakeFolder = None, threads: Threads = None) -> None:
    """Generate synthetic data, run it and show one listener's list."""
    settings, _ = load({"threads": threads})
    home = Lake(lake_folder(lake))
    files = write(world(), folder)
    _refuse_mixing(home, files)
    with progress() as bars:
        reports = [report for table, path in files.items() for report in ingest(home, table, [path], progress=bars)]
    print_reports(reports)
    why = "the moment of the demo's world"
    if home.current() is None:  # the night before, so that there is something to compare and to go back to
        nightly(lake_folder(lake), settings, AS_OF - NIGHT, accept=why)
    built = nightly(lake_folder(lake), settings, AS_OF, accept=why)
    print_report(built)
    require_published(built)
    run = home.run(built.run_id)
    print_list(run, summary(run, LISTENER, "balanced"), list_rows(run, LISTENER, "balanced").head(10))
    say(f"all tables:  {run.path}")
    _say_next(home)


def _say_next(home: Lake) -> None:
    """What to try now; the lake is named where it is not the one that commands take by themselves."""
    own = "" if home.home.name == str(default_root().absolute()) else f" --lake {shlex.quote(home.home.name)}"
    before = next((run.id for run in home.runs()[1:]), None)
    changes = [f"recsys runs diff {before} {home.published().id}"] if before else []
    for command in ("recsys users", "recsys tracks orchard", *changes, 'recsys sql "from metrics"', "recsys serve"):
        say(f"try:  {command}{own}")


def _refuse_mixing(lake: Lake, files: dict[str, Path]) -> None:
    """Synthetic listeners must not end up among real ones. Raises :class:`UsageError`."""
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files.values()}
    others = [batch.source for batch in lake.batches() if batch.digest not in digests]
    if others:
        raise UsageError(
            f"lake {lake.home.name} holds other data ({others[0]}); give the demo its own:  recsys demo --lake data/demo/lake"
        )
