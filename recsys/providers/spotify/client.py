"""Spotify's Web API as a catalogue, with whatever the configured app is allowed to use.

What an app may use differs by its age and kind and is not announced by the API, so it is learned: an endpoint that answers
403 or 404 as a whole is remembered per app for a week, and the next-best way is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.answers import Answers, Harvest, Load, listed
from recsys.providers.cache import REFUSAL_SECONDS
from recsys.providers.errors import (
    ClosedEndpointError,
    ForbiddenError,
    MalformedError,
    MissingError,
    UnauthorizedError,
    UnavailableError,
)
from recsys.providers.facts import Action, Facts, Hit, Listing, Skip
from recsys.providers.http import Service
from recsys.providers.lenient import Unreadable, readable
from recsys.providers.paging import Sorted
from recsys.providers.reply import Reply
from recsys.providers.spotify import library
from recsys.providers.spotify.answers import (
    Album,
    Artist,
    Entry,
    FeatureList,
    Features,
    FullAlbum,
    Playlist,
    Track,
    TracksAnswer,
    feature_fields,
    track_fields,
)
from recsys.providers.spotify.auth import SpotifyAuth
from recsys.providers.spotify.links import Kind, Link
from recsys.providers.spotify.lists import TrackLists, entry, noted, take

_BATCH = 50
"""Tracks in one `GET /tracks?ids=`."""
FEATURE_BATCH = 100
_ARTIST_TRACKS = 50
"""Tracks of an artist that a search stands in for, where the app may not ask for the top tracks."""
_MODES = {"bearer": "with your token", "user": "logged in", "client": "as your app", "none": "without credentials"}
"""Kind of credentials → how they are called where a person reads it."""


class WebApi(Service):
    """The Web API, with Spotify's own words for refusing everything at once."""

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        message = reply.error.get("message", "")
        if reply.status == 403 and "premium" in message.lower():
            return self.block("*", 3600, "the owner of this Spotify app needs Premium; it can take hours after subscribing")
        if reply.status == 403 and "registered" in message.lower():
            return UnauthorizedError("spotify: your account is not on this app's user list; add it in the app's dashboard")
        return super().refusal(path, family, reply)


