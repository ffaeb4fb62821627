"""The data contract: every column of every table, written once.

Input tables (``events``, ``tracks``, ``controls``, ``requests``) keep the column names of the scoring rules; output
tables are what a run publishes. Arrow schemas, validation, the documentation table and the DuckDB column comments all
derive from :data:`TABLES`. Times are UTC with microseconds; strings are compared exactly unless a meaning says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl
import pyarrow as pa

from recsys.errors import InputError
from recsys.ids import normalise

FEATURES = (
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "time_signature",
    "key",
    "mode",
)
"""The 12 audio features in their fixed order; every 12-wide vector in the project uses it."""

STAGES = ("ingest", "snapshot", "ratings", "profiles", "neighbors", "candidates", "rankings", "checks", "publish")
"""The stages of a night in order, one word each, wherever a stage is named."""

PARTS = ("content", "collaborative", "popularity", "exploration", "familiarity", "target")
"""The parts of a score."""
FITS = dict(zip(PARTS, ("content_fit", "collaborative", "popularity_fit", *PARTS[3:]), strict=True))
"""Part → the column of `candidates` and `rankings` that says how well a track fits in it."""

EVENT_TYPES = ("play", "skip", "like", "dislike", "save", "hide")

UTC = pl.Datetime("us", "UTC")
STRINGS = pl.List(pl.String())
VECTOR = pl.Array(pl.Float64(), len(FEATURES))
MATCHES = pl.Array(pl.Float32(), len(FEATURES))
TARGETS = pl.Struct({name: pl.Float64() for name in FEATURES})
BECAUSE = pl.List(pl.Struct({"track_id": pl.String(), "share": pl.Float64()}))
RANGES = pl.Struct({name: pl.List(pl.Float64()) for name in FEATURES})
POSTPONED = pl.List(pl.Struct({"track_id": pl.String(), "until": UTC}))
STRENGTHS = pl.List(pl.Struct({"name": pl.String(), "strength": pl.Float64()}))

_Kind = Literal["input", "output"]


@dataclass(frozen=True)
class Column:
    """One column: its type, whether null is allowed, its unit, its inclusive range, and what it means."""

    name: str
    dtype: pl.DataType
    meaning: str
    unit: str = ""
    null: bool = False
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    ids: str = ""
    """Kind of id, of which :mod:`recsys.ids` knows the one spelling; empty = none."""

    @property
    def range(self) -> str:
        """The allowed values in words, empty when every value of the type is allowed."""
        if self.allowed:
            return " ".join(self.allowed)
        if self.low is None and self.high is None:
            return ""
        low, high = ("" if bound is None else f"{bound:,.12g}" for bound in (self.low, self.high))
        return f"{low} … {high}"


@dataclass(frozen=True)
class Table:
    """One table: its grain in words, its key, its sort order and its columns."""

    name: str
    kind: _Kind
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def schema(self) -> pl.Schema:
        """Polars schema, in column order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)

    def arrow(self) -> pa.Schema:
        """Arrow schema with nullability, and meaning, unit and range as field metadata."""
        types = self.empty().to_arrow().schema
        return pa.schema(
            [
                pa.field(
                    column.name,
                    types.field(column.name).type,
                    nullable=column.null,
                    metadata={"meaning": column.meaning, "unit": column.unit, "range": column.range},
                )
                for column in self.columns
            ],
            metadata={"table": self.name, "grain": self.grain},
        )

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly the contract's columns and types, in order.

        Absent nullable columns become null. Raises :class:`InputError` for a missing required column, a column of a
        type that cannot be converted without loss, a null where none is allowed, or a number that is not finite. Ranges
        are not tested here: that is the work of ingest, and the scoring rules are defined outside them too.
        """
        series = [_conform_column(self.name, column, frame) for column in self.columns]
        return pl.DataFrame(series)

    def shape(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame's columns in the contract's order and types, without a look at the values: for many small parts of a table
        that is conformed as a whole when it is written."""
        return frame.select(pl.col(column.name).cast(column.dtype) for column in self.columns)

    def completed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame, and the contract's columns that it lacks, all null."""
        absent = (column for column in self.columns if column.name not in frame.columns)
        return frame.with_columns(pl.lit(None, column.dtype).alias(column.name) for column in absent)


