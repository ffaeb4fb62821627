"""Writes ``recsys/kernels.json``: ``python -m tests.kernels``, after a change of kernels or of what calls them; a minute.

A corner of the demo's world is built with every kernel as plain Python, and those that Python calls are noted with the types of
their arguments. What that world does not reach (the track side, lists with seeds) stays as it was noted, while it is still there.
"""

from __future__ import annotations

import inspect
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

LISTED = Path(__file__).parents[1] / "recsys" / "kernels.json"
TRACKS, LISTENERS = 150, 130
"""Of the demo's world: enough for the search of large lakes, little enough for plain Python."""
Noted = dict[tuple[str, str], list[Any]]
"""Module and name → the encoded types of each kind of call."""


class Recorder:
    """Stands for every kernel; ``noted`` gets the calls that no other kernel makes."""

    def __init__(self) -> None:
        self.noted: Noted = {}
        self._inside = threading.local()

    def install(self) -> Callable[[], None]:
        """Take the place of the kernels in all modules; returns what puts them back."""
        from numba.core.dispatcher import Dispatcher

        owners = [module for name, module in sys.modules.items() if name.startswith("recsys.")]
        places = [(vars(module), name, value) for module in owners for name, value in vars(module).items()]
        kernels = [place for place in places if isinstance(place[2], Dispatcher)]
        stand_ins = {id(kernel): self._stand_in(kernel) for _, _, kernel in kernels}
        for names, name, kernel in kernels:
            names[name] = stand_ins[id(kernel)]

        def restore() -> None:
            for names, name, kernel in kernels:
                names[name] = kernel

        return restore

    def _stand_in(self, kernel: Any) -> Callable[..., Any]:
        function = kernel.py_func
        shape = inspect.signature(function)

        def call(*values: Any, **named: Any) -> Any:
            depth = getattr(self._inside, "depth", 0)
            if not depth:
                bound = shape.bind(*values, **named)
                bound.apply_defaults()
                self._note((function.__module__, function.__name__), bound.args)
            self._inside.depth = depth + 1
            try:
                return function(*values, **named)
            finally:
                self._inside.depth = depth

        return call

    def _note(self, kernel: tuple[str, str], values: tuple[Any, ...]) -> None:
        from numba import typeof

        from recsys.compiling import encoded

        types = [encoded(typeof(value)) for value in values]
        calls = self.noted.setdefault(kernel, [])
        if types not in calls:
            calls.append(types)


def noted() -> Noted:
    """The calls of a corner of the demo's world."""
    import recsys
    from recsys.demo import AS_OF, world

    recorder, demo = Recorder(), world()
    import recsys.pipeline

    tracks, users = demo.tracks.head(TRACKS), demo.events["user_id"].unique().sort().head(LISTENERS)
    mine, here = pl.col("user_id").is_in(users.implode()), pl.col("track_id").is_in(tracks["id"].implode())
    settings = recsys.Settings(threads=1, list_limit=5, pool=10, measured=30, diversity_pool=10)
    restore = recorder.install()
    try:
        recsys.build(recsys.Inputs(tracks=tracks, events=demo.events.filter(mine, here)), settings, as_of=AS_OF)
    finally:
        restore()
    return recorder.noted


def listed(result: Noted) -> list[list[Any]]:
    """Rows of the file: of the calls, and of kernels that were not called but are listed and still there."""
    from recsys.compiling import kernels

    seconds = {(kernel.module, kernel.name): kernel.seconds for kernel in kernels()}
    rows = [[*name, types, seconds.get(name, 0.5)] for name, calls in result.items() for types in calls]
    rows += [
        [kernel.module, kernel.name, [*kernel.types], kernel.seconds]
        for kernel in kernels()
        if kernel.is_there and (kernel.module, kernel.name) not in result
    ]
    return sorted(rows, key=lambda row: (-row[3], row[:2], json.dumps(row[2])))


def main() -> None:
    LISTED.write_text("[\n" + ",\n".join(map(json.dumps, listed(noted()))) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
