from __future__ import annotations

from collections.abc import Callable

import pytest

from recsys.providers.access import Access, Budget
from recsys.providers.errors import BudgetError


def test_a_budget_is_spent_call_by_call() -> None:
    budget = Budget(2)
    budget.spend("p")
    budget.spend("p")
    with pytest.raises(BudgetError, match="budget of 2 calls"):
        budget.spend("p")


def test_the_connections_are_closed_with_the_block(open_access: Callable[..., Access]) -> None:
    with open_access() as access:
        client = access.client
        assert access.client is client
    assert client.is_closed