def _conform_column(table: str, column: Column, frame: pl.DataFrame) -> pl.Series:
    if column.name not in frame.columns:
        if not column.null:
            raise InputError(f"{table}: column {column.name!r} is required ({column.meaning})")
        return pl.Series(column.name, [None] * frame.height, dtype=column.dtype)
    series = frame[column.name]
    if series.dtype != column.dtype:
        series = _converted(table, column, series)
    if column.ids:
        series = normalise(column.ids, series)
    if not column.null and series.null_count():
        raise InputError(f"{table}.{column.name}: row {series.is_null().arg_max()} is null, a value is required")
    if series.dtype.is_float() and not (finite := series.is_finite().fill_null(value=True)).all():
        row = finite.to_list().index(False)
        raise InputError(f"{table}.{column.name}: row {row} is {series[row]}, a finite number is required")
    return series


def _converted(table: str, column: Column, series: pl.Series) -> pl.Series:
    """The series in the column's type."""
    name = f"{table}.{column.name}"
    if isinstance(series.dtype, pl.Struct) and isinstance(column.dtype, pl.Struct):
        series = _whole_struct(name, series, column.dtype)
    if series.dtype.is_float() and column.dtype.is_integer() and (broken := series.fill_null(0) % 1 != 0).any():
        row = broken.to_list().index(True)
        raise InputError(f"{name}: row {row} is {series[row]}, a whole number is required")
    if series.dtype.is_float() and column.dtype == pl.String:
        if (broken := (series % 1 != 0).fill_null(value=False)).any():
            row = broken.to_list().index(True)
            raise InputError(f"{name}: row {row} is {series[row]}, a whole number or a text is required")
        series = series.cast(pl.Int64)
    try:
        return series.cast(column.dtype)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{name}: {series.dtype} where {column.dtype} is needed: {error}") from error


def _whole_struct(name: str, series: pl.Series, wanted: pl.Struct) -> pl.Series:
    """The structs with all fields of ``wanted``, null where left out. Raises :class:`InputError` for a field it does not have."""
    known, given = [field.name for field in wanted.fields], series.struct.fields
    for field in given:
        if field not in known:
            raise InputError(f"{name}: field {field!r} does not exist; allowed: {', '.join(known)}")
    fields = series.struct.unnest().with_columns(pl.lit(None).alias(field) for field in known if field not in given)
    whole = pl.when(series.is_not_null()).then(pl.struct(known)).alias(series.name)
    return fields.select(whole).to_series().cast(wanted)


def _feature_columns() -> tuple[Column, ...]:
    specs: tuple[tuple[str, str, float, float, str], ...] = (
        ("danceability", "", 0, 1, "how suitable for dancing"),
        ("energy", "", 0, 1, "intensity and activity"),
        ("loudness", "dB", -60, 5, "average loudness; above 0 is rare but real"),
        ("speechiness", "", 0, 1, "share of spoken words"),
        ("acousticness", "", 0, 1, "confidence that the track is acoustic"),
        ("instrumentalness", "", 0, 1, "confidence that there are no vocals"),
        ("liveness", "", 0, 1, "confidence that an audience is present"),
        ("valence", "", 0, 1, "musical positiveness"),
        ("tempo", "BPM", 0, 260, "beats per minute; 0 = not detected"),
        ("time_signature", "beats", 0, 7, "beats per bar; 0 = not detected"),
        ("key", "", -1, 11, "pitch class, 0 = C; -1 = not detected"),
        ("mode", "", 0, 1, "1 = major, 0 = minor"),
    )
    return tuple(
        Column(name, pl.Float64(), meaning, unit, null=True, low=low, high=high)
        for name, unit, low, high, meaning in specs
    )


_USER = Column("user_id", pl.String(), "listener; compared untrimmed; in controls and in a run `*` is one without a history", ids="user")
_LIST = Column("list", pl.String(), "name of the list: balanced, comfort, discovery, or a saved request's")
_TRACK = Column("track_id", pl.String(), "track; `tracks.id`", ids="track")

