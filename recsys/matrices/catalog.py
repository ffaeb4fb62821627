"""The catalogue as arrays: what the scoring and diversity kernels read.

One row per track of the snapshot, in its order; names of artists and genres as integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from recsys.matrices import features
from recsys.matrices.arrays import Flags, Floats, Ints
from recsys.matrices.tokens import NameSets, fold, name_sets, token
from recsys.settings import Settings
from recsys.tables import FEATURES


@dataclass(frozen=True)
class Catalog:
    """Arrays over the snapshot's tracks; every array has one row per track."""

    ids: list[str]
    raw: Floats
    """(tracks, 12) features in their own units, absent = 0."""
    audio: Flags
    space: features.Space
    popularity: Floats
    """As given, absent = 0."""
    explicit: Flags
    quality_penalty: Floats
    boost: Floats
    """Commercial boost where discovery is allowed, else 0."""
    artist_sets: NameSets
    """Artists that shape preferences: credits by token."""
    genre_sets: NameSets
    """Genres by token."""
    excludable_artists: NameSets
    """Artists as exclusions name them."""
    excludable_genres: NameSets
    """Genres as exclusions name them."""
    artist_fold: Ints
    """Artist credit under case folding, as diversity compares it; -1 when empty."""
    songs: Ints
    """Song of each track, equal for releases of the same song; -1 when unknown."""
    exclusions: str

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Track id → row; of two records with one id the last."""
        return {track: row for row, track in enumerate(self.ids)}

    @cached_property
    def canonical(self) -> Ints:
        """(tracks,) the row that look-ups of the track's id find: its own, but for an id that occurs twice."""
        return np.array([self.row_of[track] for track in self.ids], dtype=np.int32)

    @cached_property
    def normalized(self) -> Floats:
        return self.space.normalize(self.raw)

    @cached_property
    def sound(self) -> Floats:
        """(tracks, 12) normalised features, 0 for tracks without audio."""
        return self.normalized * self.audio[:, None]

    @cached_property
    def unit(self) -> Floats:
        return features.unit(self.normalized)

    @cached_property
    def centroid(self) -> Floats:
        return features.centroid(self.normalized, self.audio)

    @cached_property
    def artist_members(self) -> csr_array:
        """(tracks, artists) of ``artist_sets``."""
        return self.artist_sets.matrix()

    @cached_property
    def genre_members(self) -> csr_array:
        """(tracks, genres) of ``genre_sets``."""
        return self.genre_sets.matrix()

    def artist_key(self, name: str) -> str:
        return token(name) if self.exclusions == "token" else name

    def genre_key(self, name: str) -> str:
        return token(name) if self.exclusions == "token" else fold(name)


def build_catalog(tracks: pl.DataFrame, settings: Settings) -> Catalog:
    """Arrays of the snapshot's table ``tracks``. Absent numbers are 0, absent flags false."""
    raw = tracks.select(pl.col(FEATURES).fill_null(0.0)).to_numpy().astype(np.float64, order="C")
    audio = features.has_audio(raw)
    numbers = tracks.select(pl.col("popularity", "quality_penalty", "commercial_boost").fill_null(0.0))
    flags = tracks.select(pl.col("explicit", "discovery_allowed").fill_null(value=False))
    artists = tracks["artist"].fill_null("").to_list()
    genres = tracks["genres"].to_list()
    by_token = settings.exclusions == "token"
    credited = _credits(tracks) if by_token else [[artist] for artist in artists]
    artist_sets = name_sets(credited, token)
    folds = {artist: fold(artist) for artist in set(artists)}
    return Catalog(
        ids=tracks["id"].to_list(),
        raw=raw,
        audio=audio,
        space=features.space(raw, audio),
        popularity=numbers["popularity"].to_numpy(),
        explicit=flags["explicit"].to_numpy(),
        quality_penalty=numbers["quality_penalty"].to_numpy(),
        boost=numbers["commercial_boost"].to_numpy() * flags["discovery_allowed"].to_numpy(),
        artist_sets=artist_sets,
        genre_sets=name_sets(genres, token),
        excludable_artists=artist_sets if by_token else name_sets(credited, str, blank=True),
        excludable_genres=name_sets(genres, token if by_token else fold, blank=not by_token),
        artist_fold=_codes([folds[artist] or None for artist in artists]),
        songs=_codes(tracks["song_key"].to_list()),
        exclusions=settings.exclusions,
    )


def _credits(tracks: pl.DataFrame) -> list[list[str]]:
    """Every credited artist of a track: ``artists`` and the one string of ``artist``."""
    names = tracks.select(
        pl.concat_list(pl.col("artists").fill_null([]), pl.col("artist").fill_null("")).list.unique(maintain_order=True)
    )
    return names.to_series().to_list()


def _codes(keys: list[str | None]) -> Ints:
    """Equal keys get equal numbers ≥ 0, in the order of the keys; none gets -1."""
    numbers = {key: number for number, key in enumerate(sorted({key for key in keys if key}))}
    return np.array([numbers[key] if key else -1 for key in keys], dtype=np.int32)
