"""Lists of the Web API, page by page, and what is taken from them.

Paging is by offset and bounded: `next` only says whether there is more. An address of another host in it ends the list with
an error, since following it would send the token there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from recsys.errors import ProviderError
from recsys.providers.answers import Answers
from recsys.providers.errors import MalformedError, MissingError
from recsys.providers.facts import Action, Skip
from recsys.providers.http import Params, Service
from recsys.providers.lenient import Unreadable
from recsys.providers.spotify.answers import Album, Artist, Entry, Page, SearchPage, Track
from recsys.providers.spotify.links import Kind

_PAGE = 50
"""Largest page of an album or playlist that every app may ask for."""
SEARCH_PAGE = 10
"""Largest page of a search that every app may ask for."""
SEARCH_REACH = 1000
"""Results of a search that can be reached."""
_MOST = 20_000
"""Items after which a list is taken to be endless."""
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
        offset, before = start, None
        while offset < _MOST:
            page = self._page(path, model, params, None if once else offset)
            self.total = page.total if page.total is not None else self.total
            if page.items and page.items == before:
                raise MalformedError(f"spotify: {path}: the same page came twice; the list seems endless")
            yield from page.items
            before = page.items
            offset += len(page.items)
            if once or page.next is None or not page.items or (page.total is not None and offset >= page.total):
                return
            if not self._api.same_host(page.next):
                raise MalformedError(f"spotify: {path}: the next page would be on another host; refused")
        raise MalformedError(f"spotify: {path}: more than {_MOST:,} items; the list seems endless")

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


@dataclass
class Taken:
    """Tracks of a list by id, in order; what was left out; how many entries were read; why the list ended early, if it did."""

    tracks: dict[str, Track] = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)
    entries: int = 0
    actions: list[Action] = field(default_factory=list)
    stopped: ProviderError | None = None


def entry(track: Track | Unreadable | None) -> Entry | Unreadable:
    """A track as the entry of a list."""
    return track if isinstance(track, Unreadable) else Entry(track=track)


def take(entries: Iterable[Entry | Unreadable], limit: int | None = None) -> Taken:
    """The tracks among ``entries``, at most ``limit``. An error after the first entry is kept, not raised."""
    taken = Taken()
    try:
        for place, one in enumerate(entries, 1):
            taken.entries = place
            track, skip = _sorted_out(one, taken.tracks)
            if isinstance(one, Entry) and one.named and one.named.id:
                taken.actions.append(Action(one.named.id, "save", one.played_at or one.added_at))
            if skip:
                raw = one.model_dump_json(exclude_none=True)
                taken.skipped.append(replace(skip, place=place, raw=raw))
            elif track:
                taken.tracks[str(track.id)] = track
            if limit is not None and len(taken.tracks) >= limit:
                break
    except ProviderError as error:
        if not taken.tracks and not taken.skipped:
            raise
        taken.stopped = error
    return taken


def _sorted_out(entry: Entry | Unreadable, known: dict[str, Track]) -> tuple[Track | None, Skip | None]:
    if isinstance(entry, Unreadable):
        return None, Skip("", "unreadable", "an entry in a form that is not known")
    track = entry.named
    if track is None:
        return None, Skip("", "unavailable", "an entry without a track: removed or not available")
    name = track.name or track.id or ""
    if track.type == "episode":
        return None, Skip(name, "episode", "a podcast episode, not music")
    if entry.is_local or track.is_local:
        return None, Skip(name, "local_file", "a local file of the playlist's owner: Spotify has no id for it")
    if not track.id:
        return None, Skip(name, "unavailable", "a track without an id")
    if track.id in known:
        return None, Skip(name, "duplicate", f"{track.id} is in the list more than once")
    return track, None