EVENTS = Table(
    "events",
    "input",
    "one user action",
    ("user_id", "track_id", "occurred_at", "type"),
    (
        Column("user_id", pl.String(), "listener; compared untrimmed; never `*`", ids="user"),
        Column("track_id", pl.String(), "track acted on; may be missing from `tracks`", ids="track"),
        Column("type", pl.String(), "what the user did", allowed=EVENT_TYPES),
        Column("weight", pl.Float64(), "overrides the weight of the type; 0 or null = none", null=True, low=-100, high=100),
        Column("occurred_at", UTC, "when it happened; null decays by a fixed 0.7", "UTC", null=True),
        Column("completed_ms", pl.Int64(), "how long a play lasted", "ms", null=True, low=0, high=86_400_000),
        Column("plays", pl.Int64(), "how often it happened, the last time at `occurred_at`; null = once", null=True, low=1, high=1_000_000),
        Column("context", pl.String(), "where or why, as the source says it; used by `controls.ignored_contexts`", null=True),
        Column("source", pl.String(), "format and file the row came from", null=True),
    ),
)

TRACKS = Table(
    "tracks",
    "input",
    "one track version; in a run, the latest version of each track",
    ("id",),
    (
        Column("id", pl.String(), "track id", ids="track"),
        Column("title", pl.String(), "title as shown", null=True),
        Column("artist", pl.String(), "artist credit as shown, one string", null=True),
        Column("artists", STRINGS, "every credited artist, main artist first; null = only `artist`", null=True),
        Column("album", pl.String(), "album title", null=True),
        Column("genres", STRINGS, "genres; compared without case and outer spaces", null=True),
        Column("release_date", pl.String(), "YYYY, YYYY-MM or YYYY-MM-DD", null=True, ids="date"),
        Column("duration_ms", pl.Int64(), "length", "ms", null=True, low=0, high=86_400_000),
        Column("popularity", pl.Float64(), "how widely heard", "0–1", null=True, low=0, high=1),
        Column("explicit", pl.Boolean(), "explicit lyrics; null = no", null=True),
        *_feature_columns(),
        Column("commercial_boost", pl.Float64(), "promotion added to the score, at most 0.035 counts", "points", null=True, low=0, high=1),
        Column("quality_penalty", pl.Float64(), "share of the score taken away for poor quality", "0–1", null=True, low=0, high=1),
        Column("discovery_allowed", pl.Boolean(), "whether the commercial boost may apply; null = no", null=True),
        Column("isrc", pl.String(), "International Standard Recording Code", null=True, ids="isrc"),
        Column("mbid", pl.String(), "MusicBrainz recording id", null=True, ids="mbid"),
        Column("spotify_id", pl.String(), "Spotify track id, 22 characters", null=True, ids="spotify"),
        Column("song_key", pl.String(), "normalised first artist and title; in a run of preset `default` the track's song, as in `songs`", null=True),
        Column("origin", pl.String(), "`catalog`: from track metadata; `mention`: only named by a listening history", null=True, allowed=("catalog", "mention")),
        Column("provenance", pl.String(), "JSON object: field → source that supplied it", null=True),
    ),
)

CONTROLS = Table(
    "controls",
    "input",
    "one user's controls; the latest record wins",
    ("user_id",),
    (
        _USER,
        Column("allow_explicit", pl.Boolean(), "whether explicit tracks may be recommended; null = yes", null=True),
        Column("excluded_tracks", STRINGS, "track ids never to recommend", null=True, ids="track"),
        Column("excluded_artists", STRINGS, "artist names never to recommend", null=True),
        Column("excluded_genres", STRINGS, "genres never to recommend", null=True),
        Column("postponed_tracks", POSTPONED, "tracks not to recommend before `until` (UTC); null = without end", null=True),
        Column("history_from", UTC, "events before this moment do not shape the profile (the tracks stay known)", "UTC", null=True),
        Column("ignored_contexts", STRINGS, "events with these contexts do not shape the profile (the tracks stay known)", null=True),
    ),
)