class Spotify:
    """Catalogue over the Web API. Ids in and out are the requested ones: with a market the API may answer with another id."""

    name = "spotify"

    @property
    def access(self) -> str:
        return f"Spotify's Web API, {_MODES[self.auth.mode]}"

    def __init__(self, access: Access) -> None:
        self.settings = access.settings
        self.auth = SpotifyAuth(access)
        self.api = WebApi(access, self.name, self.settings.spotify_api_url, auth=self.auth)
        self.answers = Answers(access.cache, self.name, access.refresh)
        self._cache = access.cache
        self._market: dict[str, str] = {"market": self.settings.spotify_market} if self.settings.spotify_market else {}
        self.lists = TrackLists(self.api, self.answers, self.auth.identity, self._market)

    def read(self, link: Link, limit: int | None = None) -> Listing:
        readers: dict[Kind, Callable[[str, int | None], Listing]] = {
            "track": lambda name, _: self.tracks([name]),
            "album": self._album,
            "playlist": self._playlist,
            "artist": self._artist,
            "me": self._library,
        }
        self.lists.stale, self.lists.total = False, None
        try:
            return readers[link.kind](link.id, limit)
        except ProviderError as error:
            return Listing(stopped=error)

    def search(self, query: str, kinds: Sequence[Kind], limit: int) -> list[Hit]:
        """Best results first, at most ``limit`` (and 1,000) per kind; pages of 10, the most that every app may ask for."""
        items = ((kind, item) for kind in kinds for item in self.lists.results(query, kind, limit))
        return [_hit(kind, item, item.id, item.name) for kind, item in items if item.id and item.name]

    def tracks(self, ids: Sequence[str]) -> Listing:
        """Facts about tracks by id: 50 a call where the app may, else one a call on several threads."""
        load: Load[Track] = self._single
        size, workers = 1, self.settings.spotify_workers
        if self._allowed("tracks?ids") and len(ids) > 1:
            load, size, workers = self._batch, _BATCH, 1
        keys = {name: self._key(name) for name in ids}
        harvest = self.answers.many("track", list(keys.values()), Track, load, size=size, workers=workers)
        if isinstance(harvest.stopped, ForbiddenError) and size > 1 and not self._allowed("tracks?ids"):
            return self.tracks(ids)
        return self._listing(keys, harvest)

    def features(self, ids: Sequence[str]) -> dict[str, Features]:
        """Audio features by id; empty for the many apps that may not ask for them."""
        if not self._allowed("audio-features"):
            return {}
        harvest = self.answers.many("features", list(ids), Features, self._features, size=FEATURE_BATCH)
        return {name: value for name, value, _ in harvest.known()}

    def _listing(self, keys: Mapping[str, str], harvest: Harvest[Track]) -> Listing:
        known = {key.partition("@")[0] for key, _, _ in harvest.known()}
        features = self.features(sorted(known)) if known else {}

        def about(name: str, track: Track, stale: bool) -> Facts | Skip:
            if track.is_playable is False and self.settings.spotify_unplayable == "leave out":
                return Skip(name, "unavailable", f"{track.name}: Spotify marks it as not playable in this market")
            measured = feature_fields(features[name]) if name in features else {}
            return Facts(name, self.name, {**track_fields(track), **measured}, stale)

        listing = listed(keys, harvest, about, "Spotify does not know this track")
        if known and not features:
            listing.notes.append("audio features: not available to this Spotify app; `recsys enrich audio` can fill them")
        return listing

    def _single(self, keys: Sequence[str]) -> dict[str, Track]:
        name = keys[0].partition("@")[0]
        track = self.api.get(Track, f"/tracks/{name}", self._market)
        if not track.id:
            raise MalformedError(f"spotify: /tracks/{name}: an answer that is no track")
        return {keys[0]: track}

    def _batch(self, keys: Sequence[str]) -> dict[str, Track | ProviderError]:
        names = [key.partition("@")[0] for key in keys]
        with self._learning("tracks?ids"):
            answer = self.api.get(TracksAnswer, "/tracks", {"ids": ",".join(names), **self._market})
        if len(answer.tracks) != len(keys):
            raise MalformedError(f"spotify: /tracks: {len(answer.tracks)} answers to {len(keys)} ids")
        return {key: _track(key, track) for key, track in zip(keys, answer.tracks, strict=True) if track is not None}

    def _features(self, keys: Sequence[str]) -> dict[str, Features]:
        with self._learning("audio-features"):
            answer = self.api.get(FeatureList, "/audio-features", {"ids": ",".join(keys)})
        return {item.id: item for item in readable(answer.audio_features) if item and item.id}

    def _album(self, name: str, limit: int | None) -> Listing:
        path = f"/albums/{name}"
        album = self.answers.one("album", self._key(name), FullAlbum, lambda: self.api.get(FullAlbum, path, self._market))
        if album.value is None:
            raise MissingError(f"spotify: album {name} is unknown")
        first = album.value.tracks
        rest = self.lists.tracks(f"{path}/tracks", start=len(first.items)) if first.next else ()
        taken = take(map(entry, chain(first.items, rest)), limit)
        return self._completed(taken, album.value)

    def _completed(self, taken: Sorted[Track], album: Album) -> Listing:
        """Tracks of an album lack ISRC and popularity: asks for each in full, and keeps the short form of those it cannot get."""
        full = self.tracks(list(taken.items))
        known = {facts.id: facts for facts in full.facts}
        short = {name: Facts(name, self.name, track_fields(track, album)) for name, track in taken.items.items()}
        listing = Listing(facts=[known.get(name, short[name]) for name in taken.items], skipped=taken.skipped, notes=full.notes)
        self._cut(listing, taken)
        listing.stopped = listing.stopped or full.stopped
        return listing

    def _playlist(self, name: str, limit: int | None) -> Listing:
        version = self._snapshot(name)
        try:
            return self.listing(self.lists.entries(f"/playlists/{name}/items", filtered=True, version=version), limit)
        except ForbiddenError as error:
            raise ForbiddenError(
                f"spotify: playlist {name}: Spotify shows its tracks only to its owner and collaborators; "
                "log in as one of them with: recsys providers login",
                error.reason,
            ) from None

    def _snapshot(self, name: str) -> str | None:
        """Which state of the playlist there is now; None when Spotify does not say, and its pages must be asked for anyway."""
        path = f"/playlists/{name}"
        try:
            answer = self.answers.one(
                "snapshot", name, Playlist, lambda: self.api.get(Playlist, path, {"fields": "snapshot_id"}), anew=True
            )
        except (ForbiddenError, MalformedError, UnavailableError):
            return None
        self.lists.stale |= answer.stale
        return answer.value.snapshot_id if answer.value else None

    def _library(self, part: str, limit: int | None) -> Listing:
        if self.auth.mode == "client":
            raise MissingError("spotify: your library needs a login: recsys providers login")
        return library.read(self, part, limit)

    def listing(self, entries: Iterator[Entry | Unreadable], limit: int | None) -> Listing:
        """The tracks of a list, with the moment of each entry."""
        actions: list[Action] = []
        taken = take(noted(entries, actions), limit)
        for name, track in taken.items.items() if not self.lists.stale else ():
            self._cache.put(self.name, "track", self._key(name), track)
        listing = self.tracks(list(taken.items))
        listing.skipped += taken.skipped
        there = {facts.id for facts in listing.facts}
        listing.actions = [action for action in actions if action.track in there]
        if self.lists.stale:
            listing.problems.append("spotify: the list is as it was when it was read last, because Spotify failed")
        self._cut(listing, taken)
        return listing

    def _cut(self, listing: Listing, taken: Sorted[Track]) -> None:
        """Count the entries of a list that ended early."""
        if taken.stopped is not None:
            listing.stopped = taken.stopped
            listing.not_asked += taken.not_reached(self.lists.total)

    def _artist(self, name: str, limit: int | None) -> Listing:
        if self._allowed("artists/top-tracks"):
            with suppress(ForbiddenError):
                return self._top_tracks(name, limit)
        artist = self.answers.one("artist", name, Artist, lambda: self.api.get(Artist, f"/artists/{name}"))
        if artist.value is None or not artist.value.name:
            raise MissingError(f"spotify: artist {name} is unknown")
        hits = self.lists.results(f'artist:"{artist.value.name}"', "track", limit or _ARTIST_TRACKS)
        own = (track for track in hits if isinstance(track, Track) and any(one.id == name for one in track.artists or []))
        listing = self.listing((Entry(track=track) for track in own), limit)
        listing.notes.append("top tracks: not available to this Spotify app; a search for the artist was used")
        return listing

    def _top_tracks(self, name: str, limit: int | None) -> Listing:
        def load() -> TracksAnswer:
            with self._learning("artists/top-tracks"):
                return self.api.get(TracksAnswer, f"/artists/{name}/top-tracks", self._market)

        top = self.answers.one("artist-top", self._key(name), TracksAnswer, load, anew=True).value
        if top is None:
            raise MissingError(f"spotify: artist {name} is unknown")
        return self.listing(map(entry, top.tracks), limit)

    def _key(self, name: str) -> str:
        return f"{name}@{self._market.get('market', '')}"

    def _allowed(self, endpoint: str) -> bool:
        at = self._cache.state(self.name).refused.get(f"{self.auth.identity}:{endpoint}", 0.0)
        return at + REFUSAL_SECONDS <= self._cache.clock()

    @contextmanager
    def _learning(self, endpoint: str) -> Iterator[None]:
        """Remembers that this app may not use ``endpoint`` when the block is answered with 403, or with 404 for all its ids.

        A refusal that names another cause, such as a missing scope, says nothing about the endpoint.
        """
        try:
            yield
        except (ForbiddenError, MissingError) as error:
            about_one_item = isinstance(error, MissingError) and endpoint == "artists/top-tracks"
            named = isinstance(error, ForbiddenError) and error.reason.strip().lower() not in ("", "forbidden")
            if about_one_item or named:
                raise
            with self._cache.changing(self.name) as state:
                state.refused[f"{self.auth.identity}:{endpoint}"] = self._cache.clock()
            raise ClosedEndpointError(f"spotify: {endpoint}: not available to this app") from None


def _track(key: str, track: Track | Unreadable) -> Track | ProviderError:
    if isinstance(track, Unreadable) or not track.id:
        return MalformedError(f"spotify: /tracks: an answer in an unknown form for {key.partition('@')[0]}")
    return track


def _hit(kind: Kind, item: Track | Album | Artist, name: str, title: str) -> Hit:
    artists = [] if isinstance(item, Artist) else item.artists or []
    album = item.album.name if isinstance(item, Track) and item.album else None
    return Hit(Link(kind, name), title, ", ".join(artist.name for artist in artists if artist.name), album or "")
