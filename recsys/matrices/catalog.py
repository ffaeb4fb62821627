"""The catalogue as arrays: what the scoring and diversity kernels read.

One row per track of the snapshot, in its order; names of artists and genres as integers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from recsys.matrices import features
from recsys.matrices.arrays import Flags, Floats, Ints, Offsets
from recsys.matrices.groups import joined, labels
from recsys.matrices.tokens import NameSets, fold, name_sets, token
from recsys.names import barred_key, key, work_name
from recsys.settings import Settings
from recsys.tables import FEATURES

LEAST_SPREAD = 0.02
"""Standard deviation of a feature, as a share of its range, below which it does not fall."""


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
    rated: Flags
    """Whether the popularity is known."""
    explicit: Flags
    quality_penalty: Floats
    boost: Floats
    """Commercial boost where discovery is allowed, else 0."""
    artist_sets: NameSets
    """Artists that shape preferences."""
    genre_sets: NameSets
    excludable_artists: NameSets
    """Artists as exclusions name them."""
    excludable_genres: NameSets
    """Genres as exclusions name them."""
    artist_fold: Ints
    """Artist credit under case folding, as diversity compares it; -1 when empty."""
    works: Ints
    """Work of each track, equal for all versions of one song, of which a list shows one; -1 when unknown."""
    main: Ints | None
    """Row of the main release of each track's song; none where every id is a song of its own."""
    exclusions: str
    titles: pl.Series
    """Title of each track, its id where it has none."""
    artist_names: pl.Series
    """Each artist of ``artist_sets``, as the catalogue first spells it."""

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Track id → row; of two records with one id the last."""
        return {track: row for row, track in enumerate(self.ids)}

    @cached_property
    def canonical(self) -> Ints:
        """(tracks,) the row that stands for the track: its song's main release, or of an id that occurs twice the last row."""
        if self.main is not None:
            return self.main
        return np.array([self.row_of[track] for track in self.ids], dtype=np.int32)

    def releases(self, track: str) -> list[str]:
        """Ids of the releases of a track's song, the track itself among them."""
        row = self.row_of.get(track)
        if row is None or self.main is None:
            return [track]
        return [self.ids[other] for other in np.flatnonzero(self.main == self.main[row])]

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

    @cached_property
    def work_members(self) -> csr_array:
        """(tracks, works): versions of a song together, a track of no known work alone."""
        of = np.where(self.works >= 0, self.works, self.works.max(initial=-1) + 1 + np.arange(len(self.ids)))
        shape = (len(self.ids), int(of.max(initial=-1)) + 1)
        return csr_array((np.ones(len(of)), of.astype(np.int32), np.arange(len(of) + 1)), shape=shape)

    @cached_property
    def artists_of(self) -> tuple[Offsets, Ints]:
        """Distinct artists of each track, ascending: bounds (tracks + 1,) and artists."""
        return self.artist_sets.per_track()

    @cached_property
    def genres_of(self) -> Ints:
        """(tracks, most genres of one) genres of each track, filled up with the number of genres."""
        members = self.genre_members
        lengths = np.diff(members.indptr)
        out = np.full((len(self.ids), int(lengths.max(initial=0))), len(self.genre_sets.names), np.int32)
        row = np.repeat(np.arange(len(lengths)), lengths)
        out[row, np.arange(len(row)) - np.repeat(members.indptr[:-1], lengths)] = members.indices
        return out

    @cached_property
    def genre_names(self) -> pl.Series:
        return pl.Series(list(self.genre_sets.names), dtype=pl.String)

    @cached_property
    def spreads(self) -> Floats:
        """(12,) standard deviation of each feature over the tracks with audio, in raw units; at least a fiftieth of its range."""
        known = self.raw[self.audio]
        spread = known.std(axis=0) if len(known) else np.zeros(len(FEATURES))
        return np.asarray(np.maximum(spread, LEAST_SPREAD * (self.space.high - self.space.low)))

    @cached_property
    def deviations(self) -> Floats:
        """(tracks, 12) features in standard deviations from the mean, 0 for tracks without audio."""
        mean = self.raw[self.audio].mean(axis=0) if self.audio.any() else np.zeros(len(FEATURES))
        return np.where(self.audio[:, None], (self.raw - mean) / self.spreads, 0.0)

    def artist_key(self, name: str) -> str:
        return barred_key(name) if self.exclusions == "token" else name

    def name_key(self, name: str) -> str:
        """The name as `artist_sets` and `genre_sets` know it."""
        return key(name) if self.exclusions == "token" else token(name)

    def genre_key(self, name: str) -> str:
        return barred_key(name) if self.exclusions == "token" else fold(name)


