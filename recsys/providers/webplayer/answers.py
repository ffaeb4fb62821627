"""What the web player's GraphQL and embed pages answer, as far as it is used, and the facts in it.

No answer holds an ISRC or audio features. A track's first artist and the others come in separate lists; a playlist wraps its
tracks; lengths are ``duration`` or ``trackDuration``.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, Field

from recsys.providers.errors import MalformedError, MissingError
from recsys.providers.lenient import Lenient
from recsys.providers.spotify.answers import release_date


class Profile(BaseModel):
    name: str | None = None


class _Artist(BaseModel):
    profile: Profile = Field(default_factory=Profile)
    uri: str | None = None


class _Artists(BaseModel):
    items: list[_Artist] = Field(default_factory=list)


class Date(BaseModel):
    iso: str | None = Field(None, alias="isoString")
    precision: str | None = None
    year: int | None = None

    @property
    def text(self) -> str | None:
        """YYYY, YYYY-MM or YYYY-MM-DD, as exact as ``precision`` says."""
        if self.iso:
            return release_date(self.iso[: {"YEAR": 4, "MONTH": 7}.get(self.precision or "", 10)])
        return release_date(str(self.year)) if self.year else None


class Album(BaseModel):
    name: str | None = None
    uri: str | None = None
    date: Date | None = None
    artists: _Artists | None = None


class Duration(BaseModel):
    milliseconds: int | None = Field(None, alias="totalMilliseconds")


class Rating(BaseModel):
    label: str | None = None


class Track(BaseModel):
    kind: str | None = Field(None, alias="__typename")
    name: str | None = None
    uri: str | None = None
    album: Album | None = Field(None, alias="albumOfTrack")
    artists: _Artists | None = None
    first_artist: _Artists | None = Field(None, alias="firstArtist")
    other_artists: _Artists | None = Field(None, alias="otherArtists")
    duration: Duration | None = None
    track_duration: Duration | None = Field(None, alias="trackDuration")
    rating: Rating | None = Field(None, alias="contentRating")

    @property
    def id(self) -> str | None:
        return ident(self.uri, "track")


class Wrapped(BaseModel):
    """A track, album or artist inside its wrapper."""

    data: Track | None = None


class Row(BaseModel):
    """One row of an album (``track``), a playlist (``itemV2``) or a search (``item``)."""

    track: Track | None = None
    item: Wrapped | None = None
    wrapped: Wrapped | None = Field(None, alias="itemV2")

    @property
    def named(self) -> Track | None:
        entity = self.wrapped or self.item
        return self.track or (entity.data if entity else None)


class Rows(BaseModel):
    items: Lenient[Row] = Field(default_factory=list)
    total: int | None = Field(None, alias="totalCount")


class AlbumAnswer(Album):
    rows: Rows = Field(default_factory=Rows, alias="tracksV2")


class PlaylistAnswer(BaseModel):
    kind: str | None = Field(None, alias="__typename")
    rows: Rows | None = Field(None, alias="content")


class TopTracks(BaseModel):
    top: Rows = Field(default_factory=Rows, alias="topTracks")


class ArtistAnswer(BaseModel):
    discography: TopTracks = Field(default_factory=TopTracks)


class NamedEntity(BaseModel):
    """An album or playlist by ``name``, an artist by ``profile``."""

    uri: str | None = None
    name: str | None = None
    profile: Profile = Field(default_factory=Profile)


class EntityRow(BaseModel):
    """One album, artist or playlist of a search."""

    data: NamedEntity | None = None


class Entities(BaseModel):
    items: list[EntityRow] = Field(default_factory=list)


class SearchAnswer(BaseModel):
    tracks: Rows = Field(default_factory=Rows, alias="tracksV2")
    albums: Entities = Field(default_factory=Entities, alias="albumsV2")
    artists: Entities = Field(default_factory=Entities)
    playlists: Entities = Field(default_factory=Entities)


class EmbedRow(BaseModel):
    uri: str | None = None
    title: str | None = None
    subtitle: str | None = None
    duration: int | None = None
    explicit: bool | None = Field(None, alias="isExplicit")


class Entity(EmbedRow):
    """What an embed page shows: a track, or a list of rows."""

    artists: list[Profile] = Field(default_factory=list)
    released: Date | None = Field(None, alias="releaseDate")
    rows: list[EmbedRow] = Field(default_factory=list, alias="trackList")


class Session(BaseModel):
    token: str | None = Field(None, alias="accessToken")
    ends: float | None = Field(None, alias="accessTokenExpirationTimestampMs")


def player_fields(track: Track, album: Album | None = None) -> dict[str, object]:
    album = track.album or album or Album.model_validate({})
    groups = (track.artists, track.first_artist, track.other_artists)
    names = [one.profile.name for group in groups if group for one in group.items if one.profile.name]
    length = track.duration or track.track_duration
    return {
        "title": track.name or None,
        "artist": ", ".join(names) or None,
        "artists": names or None,
        "album": album.name or None,
        "release_date": album.date.text if album.date else None,
        "duration_ms": (length.milliseconds if length else None) or None,
        "explicit": None if track.rating is None else track.rating.label == "EXPLICIT",
        "spotify_id": track.id,
    }


def embed_fields(row: EmbedRow) -> dict[str, object]:
    """Fields of one embed row; ``subtitle`` names the artists of a list's row in one string, with wide spaces."""
    named = [one.name for one in row.artists if one.name] if isinstance(row, Entity) else []
    artist = ", ".join(named) or " ".join((row.subtitle or "").split())
    return {
        "title": row.title or None,
        "artist": artist or None,
        "artists": named or None,
        "release_date": row.released.text if isinstance(row, Entity) and row.released else None,
        "duration_ms": row.duration or None,
        "explicit": row.explicit,
        "spotify_id": ident(row.uri, "track"),
    }


def ident(uri: str | None, kind: str) -> str | None:
    """The id in ``spotify:KIND:ID``; None for another kind, a local file or nothing."""
    match = re.fullmatch(rf"spotify:{kind}:([0-9A-Za-z]{{22}})", uri or "")
    return match[1] if match else None


_NEXT_DATA = re.compile(rb'<script id="__NEXT_DATA__" type="application/json"[^>]*>(.*?)</script>', re.DOTALL)


class _State(BaseModel):
    data: dict[str, Any] | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class _PageProps(BaseModel):
    state: _State | None = None


class _Props(BaseModel):
    props: dict[str, _PageProps | Any]


def embedded(page: bytes) -> tuple[Entity, Session]:
    """Entity and session of an embed page. Raises :class:`MissingError` for a page without an entity."""
    match = _NEXT_DATA.search(page)
    if match is None:
        raise MalformedError("webplayer: the embed page has changed: no data in it")
    state = _PageProps.model_validate(_Props.model_validate_json(match[1]).props.get("pageProps", {})).state
    if state is None or state.data is None or not state.data.get("entity"):
        raise MissingError("webplayer: the embed page names nothing")
    return Entity.model_validate(state.data["entity"]), Session.model_validate(state.settings.get("session") or {})