REQUESTS = Table(
    "requests",
    "input",
    "one saved list; the latest record of a (user_id, list) wins",
    ("user_id", "list"),
    (
        Column("user_id", pl.String(), "listener, or `*` for every listener", ids="user"),
        _LIST,
        Column("limit", pl.Int64(), "tracks in the list; null or ≤ 0 = 20, at most 100 count", "tracks", null=True),
        Column("mode", pl.String(), "balanced, comfort, discovery or a mode of the settings, in any case; null = balanced", null=True),
        Column("seed_track_ids", STRINGS, "tracks to start from; a repeated id counts again", null=True, ids="track"),
        Column("feature_targets", TARGETS, "wanted audio features in the units of `tracks`; null = none", null=True),
        Column("seed_artists", STRINGS, "artists to start from, by name without case", null=True),
        Column("seed_genres", STRINGS, "genres to start from, by name without case", null=True),
        Column("target_strength", pl.Float64(), "weight of the fit to the feature targets; null = the setting's", "standard deviations", null=True, low=0, high=10),
        Column("target_tolerance", pl.Float64(), "how far from a target the fit has fallen to 1/e; null = the setting's", "standard deviations", null=True, low=0.01, high=100),
        Column("feature_bounds", RANGES, "audio features a track must have, {feature: [least, greatest]} in the units of `tracks`, null = no end; null = no bounds", null=True),
        Column("exploration_target", pl.Float64(), "wanted distance from the taste, as a share of the candidates that are nearer; null or 0 = the mode's", "0–1", null=True),
        Column("min_popularity", pl.Float64(), "least popularity; null = no bound", "0–1", null=True),
        Column("max_popularity", pl.Float64(), "greatest popularity; null = no bound", "0–1", null=True),
        Column("include_explicit", pl.Boolean(), "overrides `controls.allow_explicit` for this list; null = no override", null=True),
        Column("excluded_track_ids", STRINGS, "track ids kept out of this list", null=True, ids="track"),
        Column("excluded_artist_ids", STRINGS, "artist names kept out of this list (the name is historic)", null=True),
        Column("excluded_genres", STRINGS, "genres kept out of this list", null=True),
    ),
)

REJECTS = Table(
    "rejects",
    "input",
    "one input row that could not be used",
    ("batch", "line", "column"),
    (
        Column("batch", pl.String(), "SHA-256 of the source file's bytes"),
        Column("table", pl.String(), "input table the row was meant for"),
        Column("source", pl.String(), "file name"),
        Column("line", pl.Int64(), "line of the file, or row number for Parquet and JSON arrays; first = 1", null=True),
        Column("user_id", pl.String(), "listener of the row; null = none, or none that could be read", null=True),
        Column("column", pl.String(), "column at fault; null = the whole row", null=True),
        Column("code", pl.String(), "cause, a stable word"),
        Column("reason", pl.String(), "cause in words, with what is allowed"),
        Column("raw", pl.String(), "the row as text, cut after 2,000 characters", null=True),
    ),
)

SONGS = Table(
    "songs",
    "output",
    "one track of the run, and the song it is a release of",
    ("track_id",),
    (
        Column("track_id", pl.String(), "track; `tracks.id`"),
        Column("song", pl.String(), "the song, by the id of its most popular track; in preset `reference` the track itself"),
        Column("matched_by", pl.String(), "step that joined the track to that one: MusicBrainz recording, ISRC, title with artist and length, or through a third track; `own`: it is that one", allowed=("own", "mbid", "isrc", "name", "chain")),
    ),
)

RATINGS = Table(
    "ratings",
    "output",
    "one user and song with at least one event",
    ("user_id", "track_id"),
    (
        _USER,
        Column("track_id", pl.String(), "the song's release heard last; also tracks missing from the catalogue"),
        Column("rating", pl.Float64(), "sum of the undecayed event weights", "points"),
        Column("liked", pl.Float64(), "sum of weight × decay over positive events", "points", low=0),
        Column("disliked", pl.Float64(), "sum of |weight| × decay over negative events", "points", low=0),
        Column("positive", pl.Float64(), "sum of the undecayed weights of positive events", "points", low=0),
        Column("events", pl.Int64(), "events", "events", low=1),
        Column("negative_events", pl.Int64(), "events with negative weight", "events", low=0),
        Column("known", pl.Boolean(), "has an event of positive weight: not recommended again"),
        Column("rejected", pl.Boolean(), "the latest opinion is a dislike or hide"),
        Column("last_at", UTC, "newest event", "UTC", null=True),
    ),
)

