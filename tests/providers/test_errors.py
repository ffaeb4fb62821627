from __future__ import annotations

import pytest

from recsys.errors import ProviderError
from recsys.providers import errors
from recsys.providers.errors import BlockedError


@pytest.mark.parametrize("name", [name for name in dir(errors) if name.endswith("Error")])
def test_every_kind_is_exit_7(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, ProviderError)
    assert kind.exit_code == 7


def test_a_block_says_until_when() -> None:
    error = BlockedError("p", "*", 0.0, "busy")
    assert (error.family, "p: it may not be asked again before 1970-01-01 00:00 UTC (busy)" in str(error)) == ("*", True)
