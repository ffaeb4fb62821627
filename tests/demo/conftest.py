"""The demo world, made once."""

from __future__ import annotations

import pytest

from recsys.demo import DemoWorld, world


@pytest.fixture(scope="session")
def demo() -> DemoWorld:
    return world()