PROFILES = Table(
    "profiles",
    "output",
    "one user",
    ("user_id",),
    (
        _USER,
        Column("taste", VECTOR, "taste vector over the 12 normalised features; the catalogue's centroid for a cold user", "0–1"),
        Column("taste_audio", pl.Boolean(), "whether the vector comes from the user's own tracks"),
        Column("confidence", pl.Float64(), "how much evidence the vector rests on", "0–1", low=0, high=1),
        Column("exploration_readiness", pl.Float64(), "how ready for unfamiliar music", "0–1", low=0, high=1),
        Column("interaction_count", pl.Int64(), "events", "events", low=0),
        Column("friction", pl.Float64(), "share of events with negative weight", "0–1", low=0, high=1),
        Column("top_genres", STRENGTHS, "genres of liked tracks, strongest first, strongest = 1"),
        Column("top_artists", STRENGTHS, "artists of liked tracks, strongest first, strongest = 1"),
        Column("cold", pl.Boolean(), "no usable history: lists rest on popularity and variety"),
        Column("updated_at", UTC, "the run's as_of", "UTC"),
    ),
)

NEIGHBORS = Table(
    "neighbors",
    "output",
    "one user and one similar user, nearest first",
    ("user_id", "neighbor_id"),
    (
        _USER,
        Column("neighbor_id", pl.String(), "the similar user"),
        Column("similarity", pl.Float64(), "Pearson correlation", "-1–1", low=-1, high=1),
        Column("overlap", pl.Int64(), "songs both rated, of `blended` without those only skipped", "tracks", low=0),
        Column("weight", pl.Float64(), "weight of the neighbour's votes"),
    ),
)

MODEL = Table(
    "model",
    "output",
    "one number of the fitted neighbour model",
    ("name", "place"),
    (
        Column("name", pl.String(), "a parameter by its name; `factor`: how much of the correlation between listeners a factor holds; `chance_…`: log-odds that a listener comes to like a track = intercept + score · log(raw score) + size · log(ratings)"),
        Column("place", pl.Int32(), "number of the factor; 0 for all else", low=0),
        Column("value", pl.Float64(), "the number"),
    ),
)

MODEL_TRACKS = Table(
    "model_tracks",
    "output",
    "one track of the run as the fitted neighbour model knows it, in the order of `tracks`; with `model` and `ratings` all that scores are computed from; no rows in preset `reference`",
    ("track_id",),
    (
        _TRACK,
        Column("rarity", pl.Float64(), "weight of a rating of the track in the correlation between listeners"),
        Column("confidence", pl.Float64(), "weight of a rating of the track in ALS"),
        Column("damping", pl.Float64(), "factor on votes for the track"),
        Column("factors", pl.List(pl.Float64()), "the track in each factor"),
        Column("preferences", pl.List(pl.Float32()), "ALS vector; null where ALS has no share", null=True),
        Column("related", pl.List(pl.Int32()), "tracks that a vote for this one speaks for, by row of this table, first = 0; null where the track side has no share", null=True),
        Column("related_weights", pl.List(pl.Float32()), "how much, one for each of `related`", null=True),
    ),
)

_PARTS = (
    Column("score", pl.Float64(), "(sum of the points of all parts) × safety + commercial; 100 = the best of the list's candidates in every part", "points"),
    Column("content_fit", pl.Float64(), "fit of sound, artist and genres to the taste; once `content`, as the views still have it", "0–1", low=0, high=1),
    Column("collaborative", pl.Float64(), "votes of similar listeners", "0–1", low=0, high=1),
    Column("popularity_fit", pl.Float64(), "popularity of the track as the list counts it; in preset `reference` its fit to the mode; once `popularity`, as the views still have it", "0–1", low=0, high=1),
    Column("exploration", pl.Float64(), "how near the distance from the taste is to the wanted one", "0–1", low=0, high=1),
    Column("familiarity", pl.Float64(), "how much of the history is by the track's artists, against the most played one", "0–1", low=0, high=1),
    Column("target", pl.Float64(), "fit to the features the list asks for; 0 when it asks for none", "0–1", low=0, high=1),
    Column("content_points", pl.Float64(), "what fit of sound, artist and genres adds", "points"),
    Column("collaborative_points", pl.Float64(), "what votes adds", "points"),
    Column("popularity_points", pl.Float64(), "what popularity adds", "points"),
    Column("exploration_points", pl.Float64(), "what the distance adds", "points"),
    Column("familiarity_points", pl.Float64(), "what familiarity adds", "points"),
    Column("target_points", pl.Float64(), "what the fit to the targets adds", "points"),
    Column("safety", pl.Float64(), "factor for quality, explicitness and rejected artists, genres or songs", "0–1", low=0, high=1),
    Column("commercial", pl.Float64(), "promotion, added last: at most 3.5 of 100 points, in preset `reference` 0.035", "points", low=0, high=3.5),
)