def build_catalog(tracks: pl.DataFrame, settings: Settings, songs: pl.DataFrame | None = None) -> Catalog:
    """Arrays of the snapshot's table ``tracks``. Absent numbers are 0, absent flags false. ``songs``: that table, or none."""
    raw = tracks.select(pl.col(FEATURES).fill_null(0.0)).to_numpy().astype(np.float64, order="C")
    audio = features.has_audio(raw)
    numbers = tracks.select(pl.col("popularity", "quality_penalty", "commercial_boost").fill_null(0.0))
    flags = tracks.select(pl.col("explicit", "discovery_allowed").fill_null(value=False))
    artists = tracks["artist"].fill_null("").to_list()
    genres = tracks["genres"].to_list()
    by_token = settings.exclusions == "token"
    parsed, compared = settings.credited_artists == "parsed", key if by_token else token
    named = _names(tracks) if by_token else [[artist] for artist in artists]
    credited = [listed or name for listed, name in zip(tracks["artists"].to_list(), named, strict=True)] if parsed else named
    artist_sets = name_sets(credited, compared)
    main = _main_releases(tracks["id"], songs) if songs is not None and settings.song_identity == "song" else None
    folds = {artist: fold(artist) for artist in set(artists)}
    return Catalog(
        ids=tracks["id"].to_list(),
        raw=raw,
        audio=audio,
        space=features.space(raw, audio),
        popularity=numbers["popularity"].to_numpy(),
        rated=tracks["popularity"].is_not_null().to_numpy(),
        explicit=flags["explicit"].to_numpy(),
        quality_penalty=numbers["quality_penalty"].to_numpy(),
        boost=numbers["commercial_boost"].to_numpy() * flags["discovery_allowed"].to_numpy(),
        artist_sets=artist_sets,
        genre_sets=name_sets(genres, compared),
        excludable_artists=name_sets(named, barred_key if by_token else str, blank=not by_token),
        excludable_genres=name_sets(genres, barred_key if by_token else fold, blank=not by_token),
        artist_fold=_codes([folds[artist] or None for artist in artists]),
        works=_works(tracks, main) if settings.one_version_per_song else _codes(tracks["song_key"].to_list()),
        main=main,
        exclusions=settings.exclusions,
        titles=tracks.select(pl.coalesce("title", "id")).to_series(),
        artist_names=pl.Series(_spelled(credited, artist_sets, compared), dtype=pl.String),
    )


def _spelled(credited: list[list[str]], artists: NameSets, compared: Callable[[str], str]) -> list[str]:
    """The first spelling of every name."""
    first: dict[str, str] = {}
    for names in credited:
        for name in names:
            first.setdefault(compared(name), name.strip())
    return [first[name] for name in artists.names]


def _main_releases(ids: pl.Series, songs: pl.DataFrame) -> Ints:
    """Row of the main release of each track's song."""
    rows = pl.DataFrame({"song": ids}).with_row_index("main").unique("song", keep="last")
    of = pl.DataFrame({"track_id": ids}).join(songs, on="track_id", how="left", maintain_order="left")
    return of.join(rows, on="song", how="left", maintain_order="left")["main"].to_numpy().astype(np.int32)


def _names(tracks: pl.DataFrame) -> list[list[str]]:
    """Every name that a track can be excluded by: ``artists`` and the one string of ``artist``."""
    names = tracks.select(
        pl.concat_list(pl.col("artists").fill_null([]), pl.col("artist").fill_null("")).list.unique(maintain_order=True)
    )
    return names.to_series().to_list()


def _works(tracks: pl.DataFrame, main: Ints | None) -> Ints:
    """Work of each track: one for all releases of a song and for all versions of a title by one artist."""
    artist = pl.select(pl.coalesce(tracks["artists"].list.first(), tracks["artist"])).to_series()
    name = pl.Series(map(work_name, artist, tracks["title"]), dtype=pl.String)
    song = tracks["song_key"] if main is None else pl.Series(main)
    return joined([labels(name), labels(song)], tracks.height).astype(np.int32)


def _codes(keys: list[str | None]) -> Ints:
    """Equal keys get equal numbers ≥ 0, in the order of the keys; none gets -1."""
    numbers = {name: number for number, name in enumerate(sorted({name for name in keys if name}))}
    return np.array([numbers[name] if name else -1 for name in keys], dtype=np.int32)
