"""``recsys compile``: kernels and bytecode, compiled before the first run needs them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from recsys.cli.screen import progress, say


def compile_() -> None:
    """Compile the kernels now, in as many processes as there are processors; a run does so too when they are not compiled."""
    from recsys.compiling import importing

    with importing(), progress() as bars:
        count = compile_kernels(bars)
    say(f"{count} kernels compiled" if count else "the kernels are compiled")


def compile_kernels(report: Callable[[str, int, int], None]) -> int:
    """Compile what is not compiled yet, with a bar on a terminal and a log line elsewhere; returns how many kernels."""
    from recsys import compiling

    wanted = compiling.lacking()
    if wanted and not sys.stderr.isatty():
        logging.getLogger("recsys").info("compiling %d kernels, once for this version and processor", len(wanted))
    compiling.compile_all(wanted, report)
    return len(wanted)
