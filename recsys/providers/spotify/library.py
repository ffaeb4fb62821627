"""The logged-in user's own library: its tracks, and what the user did with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from pydantic import BaseModel, Field

from recsys.errors import ProviderError
from recsys.providers.answers import concerns_all
from recsys.providers.facts import Action, Listing, Skip
from recsys.providers.http import Params, Service
from recsys.providers.lenient import Lenient, Unreadable, readable
from recsys.providers.spotify.answers import Album, Artist, Entry
from recsys.providers.spotify.links import Link
from recsys.providers.spotify.lists import TrackLists, entry

MOST_ARTISTS = 2000
"""Followed artists that are read."""
PATHS = {"liked": "/me/tracks", "top": "/me/top/tracks", "recent": "/me/player/recently-played"}


class SavedAlbum(BaseModel):
    added_at: str | None = None
    album: Album | None = None


class Cursors(BaseModel):
    after: str | None = None


class Followed(BaseModel):
    items: Lenient[Artist] = Field(default_factory=list)
    cursors: Cursors = Field(default_factory=Cursors)


class Following(BaseModel):
    artists: Followed = Field(default_factory=Followed)


class _Reader(Protocol):
    """What the library needs of the catalogue."""

    lists: TrackLists

    @property
    def api(self) -> Service: ...
    def read(self, link: Link, limit: int | None = None) -> Listing: ...
    def listing(self, entries: Iterator[Entry | Unreadable], limit: int | None) -> Listing: ...


def read(spotify: _Reader, part: str, limit: int | None) -> Listing:
    """One part of the library; ``limit``: of each list in it."""
    parts: dict[str, Callable[[_Reader, int | None], Listing]] = {"playlists": _playlists, "albums": _albums, "artists": _artists}
    if part in parts:
        return parts[part](spotify, limit)
    if part == "top":
        top = spotify.listing(map(entry, spotify.lists.tracks(PATHS[part])), limit)
        top.actions = []
        return top
    listing = spotify.listing(spotify.lists.entries(PATHS[part], once=part == "recent"), limit)
    kind = "play" if part == "recent" else "like"
    return _done(listing, kind)


def _playlists(spotify: _Reader, limit: int | None) -> Listing:
    names = {one.id: one.name or "" for one in readable(spotify.lists.named("/me/playlists")) if one.id}
    return _each(((name, f"playlist {title}", None) for name, title in names.items()), "playlist", spotify, limit)


def _albums(spotify: _Reader, limit: int | None) -> Listing:
    saved = readable(spotify.lists.saved("/me/albums", SavedAlbum))
    albums = ((one.album.id, "saved album", one.added_at) for one in saved if one.album and one.album.id)
    return _each(albums, "album", spotify, limit)


def _artists(spotify: _Reader, limit: int | None) -> Listing:
    listing, after = Listing(), None
    for _ in range(0, MOST_ARTISTS, 50):
        params: Params = {"type": "artist", "limit": 50, **({"after": after} if after else {})}
        page = spotify.api.get(Following, "/me/following", params).artists
        for artist in readable(page.items):
            if artist.id:
                part = _alone(spotify.read(Link("artist", artist.id), limit), f"spotify:artist:{artist.id}")
                part.actions = []
                listing.extend(part)
        after = page.cursors.after
        if not after or listing.stopped:
            break
    return listing


def _each(entries: Iterator[tuple[str, str, str | None]], kind: str, spotify: _Reader, limit: int | None) -> Listing:
    listing = Listing()
    for name, context, moment in entries:
        link = Link("album" if kind == "album" else "playlist", name)
        part = _alone(spotify.read(link, limit), str(link))
        saves = [Action(one.track, "save", moment or one.moment, context) for one in part.actions]
        part.actions = saves or [Action(facts.id, "save", moment, context) for facts in part.facts if moment]
        listing.extend(part)
        if listing.stopped:
            break
    return listing


def _alone(listing: Listing, name: str) -> Listing:
    """A list of the library whose error concerns it alone is a failure of it."""
    error: ProviderError | None = listing.stopped
    if error is not None and not concerns_all(error):
        listing.stopped = None
        if listing.facts or listing.not_asked:
            listing.problems.append(str(error))
        else:
            listing.skipped.append(Skip(name, "failed", str(error)))
    return listing


def _done(listing: Listing, kind: str) -> Listing:
    listing.actions = [Action(one.track, kind, one.moment, one.context) for one in listing.actions]
    return listing
