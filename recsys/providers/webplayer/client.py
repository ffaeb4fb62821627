"""Spotify's web player as a catalogue, for people without credentials.

Spotify's terms do not permit these endpoints to third parties; whether to use them is the user's choice (``docs/providers.md``).
GraphQL is asked first; when it fails, the item's embed page stands in with fewer fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.answers import TOLERATED, Answers, concerns_all
from recsys.providers.errors import BlockedError, MalformedError, MissingError
from recsys.providers.facts import Facts, Hit, Listing, Skip
from recsys.providers.lenient import Unreadable, readable
from recsys.providers.paging import Paged, Slice, sort_out
from recsys.providers.spotify.links import Kind, Link
from recsys.providers.webplayer.answers import (
    Album,
    AlbumAnswer,
    ArtistAnswer,
    Entity,
    PlaylistAnswer,
    Row,
    Rows,
    SearchAnswer,
    Track,
    embed_fields,
    ident,
    player_fields,
)
from recsys.providers.webplayer.graph import HASHES, GraphService
from recsys.providers.webplayer.tokens import Pages, PlayerAuth

_PAGE = 50
EMBEDDED_ROWS = 50
"""Rows of a list that its embed page shows at most."""

M = TypeVar("M", bound=BaseModel)


class WebPlayer:
    """Catalogue over the web player."""

    name = "webplayer"

    @property
    def access(self) -> str:
        return f"Spotify's web player, token from {'a one-time code' if self.auth.mode == 'totp' else 'embed pages'}"

    def __init__(self, access: Access) -> None:
        self.settings = access.settings
        self.pages = Pages(access)
        self.auth = PlayerAuth(access, self.pages)
        self.graph = GraphService(access, self.name, self.settings.spotify_pathfinder_url, auth=self.auth)
        self.answers = Answers(access.cache, self.name, access.refresh)

    def read(self, link: Link, limit: int | None = None) -> Listing:
        if link.kind == "me":
            return Listing(stopped=MissingError("webplayer: your library needs a login: recsys providers login"))
        readers: dict[Kind, Callable[[str, int | None], Listing]] = {
            "track": self._track,
            "album": self._album,
            "playlist": self._playlist,
            "artist": self._artist,
        }
        self.auth.page = f"{link.kind}/{link.id}"
        try:
            return readers[link.kind](link.id, limit)
        except (MissingError, BlockedError) as error:
            return Listing(stopped=error)
        except ProviderError as error:
            return self._embedded(link, limit, error)

    def tracks(self, ids: Sequence[str]) -> Listing:
        listing, failures = Listing(), 0
        names = list(dict.fromkeys(ids))
        for place, name in enumerate(names, 1):
            track = self._one(name)
            listing.extend(track)
            failures = failures + 1 if any(skip.failed for skip in track.skipped) else 0
            if failures >= TOLERATED:
                listing.problems.append(listing.skipped[-1].reason)
            if listing.stopped or failures >= TOLERATED:
                listing.not_asked = len(names) - place + bool(listing.stopped)
                break
        return listing

    def _one(self, name: str) -> Listing:
        track = self.read(Link("track", name))
        if isinstance(track.stopped, MissingError):
            return Listing(skipped=[Skip(name, "unknown", "Spotify does not know this track")])
        if track.stopped is not None and not concerns_all(track.stopped):
            return Listing(skipped=[Skip(name, "failed", str(track.stopped))])
        return track

    def search(self, query: str, kinds: Sequence[Kind], limit: int) -> list[Hit]:
        variables = {
            "searchTerm": query,
            "offset": 0,
            "limit": limit,
            "numberOfTopResults": 5,
            "includeAudiobooks": False,
            "includeArtistHasConcertsField": False,
            "includePreReleases": False,
            "includeAuthors": False,
        }
        hits = self.answers.one(
            "search",
            f"{limit}:{query}",
            SearchAnswer,
            lambda: self._query(SearchAnswer, "searchDesktop", "searchV2", variables),
            anew=True,
        ).value
        return [hit for kind in kinds for hit in _hits(hits, kind)[:limit]] if hits else []

    def _track(self, name: str, _: int | None) -> Listing:
        uri = {"uri": f"spotify:track:{name}"}
        answer = self.answers.one("track", name, Track, lambda: self._query(Track, "getTrack", "trackUnion", uri))
        if answer.value is None:
            raise MissingError(f"webplayer: track {name} is unknown")
        return Listing([Facts(name, self.name, player_fields(answer.value), answer.stale)])

    def _album(self, name: str, limit: int | None) -> Listing:
        first = self._album_page(name, 0)

        def page(offset: int) -> Rows:
            return (self._album_page(name, offset) if offset else first).rows

        return self._rows(page, limit, first)

    def _album_page(self, name: str, offset: int) -> AlbumAnswer:
        variables = {"uri": f"spotify:album:{name}", "locale": "", "offset": offset, "limit": _PAGE}
        return self._page(AlbumAnswer, f"album:{name}:{offset}", "getAlbum", "albumUnion", variables)

    def _playlist(self, name: str, limit: int | None) -> Listing:
        def page(offset: int) -> Rows:
            place = {"offset": offset, "limit": _PAGE, "enableWatchFeedEntrypoint": False}
            variables = {"uri": f"spotify:playlist:{name}", **place}
            key = f"playlist:{name}:{offset}"
            rows = self._page(PlaylistAnswer, key, "fetchPlaylist", "playlistV2", variables).rows
            if rows is None:
                raise MissingError(f"webplayer: playlist {name} is unknown or private")
            return rows

        return self._rows(page, limit)

    def _artist(self, name: str, limit: int | None) -> Listing:
        variables = {"uri": f"spotify:artist:{name}", "locale": "", "includePrerelease": False}
        rows = self._page(ArtistAnswer, f"artist:{name}", "queryArtistOverview", "artistUnion", variables)
        top = rows.discography.top
        return self._rows(lambda offset: Rows.model_validate({}) if offset else top, limit)

    def _page(self, model: type[M], key: str, operation: str, union: str, variables: Mapping[str, object]) -> M:
        changes = operation != "getAlbum"
        answer = self.answers.one("page", key, model, lambda: self._query(model, operation, union, variables), anew=changes)
        if answer.value is None:
            raise MissingError(f"webplayer: {variables['uri']} is unknown")
        return answer.value

    def _query(self, model: type[M], operation: str, union: str, variables: Mapping[str, object]) -> M:
        sha = self.settings.spotify_webplayer_hashes.get(operation, HASHES[operation])
        answer = self.graph.ask(operation, variables, sha)
        content = (answer.data or {}).get(union)
        if not isinstance(content, dict) or content.get("__typename") == "GenericError":
            cause = answer.errors[0].message if answer.errors else "an answer without data"
            raise self.graph.failed(MalformedError(f"webplayer: {operation}: {cause}"))
        if content.get("__typename") == "NotFound":
            raise MissingError(f"webplayer: {operation}: unknown")
        return self.graph.parse(model, operation, json.dumps(content).encode())

    def _rows(self, page: Callable[[int], Rows], limit: int | None, album: Album | None = None) -> Listing:
        def asked(offset: int, _: int) -> Slice[Row | Unreadable]:
            rows = page(offset)
            return Slice(rows.items, rows.total, more=rows.total is not None)

        rows = Paged(self.name, asked)
        taken = sort_out(rows, _judged, limit)
        facts = [Facts(name, self.name, player_fields(track, album)) for name, track in taken.items.items()]
        return Listing(facts, taken.skipped, stopped=taken.stopped, not_asked=taken.not_reached(rows.total))

    def _embedded(self, link: Link, limit: int | None, cause: ProviderError) -> Listing:
        """What the item's embed page shows; the cause of the detour becomes a note."""

        def load() -> Entity:
            entity, session = self.pages.embed(f"{link.kind}/{link.id}")
            self.auth.adopt(session)
            return entity

        try:
            answer = self.answers.one("embed", str(link), Entity, load, anew=link.kind in ("playlist", "artist"))
        except ProviderError as error:
            return Listing(stopped=error)
        if answer.value is None:
            return Listing(stopped=MissingError(f"webplayer: {link} is unknown"))
        rows = [answer.value] if link.kind == "track" else answer.value.rows
        named = [(ident(row.uri, "track"), row) for row in rows][:limit]
        facts = [Facts(name, self.name, embed_fields(row), answer.stale) for name, row in named if name]
        listing = Listing(facts, notes=[f"read from the embed page, with fewer fields: {cause}"])
        if link.kind == "playlist" or (link.kind == "album" and len(rows) >= EMBEDDED_ROWS):
            listing.not_asked = 1
            listing.problems.append(
                f"webplayer: {link}: its embed page shows at most the first {EMBEDDED_ROWS} entries, so {len(facts)} are here "
                f"and the rest, if there is more, is not: {cause}"
            )
        return listing


def _judged(row: Row) -> Track | Skip:
    track = row.named
    if track is None or (track.kind not in (None, "Track") and not track.uri):
        return Skip("", "unavailable", "a row without a track: removed or not available")
    if (track.uri or "").startswith("spotify:episode:"):
        return Skip(track.name or "", "episode", "a podcast episode, not music")
    if (track.uri or "").startswith("spotify:local:"):
        return Skip(track.name or "", "local_file", "a local file of the playlist's owner: Spotify has no id for it")
    return track if track.id else Skip(track.name or "", "unavailable", "a track without an id")


def _hits(search_answer: SearchAnswer, kind: Kind) -> list[Hit]:
    if kind == "track":
        named = [(row.named.id, player_fields(row.named)) for row in readable(search_answer.tracks.items) if row.named]
        return [
            Hit(Link("track", name), str(fields["title"]), str(fields["artist"] or ""), str(fields["album"] or ""))
            for name, fields in named
            if name
        ]
    rows = {"album": search_answer.albums, "artist": search_answer.artists, "playlist": search_answer.playlists}[kind].items
    hits = [(ident(row.data.uri, kind), row.data.name or row.data.profile.name) for row in rows if row.data]
    return [Hit(Link(kind, name), title) for name, title in hits if name and title]
