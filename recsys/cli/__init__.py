"""The command ``recsys``: one module per verb, imported only when that verb runs, so that ``--help`` is quick."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
}
"""What the libraries are told unless the person's own environment says otherwise: no telemetry, no second account of an error."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its code: see :mod:`recsys.errors`."""
    gc.set_threshold(100_000)  # imports make many objects and no rubbish; looking for it was an eighth of the start
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    for stream in (sys.stdout, sys.stderr):  # a sign that the output's encoding lacks must not end the command
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    from recsys.cli.app import run

    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # as with  recsys sql … | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
