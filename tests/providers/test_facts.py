from __future__ import annotations

from recsys.providers.errors import UnavailableError
from recsys.providers.facts import Facts, Listing, Skip


def test_listings_add_up() -> None:
    first = Listing([Facts("a", "p", {})], notes=["n"], not_asked=1)
    first.extend(Listing([Facts("b", "p", {})], [Skip("c", "failed", "x")], ["n", "m"], UnavailableError("down"), 2))
    assert [facts.id for facts in first.facts] == ["a", "b"]
    assert (len(first.skipped), first.notes, first.not_asked, str(first.stopped)) == (1, ["n", "m"], 3, "down")


def test_what_may_come_by_asking_again_has_failed() -> None:
    assert Skip("a", "failed", "x").failed
    assert Skip("a", "unreadable", "x").failed
    assert not Skip("a", "episode", "x").failed
