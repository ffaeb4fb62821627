"""What Spotify's Web API answers, as far as it is used, and the facts in it.

Everything is optional where any kind of app has been seen to leave it out: apps in development mode get no ``popularity``,
playlists name their entries ``item``, ``track`` or both, local files have no ids, entries can be null.
"""

from __future__ import annotations

import re
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, FiniteFloat

from recsys.providers.lenient import Lenient
from recsys.tables import FEATURES

T = TypeVar("T")
DATE = re.compile(r"[1-9]\d{3}(-\d{2}(-\d{2})?)?")


class Artist(BaseModel):
    id: str | None = None
    name: str | None = None


class Album(BaseModel):
    id: str | None = None
    name: str | None = None
    release_date: str | None = None
    artists: list[Artist] = Field(default_factory=list)


class ExternalIds(BaseModel):
    isrc: str | None = None


class Track(BaseModel):
    """A track, full or simplified (inside an album: no ISRC, no popularity)."""

    id: str | None = None
    type: str | None = None
    name: str | None = None
    artists: list[Artist] | None = None
    album: Album | None = None
    duration_ms: FiniteFloat | None = None
    explicit: bool | None = None
    popularity: FiniteFloat | None = None
    external_ids: ExternalIds | None = None
    is_local: bool | None = None
    is_playable: bool | None = None


class Page(BaseModel, Generic[T]):
    """One page of a list. ``next`` is looked at, never followed."""

    items: Lenient[T] = Field(default_factory=list)
    next: str | None = None
    total: int | None = None


class Entry(BaseModel):
    """One entry of a playlist or library."""

    is_local: bool | None = None
    added_at: str | None = None
    played_at: str | None = None
    item: Track | None = None
    track: Track | None = None

    @property
    def named(self) -> Track | None:
        return self.item or self.track


class Playlist(BaseModel):
    snapshot_id: str | None = None


class FullAlbum(Album):
    tracks: Page[Track] = Field(default_factory=Page[Track])


class TracksAnswer(BaseModel):
    tracks: Lenient[Track | None]


class SearchPage(BaseModel):
    """Search results."""

    tracks: Page[Track | None] | None = None
    albums: Page[Album | None] | None = None
    artists: Page[Artist | None] | None = None
    playlists: Page[Album | None] | None = None


class Features(BaseModel):
    """Audio features of one track; ``id`` None = unknown."""

    id: str | None = None
    danceability: FiniteFloat | None = None
    energy: FiniteFloat | None = None
    loudness: FiniteFloat | None = None
    speechiness: FiniteFloat | None = None
    acousticness: FiniteFloat | None = None
    instrumentalness: FiniteFloat | None = None
    liveness: FiniteFloat | None = None
    valence: FiniteFloat | None = None
    tempo: FiniteFloat | None = None
    time_signature: FiniteFloat | None = None
    key: FiniteFloat | None = None
    mode: FiniteFloat | None = None


class FeatureList(BaseModel):
    audio_features: Lenient[Features | None]


def track_fields(track: Track, album: Album | None = None) -> dict[str, object]:
    """Columns of ``tracks`` that the answer fills. Popularity 0–100 becomes 0–1; a length of 0 is unknown."""
    album = track.album or album or Album()
    names = [artist.name for artist in track.artists or [] if artist.name]
    return {
        "title": track.name or None,
        "artist": ", ".join(names) or None,
        "artists": names or None,
        "album": album.name or None,
        "release_date": release_date(album.release_date),
        "duration_ms": int(track.duration_ms) if track.duration_ms else None,
        "explicit": track.explicit,
        "popularity": None if track.popularity is None else min(max(track.popularity / 100, 0.0), 1.0),
        "isrc": isrc(track.external_ids.isrc if track.external_ids else None),
        "spotify_id": track.id,
    }


def feature_fields(features: Features) -> dict[str, object]:
    return {name: getattr(features, name) for name in FEATURES}


def release_date(text: str | None) -> str | None:
    """YYYY, YYYY-MM or YYYY-MM-DD; None for anything else, such as the year 0000 of taken-down albums."""
    return text if text and DATE.fullmatch(text) else None


def isrc(text: str | None) -> str | None:
    """An ISRC in capitals without hyphens; None when it is none.

    >>> isrc("us-qx9-13-00108")
    'USQX91300108'
    """
    code = re.sub(r"[^0-9A-Za-z]", "", text or "").upper()
    return code if re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", code) else None
