"""A provider on paper and a clock of its own for every provider test; retries wait for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import stamina

from recsys.providers.access import Access
from tests.cli.conftest import recsys
from tests.support.wire import Clock, Wire

__all__ = ["recsys"]


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def open_access(wire: Wire, clock: Clock, tmp_path: Path) -> Iterator[Callable[..., Access]]:
    """A function from settings to a door that leads to the wire; all doors are closed in the end."""
    with ExitStack() as doors:
        yield lambda **settings: doors.enter_context(wire.access(tmp_path, clock, **settings))
