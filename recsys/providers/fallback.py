"""Spotify's Web API, and its web player where the official access is refused and the person allows that."""

from __future__ import annotations

from collections.abc import Sequence

from recsys.providers.errors import ForbiddenError, MissingError, UnauthorizedError
from recsys.providers.facts import Catalogue, Hit, Listing
from recsys.providers.spotify.links import Kind, Link


class WithFallback:
    """A catalogue that asks ``second`` for public things which ``first`` may not see."""

    def __init__(self, first: Catalogue, second: Catalogue) -> None:
        self._first, self._second = first, second
        self.name = first.name

    @property
    def access(self) -> str:
        return f"{self._first.access}; where that is refused: {self._second.access}"

    def read(self, link: Link, limit: int | None = None) -> Listing:
        listing = self._first.read(link, limit)
        if link.kind == "me" or listing.facts or not _refused(listing):
            return listing
        second = self._second.read(link, limit)
        second.notes.insert(0, f"{link}: read through {self._second.access}, because: {listing.stopped}")
        return second

    def tracks(self, ids: Sequence[str]) -> Listing:
        listing = self._first.tracks(ids)
        return self._second.tracks(ids) if isinstance(listing.stopped, UnauthorizedError) and not listing.facts else listing

    def search(self, query: str, kinds: Sequence[Kind], limit: int) -> list[Hit]:
        return self._first.search(query, kinds, limit)


def _refused(listing: Listing) -> bool:
    return isinstance(listing.stopped, ForbiddenError | UnauthorizedError | MissingError)
