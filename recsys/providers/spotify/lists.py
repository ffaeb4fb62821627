"""Lists of the Web API, page by page, and what is taken from them.

Paging is by offset and bounded: `next` only says whether there is more. An address of another host in it ends the list with
an error, since following it would send the token there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from recsys.providers.answers import Answers
from recsys.providers.errors import MalformedError, MissingError
from recsys.providers.facts import Action, Skip
from recsys.providers.http import Params, Service
from recsys.providers.lenient import Unreadable
from recsys.providers.paging import Paged, Slice, Sorted, sort_out
from recsys.providers.spotify.answers import Album, Artist, Entry, Page, SearchPage, Track
from recsys.providers.spotify.links import Kind

_PAGE = 50
"""Largest page of an album or playlist that every app may ask for."""
SEARCH_PAGE = 10
"""Largest page of a search that every app may ask for."""
SEARCH_REACH = 1000
"""Results of a search that can be reached."""
TRACK_FIELDS = (
    "id,type,name,artists(id,name),album(id,name,release_date,artists(id,name)),"
    "duration_ms,explicit,popularity,external_ids(isrc),is_local,is_playable"
)
ENTRY_FIELDS = f"next,total,items(is_local,added_at,item({TRACK_FIELDS}),track({TRACK_FIELDS}))"

T = TypeVar("T")
_Named = Track | Album | Artist


class TrackLists:
    """Pages of one app's view; ``scope`` tells its cached pages from another's."""

    def __init__(self, api: Service, answers: Answers, scope: str, market: dict[str, str]) -> None:
        self._api, self._answers, self._scope, self._market = api, answers, scope, market
        self.stale = False
        """Whether a page since this was last set came from an expired answer."""
        self._version: str | None = None
        self.total: int | None = None
        """Length of the list read last, as far as it is known."""

    def entries(
        self, path: str, *, filtered: bool = False, once: bool = False, version: str | None = None
    ) -> Iterator[Entry | Unreadable]:
        """Entries of a playlist or library; ``filtered`` asks only for the fields in use, ``once`` for one page.

        Pages are asked anew, unless ``version`` says which state of the list is wanted and they are stored for that one.
        """
        self._version = version
        extra = {"additional_types": "track", "fields": ENTRY_FIELDS} if filtered else {}
        market = {} if once else self._market
        return self._pages(path, Page[Entry], {**extra, **market}, once=once)

    def tracks(self, path: str, start: int = 0) -> Iterator[Track | Unreadable]:
        """Tracks of an album, which do not change, or of the library."""
        self._version = None if path.startswith("/me/") else "album"
        market = {} if path.startswith("/me/") else self._market
        return self._pages(path, Page[Track], market, start=start)

    def named(self, path: str) -> Iterator[Album | Unreadable]:
        """Things of the library that have an id and a name, such as playlists."""
        self._version = None
        return self._pages(path, Page[Album], {})

    def saved(self, path: str, model: type[T]) -> Iterator[T | Unreadable]:
        """Entries of the library of another form."""
        self._version = None
        return self._pages(path, Page[model], {})  # type: ignore[valid-type]

    def results(self, query: str, kind: Kind, limit: int) -> Iterator[_Named]:
        """Search results of one kind, best first, nulls left out."""
        taken = 0
        for offset in range(0, min(limit, SEARCH_REACH), SEARCH_PAGE):
            page = self._search(query, kind, offset)
            for item in page.items:
                if item is not None and not isinstance(item, Unreadable) and taken < limit:
                    taken += 1
                    yield item
            if not page.items or not page.next or taken >= limit:
                return

    def _search(self, query: str, kind: Kind, offset: int) -> Page[Track | None] | Page[Album | None] | Page[Artist | None]:
        params: Params = {"q": query, "type": kind, "limit": SEARCH_PAGE, "offset": offset, **self._market}
        key = f"{kind}:{offset}:{self._market.get('market', '')}:{query}"
        answer = self._answers.one("search", key, SearchPage, lambda: self._api.get(SearchPage, "/search", params), anew=True)
        hits = answer.value or SearchPage()
        pages = {"track": hits.tracks, "album": hits.albums, "artist": hits.artists, "playlist": hits.playlists}
        return pages[kind] or Page[Track | None]()

    def _pages(
        self, path: str, model: type[Page[T]], params: dict[str, str], *, start: int = 0, once: bool = False
    ) -> Iterator[T | Unreadable]:
        def page(offset: int, _: int) -> Slice[T | Unreadable]:
            one = self._page(path, model, params, None if once else offset)
            self.total = one.total if one.total is not None else self.total
            abroad = one.next is not None and not self._api.same_host(one.next)
            fault = MalformedError(f"spotify: {path}: the next page would be on another host; refused") if abroad else None
            return Slice(one.items, one.total, one.next is not None and not once, fault)

        return iter(Paged(f"spotify: {path}", page, start=start))

    def _page(self, path: str, model: type[Page[T]], params: dict[str, str], offset: int | None) -> Page[T]:
        place = {} if offset is None else {"offset": offset}
        key = f"{self._scope}:{path}:{offset}:{params.get('market', '')}:{self._version or ''}"
        answer = self._answers.one(
            "page",
            key,
            model,
            lambda: self._api.get(model, path, {**params, "limit": _PAGE, **place}),
            anew=self._version is None,
        )
        self.stale |= answer.stale
        if answer.value is None:
            raise MissingError(f"spotify: {path}: unknown")
        return answer.value


def entry(track: Track | Unreadable | None) -> Entry | Unreadable:
    """A track as the entry of a list."""
    return track if isinstance(track, Unreadable) else Entry(track=track)


def noted(entries: Iterable[Entry | Unreadable], actions: list[Action]) -> Iterator[Entry | Unreadable]:
    """The entries; what the user did with the tracks in them joins ``actions``."""
    for one in entries:
        if isinstance(one, Entry) and one.named and one.named.id:
            actions.append(Action(one.named.id, "save", one.played_at or one.added_at))
        yield one


def take(entries: Iterable[Entry | Unreadable], limit: int | None = None) -> Sorted[Track]:
    """The tracks among ``entries``, at most ``limit``; see :func:`recsys.providers.paging.sort_out`."""
    return sort_out(entries, _judged, limit)


def _judged(entry: Entry) -> Track | Skip:
    track = entry.named
    if track is None:
        return Skip("", "unavailable", "an entry without a track: removed or not available")
    name = track.name or track.id or ""
    if track.type == "episode":
        return Skip(name, "episode", "a podcast episode, not music")
    if entry.is_local or track.is_local:
        return Skip(name, "local_file", "a local file of the playlist's owner: Spotify has no id for it")
    return track if track.id else Skip(name, "unavailable", "a track without an id")
