"""A part of lists that ends the workers who make it, as often as the file named by ``PLAGUE`` says: ``<part> <times>``."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from flows import parts
from flows.parts import Job, Part

_make = parts.make


def make(job: Job, part: Part) -> tuple[list[str], dict[str, float]]:
    notes = Path(os.environ["PLAGUE"])
    number, times = map(int, notes.read_text().split())
    if part.number == number and times:
        notes.write_text(f"{number} {times - 1}")
        os.kill(os.getpid(), signal.SIGKILL)
    return _make(job, part)
