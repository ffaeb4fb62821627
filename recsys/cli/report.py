"""``recsys report``: the page about a run."""

from __future__ import annotations

import webbrowser
from typing import Annotated

from cyclopts import Parameter

from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.screen import say
from recsys.lake import Lake, reports
from recsys.report.making import page

RunName = Annotated[str | None, Parameter(name="--run", help="Run, see recsys runs list; default: the published one.")]
Open = Annotated[bool, Parameter(name="--open", help="Open it in the browser.", negative="")]


def report(*, run: RunName = None, open: Open = False, lake: LakeFolder = None) -> None:  # noqa: A002
    """Write the report of a run anew, and say where it is.

    Every nightly run has one; this makes it for runs that lost theirs, or that came before there were reports.
    """
    home = Lake(lake_folder(lake))
    chosen = home.run(run) if run else home.published()
    place = reports.write(home, chosen, page(home, chosen))
    say(str(place))
    if open:
        webbrowser.open(place.as_uri())