CANDIDATES = Table(
    "candidates",
    "output",
    "one user, list and track: the best `pool` tracks by score, before diversity",
    ("user_id", "list", "rank"),
    (_USER, _LIST, Column("rank", pl.Int32(), "position by score, first = 1", low=1), _TRACK, *_PARTS),
)

RANKINGS = Table(
    "rankings",
    "output",
    "one user, list and rank: the list itself",
    ("user_id", "list", "rank"),
    (
        _USER,
        _LIST,
        Column("rank", pl.Int32(), "position in the list, first = 1", low=1),
        _TRACK,
        *_PARTS,
        Column("reason_code", pl.String(), "why the track is here, one word"),
        Column("reason", pl.String(), "why the track is here, in words"),
        Column("reason_args", STRINGS, "what the words of the reason name, in their order; null in preset `reference`", null=True),
        Column("because", BECAUSE, "own tracks (of a list with seeds: seeds) with the greatest shares of the votes; null in preset `reference`", null=True),
        Column("because_rest", pl.Float64(), "share of the votes that all else has: with those of `because` it adds up to 1", "share", null=True),
        Column("supporters", pl.Int32(), "stored neighbours who like the track", "listeners", null=True, low=0),
        Column("explanation", MATCHES, "agreement of the track with the taste, per feature", "0–1"),
        Column("source", pl.String(), "how the row came into the list", allowed=("ranked", "cold", "backfill_artist", "backfill_known_artist", "backfill_popularity", "replay")),
        Column("diversity", pl.Float64(), "distance to the nearest track already picked; 1 for the first, 0 when diversity did not run", "0–1", low=0, high=1),
        Column("nearest_track_id", pl.String(), "the nearest track already picked", null=True),
        Column("marginal", pl.Float64(), "λ × score + (1 − λ) × diversity, each by its spread in the list, in points: what the pick was decided by", "points"),
        Column("score_rank", pl.Int32(), "position by score alone, first = 1", low=1),
        Column("chance", pl.Float32(), "how likely the listener comes to like the track, calibrated on likes hidden from the model; null where that is unknown: with seeds, without history, in preset `reference`", "0–1", null=True, low=0, high=1),
    ),
)

_ONCE = {"content": "content_fit", "popularity": "popularity_fit"}
FORMER_NAMES = {"candidates": _ONCE, "rankings": _ONCE}
"""Table → columns by the names that runs of the version before have → their names now."""

_DROPPED = (
    ("known", "already liked"),
    ("rejected", "disliked or hidden by the listener"),
    ("explicit", "explicit, which the listener or the list does not allow"),
    ("excluded_track", "excluded by id"),
    ("postponed", "postponed by the listener"),
    ("cooldown", "shown in this list in one of the last runs"),
    ("excluded_artist", "by an excluded artist"),
    ("excluded_genre", "of an excluded genre"),
    ("known_artist", "by an artist the listener has played, in a list of new ones"),
    ("feature_bounds", "outside the list's bounds of audio features, or without audio"),
    ("popularity", "outside the list's popularity bounds"),
    ("version", "another release of the song is shown"),
)
DROP_RULES = tuple(name for name, _ in _DROPPED)
"""Filter rules in the order in which they are tested; the first that holds is the reason for an absence. A short list may
be filled with tracks that only popularity keeps out. A release of a song that has another candidate comes last."""
DROP_MEANINGS = dict(_DROPPED)

