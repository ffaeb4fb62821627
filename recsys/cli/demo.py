"""``recsys demo``: from nothing to one listener's explained list."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from recsys.cli.ingest import print_reports
from recsys.cli.options import LakeFolder, Threads, lake_folder
from recsys.cli.run import nightly, print_report
from recsys.cli.screen import progress, say
from recsys.cli.show import list_rows, print_list, summary
from recsys.demo import AS_OF, world, write
from recsys.errors import UsageError
from recsys.ingest import ingest
from recsys.lake import Lake
from recsys.settings import load

LISTENER = "demo-u001"

Folder = Annotated[Path, Parameter(name="--folder", help="Where the generated files go.")]


def demo(*, folder: Folder = Path("data/demo"), lake: LakeFolder = None, threads: Threads = None) -> None:
    """Build a small synthetic world and show one listener's list."""
    settings, _ = load({"threads": threads})
    home = Lake(lake_folder(lake))
    files = write(world(), folder)
    _refuse_mixing(home, files)
    with progress() as bars:
        reports = [report for table, path in files.items() for report in ingest(home, table, [path], progress=bars)]
    print_reports(reports)
    built = nightly(home.root, settings, AS_OF, accept="the moment of the demo's world")
    print_report(built)
    run = home.run(built.run_id)
    print_list(run, summary(run, LISTENER, "balanced"), list_rows(run, LISTENER, "balanced").head(10))
    say(f"all tables:  {run.path}")


def _refuse_mixing(lake: Lake, files: dict[str, Path]) -> None:
    """Synthetic listeners must not end up among real ones. Raises :class:`UsageError`."""
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files.values()}
    others = [batch.source for batch in lake.batches() if batch.digest not in digests]
    if others:
        raise UsageError(
            f"lake {lake.root} holds other data ({others[0]}); give the demo its own:  recsys demo --lake data/demo/lake"
        )
