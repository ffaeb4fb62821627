from __future__ import annotations

from collections.abc import Sequence

import pytest

from recsys.errors import ProviderError
from recsys.providers.errors import ForbiddenError, MissingError, UnauthorizedError, UnavailableError
from recsys.providers.facts import Facts, Hit, Listing
from recsys.providers.fallback import WithFallback
from recsys.providers.spotify.links import Kind, Link


class Source:
    def __init__(self, name: str, error: ProviderError | None = None) -> None:
        self.name, self.access, self._error = name, f"access of {name}", error

    def read(self, link: Link, limit: int | None = None) -> Listing:
        return self.tracks([link.id][:limit])

    def tracks(self, ids: Sequence[str]) -> Listing:
        return Listing(stopped=self._error) if self._error else Listing([Facts(name, self.name, {}) for name in ids])

    def search(self, query: str, kinds: Sequence[Kind], limit: int) -> list[Hit]:
        return [Hit(Link(kind, query), self.name) for kind in kinds][:limit]


@pytest.mark.parametrize(
    ("error", "source"),
    [(ForbiddenError("no"), "b"), (MissingError("no"), "b"), (UnauthorizedError("no"), "b"), (UnavailableError("down"), None)],
)
def test_it_stands_in_where_access_is_refused_and_not_where_a_server_is_down(error: ProviderError, source: str | None) -> None:
    both = WithFallback(Source("a", error), Source("b"))
    listing = both.read(Link("playlist", "x"))
    assert [facts.source for facts in listing.facts] == ([source] if source else [])
    assert both.read(Link("me", "liked")).stopped is error


def test_tracks_and_search() -> None:
    assert WithFallback(Source("a", UnauthorizedError("no")), Source("b")).tracks(["x"]).facts[0].source == "b"
    assert WithFallback(Source("a"), Source("b")).tracks(["x"]).facts[0].source == "a"
    assert WithFallback(Source("a"), Source("b")).search("q", ["track"], 5)[0].title == "a"