COOLDOWN = "cooldown_track_ids"
"""Column of `lists`, and of the lists that a run is asked to make."""

LISTS = Table(
    "lists",
    "output",
    "one user and list: what was asked, what was dropped, what came out",
    ("user_id", "list"),
    (
        _USER,
        *(column for column in REQUESTS if column.name != "user_id"),
        Column(COOLDOWN, STRINGS, "tracks that the list showed in the last `cooldown_runs` runs; null = none", null=True),
        Column("taste", VECTOR, "taste vector this list was scored with (seeds and targets included)", "0–1"),
        Column("taste_audio", pl.Boolean(), "whether that vector comes from tracks or targets"),
        Column("confidence", pl.Float64(), "evidence behind that vector", "0–1", low=0, high=1),
        Column("cold", pl.Boolean(), "no usable history, seeds or targets"),
        Column("tracks", pl.Int64(), "tracks in the catalogue", "tracks", low=0),
        Column("candidates", pl.Int64(), "tracks that passed every filter", "tracks", low=0),
        *(Column(f"dropped_{name}", pl.Int64(), f"tracks dropped: {meaning}", "tracks", low=0) for name, meaning in _DROPPED),
        Column("returned", pl.Int64(), "tracks in the list", "tracks", low=0),
        Column("diversified", pl.Boolean(), "whether diversity chose the order"),
        Column("remarks", pl.String(), "what of the request could not be followed, in words; null = everything was", null=True),
    ),
)

METRICS = Table(
    "metrics",
    "output",
    "one number the run measured",
    ("stage", "name"),
    (
        Column("stage", pl.String(), "stage that measured it", allowed=STAGES),
        Column("name", pl.String(), "what was measured"),
        Column("value", pl.Float64(), "the number"),
        Column("unit", pl.String(), "its unit"),
    ),
)

CHECKS = Table(
    "checks",
    "output",
    "one rule tested on the run's tables",
    ("table", "rule"),
    (
        Column("table", pl.String(), "table tested"),
        Column("rule", pl.String(), "the rule, in words"),
        Column("severity", pl.String(), "`fail` stops publishing, `warn` is shown", allowed=("fail", "warn")),
        Column("passed", pl.Boolean(), "whether the rule holds"),
        Column("failures", pl.Int64(), "rows that break it", "rows", low=0),
        Column("example", pl.String(), "one such row", null=True),
    ),
)

QUALITY = Table(
    "quality",
    "output",
    "one metric of one list of a run, for a group of listeners, judged by what they did until a later run",
    ("run", "judged_at", "list", "group", "metric"),
    (
        Column("run", pl.String(), "run whose lists were judged"),
        Column("as_of", UTC, "moment these lists were for", "UTC"),
        Column("judged_at", UTC, "moment of the run that judged them; events between the two count", "UTC"),
        _LIST,
        Column("group", pl.String(), "listeners by what was known of them", allowed=("all", "cold", "thin", "heavy", "niche", "mainstream")),
        Column("metric", pl.String(), "name and length of the list looked at"),
        Column("value", pl.Float64(), "mean over the listeners", "as the metric"),
        Column("low", pl.Float64(), "lower bound of its 95 % interval; null for metrics of all lists together", null=True),
        Column("high", pl.Float64(), "upper bound", null=True),
        Column("listeners", pl.Int64(), "listeners who did something new", "listeners", low=0),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        EVENTS, TRACKS, CONTROLS, REQUESTS, REJECTS,
        SONGS, RATINGS, PROFILES, MODEL, MODEL_TRACKS, NEIGHBORS, LISTS, CANDIDATES, RANKINGS, METRICS, CHECKS, QUALITY,
    )
}
"""Every table by name, inputs first. A run also holds the snapshot it used: ``tracks`` and ``controls``;
``quality`` is the lake's."""

INPUTS = ("tracks", "events", "controls", "requests")
"""The four tables that can be ingested."""

OUTPUTS = (
    "tracks", "songs", "controls", "ratings", "profiles", "model", "model_tracks", "neighbors", "lists", "candidates", "rankings",
    "metrics", "checks",
)
"""The tables of a run, in the order in which the stages make them."""
