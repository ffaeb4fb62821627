"""One frozen settings object; presets ``reference`` and ``default``.

:class:`Settings` is a pure value: it reads nothing. :func:`load` is the door: it looks at the environment, ``.env`` and a
settings file, and says where each value came from.
"""

from __future__ import annotations

import hashlib
import json
import math
import warnings
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, ValidationError, model_validator

from recsys import sources
from recsys.errors import UsageError

Preset = Literal["default", "reference"]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1)]
_Memory = Annotated[ByteSize, Field(ge=64 * 2**20)]
Signed = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]


def _renamed(value: object) -> object:
    """Words of earlier versions keep working, with a note."""
    if value == "derived":
        warnings.warn("setting neighborhood: 'derived' is called 'blended' now", FutureWarning, stacklevel=2)
        return "blended"
    return value


ENVIRONMENT = {
    "REC_CONTENT_WEIGHT": "content_weight",
    "REC_COLLAB_WEIGHT": "collab_weight",
    "REC_POPULARITY_WEIGHT": "popularity_weight",
    "REC_EXPLORATION_WEIGHT": "exploration_weight",
    "REC_DIVERSITY_LAMBDA": "diversity_lambda",
    "RECSYS_PRESET": "preset",
    "RECSYS_THREADS": "threads",
    "RECSYS_CLUSTER": "cluster",
    "RECSYS_MEMORY_LIMIT": "memory_limit",
    "RECSYS_ON_FAILURE": "on_failure",
}
"""Environment name → setting. Every other setting belongs in a settings file."""

SETTINGS_FILE = "recsys.toml"
OPERATIONAL = ("threads", "cluster", "memory_limit", "oversize", "on_failure")
"""Settings that change no result: they are no part of a run and its id."""


class Mode(BaseModel):
    """What a list of a mode is after. A weight left out is the setting of that name; a negative one wants the opposite."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    content: Signed | None = None
    """Weight of sound, artist and genres."""
    collaborative: Signed | None = None
    """Weight of similar listeners' votes."""
    popularity: Signed | None = None
    """Weight of popularity; below 0 little known tracks are wanted."""
    familiarity: Signed | None = None
    """Weight of how much of the history is by the artist."""
    exploration: Signed | None = None
    """Weight of the wanted distance."""
    distance: Share | None = None
    """Wanted distance from the taste, as a quantile among the list's candidates: 0 the nearest, 1 the farthest; none = any."""
    replay: Share | None = None
    """Share of the rows for tracks that the listener likes and has not heard for a while."""
    artists: Literal["any", "new"] = "any"
    """Whose tracks: anyone's, or only those of artists the listener has never played."""


_MODES: dict[str, Mode] = {
    "balanced": Mode(),
    "comfort": Mode(familiarity=1.8, popularity=0.1, distance=0.0),
    "discovery": Mode(popularity=-0.5, distance=1.0, exploration=0.1, artists="new"),
}
"""The built-in modes."""


class Settings(BaseModel):
    """Everything that decides a run's lists, plus those of :data:`OPERATIONAL`, which must not.

    Defaults are those of preset ``default``. ``Q`` numbers name quirks of the older service's rules; each is a setting so
    that preset ``reference`` can keep the quirk and ``default`` can leave it out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    preset: Preset = "default"
    """Starting point of all other values."""

    content_weight: Weight = 0.05
    """Weight of sound, artist and genres. Weights are in standard deviations of a part among a list's candidates: they mean the
    same for every part, listener and list."""
    collab_weight: Weight = 1.0
    """Weight of the votes of similar listeners, times the share of the listener's ratings that others explain."""
    popularity_weight: Weight = 0.0
    """Weight of popularity."""
    exploration_weight: Weight = 0.25
    """Weight of the wanted distance from the taste, in lists that want one."""
    familiarity_weight: Weight = 0.3
    """Weight of how much of the history is by the track's artists."""
    target_weight: Weight = 1.5
    """Weight of the fit to the features a list asks for; a request's `target_strength` wins."""
    target_tolerance: Positive = 1.0
    """Standard deviations of a feature at which the fit has fallen to 1/e; a request's `target_tolerance` wins."""
    seed_share: Share = 0.65
    """Share of the seeds' votes in a list with seeds that counts whoever listens, the rest by the listener's own votes; and least
    share of the seeds in the taste."""
    tempo_octaves: bool = False
    """Half and double a wanted tempo fit as well."""
    diversity_lambda: Share = 0.8
    """Weight of the score, in standard deviations of a list's pool, against the distance to the nearest pick, in mean distances
    of the pool; 1 = score alone."""
    modes: dict[str, Mode] = Field(default_factory=lambda: dict(_MODES))
    """What lists of a mode are after; a mode of a new name is a list of its own once `lists` names it."""

    language: Literal["en", "de"] = "en"
    """Language of the reasons; `reason_args` say the same in none."""
    lists: tuple[str, ...] = ("balanced", "comfort", "discovery")
    """Lists built for every listener, one a mode; saved requests come on top."""
    list_limit: Annotated[int, Field(ge=1, le=100)] = 50
    """Tracks in each built-in list."""
    pool: _Count = 100
    """Rows per list kept in `candidates`: twice a list's length, so that a reader can narrow it."""
    measured: _Count = 1000
    """Tracks with the most votes that a list's scores are computed for, and a quarter as many by the artists its listener loves;
    all where votes say too little."""
    diversity_pool: _Count | None = 500
    """Best tracks by score among which diversity picks; none = the whole catalogue (exact, as the older service). Given 1,000,
    it took 99.9 % of its picks from the first 400."""
    neighbors_kept: _Count = 50
    """Neighbours per listener stored in `neighbors`."""

    half_life_days: Positive = 120 * math.log(2)
    """Age at which an event counts half, in days; 83.2 = the older service's exp(−days/120). It touches the taste alone: votes of
    similar listeners count old events in full, for they predict worse when they fade."""
    undated_decay: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.7
    """Decay of an event without a time (Q18)."""

    future_events: Literal["keep", "drop"] = "drop"
    """Events after as_of: `keep` counts them undecayed (Q18), `drop` leaves them out, so that a run sees no future."""
    event_types: Literal["exact", "word"] = "word"
    """Types of events in frames are compared to the letter (Q43), or as words: `PLAY` and ` play ` are `play`."""
    duplicate_tracks: Literal["keep", "last"] = "last"
    """Two records of one id in one version: both recommended (Q37), or the last."""
    song_identity: Literal["track", "song"] = "song"
    """What is known, rejected, excluded, postponed and voted for: single tracks, or songs with all their releases, joined by
    MusicBrainz recording, ISRC, or title, artist and length (table `songs`)."""
    credited_artists: Literal["stored", "parsed"] = "parsed"
    """Who a track is by: `artists` and `artist` as they are stored, or every artist named there and in the title, one by one; the
    same for genres."""
    hide_rejected: bool = True
    """Never recommend what the listener disliked or hid (Q6)."""
    skip_only_cold: bool = True
    """A listener with only negative events counts as cold instead of having a zero taste (Q4)."""
    exclusions: Literal["exact", "token"] = "token"
    """Compare excluded artists and genres exactly (Q9, Q10), or by every credited artist, in any spelling of a name."""
    postponed_end: bool = True
    """Postponed tracks return at their `until` date (Q8)."""
    blocked_explicit: Literal["zero", "hide"] = "hide"
    """Explicit tracks that the listener blocks and a list includes: pass the filter with safety 0, which a quality penalty
    lifts (Q11, Q12), or stay hidden."""
    partial_targets: Literal["zero", "ignore"] = "ignore"
    """Feature targets left out of a request pull towards 0 (Q16), or do not count."""
    neighborhood: Annotated[Literal["co_rated", "blended"], BeforeValidator(_renamed)] = "blended"
    """Who votes: everyone with a positive correlation over co-rated tracks (Q24–Q27), or neighbours over the whole catalogue with
    jointly derived weights, blended with the factors that all listeners share and with implicit-feedback ALS."""
    evidence_half: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.02
    """Share of a listener's ratings explained by others at which `blended` scores are halved; 0 = always up to 1 (Q23)."""
    restrict_collaborative: bool = True
    """Only catalogue tracks take the collaborative maximum (Q21)."""
    collaborative_shrink: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = 1.0
    """Largest vote, in weight × rating, at which `co_rated` scores are halved; 0 = always up to 1 (Q23)."""
    metadata_floor: bool = True
    """A liked artist or genre never counts less than a stranger's 0.42 (Q28)."""
    shared_scale: bool = True
    """Likes and dislikes are normalised by one maximum (Q29)."""
    boost_needs_safety: bool = True
    """The commercial boost is multiplied by safety (Q30)."""
    reason_by_points: bool = True
    """Similar listeners are a row's reason wherever their votes give more points than its content; else from a fit of 0.65 on."""
    trim_mode: bool = True
    """Mode is compared trimmed everywhere (Q32)."""
    metadata_distance_scale: Positive = 0.46
    """Factor on distances to tracks without audio, so that 0.78 becomes the 95th percentile of audio distances (Q1)."""
    parts_scale: Literal["raw", "spread"] = "spread"
    """Parts count as they are, or by their spread among the candidates of a list, 0–100 points together."""
    netted_evidence: bool = True
    """Plays and skips of an artist, genre or song are set against each other and against the listener's habit of skipping."""
    max_per_artist: _Count | None = 5
    """Most tracks of one credited artist in a list, and as many more for each of its seeds by the artist; none = no cap."""
    artist_gap: Annotated[int, Field(ge=0, le=100)] = 3
    """Rows between two by one artist in a list, while others are left; 0 = any."""
    one_version_per_song: bool = True
    """Only one version of a song in a list, whether release, live take, remix or edit. Of its releases that is what the listener
    heard, else what similar listeners play, else the most popular."""
    cooldown_runs: Annotated[int, Field(ge=0, le=100)] = 0
    """For how many runs a list leaves out what it has shown; counted are published runs as of earlier moments."""
    replay_share: Share = 0.0
    """Share of a list's rows for tracks that the listener likes and has not heard for a while (source `replay`); a mode's own
    wins."""
    replay_after_days: Positive = 60.0
    """Days before the listener's newest event, from which on a track has not been heard for a while."""
    backfill: bool = True
    """Fill a list its own rules leave short: first over the artist cap, then over the popularity bounds; see `source`."""

    row_change: Share = 0.5
    """Share by which the rows of a table may differ from the published run's before a warning."""
    list_overlap: Share = 0.2
    """Share of a list's tracks that the published run's lists must have on average, else a warning."""
    row_floor: Share = 0.5
    """Share of the published run's rows in `rankings` that a run must have, else it is not published by itself."""
    overlap_floor: Share = 0.02
    """Share of a list's tracks that the published run's lists must have on average, else the run is not published by itself."""
    coverage_floor: Share = 0.25
    """Share of the number of different tracks in the published run's lists that a run must have, else it is not published by
    itself."""
    ndcg_change: Share = 0.3
    """Share by which NDCG@10 of the published lists on the newest events may lie below that of the lists before, by its interval,
    before a warning."""
    ndcg_floor: Share = 0.4
    """Share of the NDCG@10 of the lists before that the published lists must reach on the newest events, interval against
    interval, else a run is not published by itself."""
    data_docs: bool | Literal["auto"] = "auto"
    """Whether Great Expectations judges the checks too, and writes its pages beside the run, in its folder `docs`, which takes
    seconds; `auto` = where the run took five minutes or more."""

    seed: int = 0
    """Seed of every random choice."""
    threads: _Count | None = None
    """Worker threads; none = one per core. Never changes a result."""
    cluster: str | None = None
    """Where lists are made: `local:2` = two processes on this machine, `tcp://HOST:8786` = the workers of a Dask scheduler; none
    = this process. Never changes a result."""
    memory_limit: _Memory | None = None
    """Memory that DuckDB may take, such as `2GiB`, at least 64 MiB; none = half of the machine's or of the process's control
    group. What does not fit goes to the lake's disk, and never changes a result."""
    oversize: bool = False
    """Begin a run although it will not fit into the memory or onto the disk, by the formula of `docs/sizing.md`."""
    on_failure: str | None = None
    """What hears why a night failed: a command, which gets the reason as its last argument, or the address of a webhook, which
    gets it as JSON `{"text": …}`; none = nothing. The reason holds no ids and no rows."""

    @model_validator(mode="before")
    @classmethod
    def _of_preset(cls, values: Any) -> Any:
        """Values that are left out are those of the preset that is named, and modes those that are built in."""
        if not isinstance(values, dict):
            return values
        whole = {**PRESETS.get(values.get("preset", "default"), {}), **values}
        if isinstance(whole.get("modes"), dict):
            whole["modes"] = {**_MODES, **whole["modes"]}
        return whole

    @model_validator(mode="after")
    def _lists_have_modes(self) -> Settings:
        for name in self.lists:
            if name not in self.modes:
                raise ValueError(f"list {name!r} has no mode of that name; modes: {', '.join(self.modes)}")
        return self

    @classmethod
    def preset_of(cls, preset: Preset, **overrides: Any) -> Settings:
        """The preset's settings with single values replaced. Raises :class:`UsageError` for a value that is not allowed."""
        return _validated({"preset": preset, **PRESETS[preset], **overrides})

    @classmethod
    def reference(cls, **overrides: Any) -> Settings:
        """The older service's rules to the letter."""
        return cls.preset_of("reference", **overrides)

    @property
    def named_modes(self) -> tuple[str, ...]:
        """The modes that a request may name; none where the rules take any word (preset `reference`)."""
        return tuple(self.modes) if self.trim_mode else ()

    def digest(self) -> str:
        """SHA-256 of everything that can change a result."""
        return hashlib.sha256(json.dumps(self.decisive(), sort_keys=True).encode()).hexdigest()

    def decisive(self) -> dict[str, Any]:
        """The settings that can change a result, as JSON values: those that a run records."""
        return self.model_dump(mode="json", exclude={*OPERATIONAL})


PRESETS: dict[Preset, dict[str, Any]] = {
    "default": {},
    "reference": {
        "content_weight": 0.44,
        "collab_weight": 0.28,
        "popularity_weight": 0.08,
        "exploration_weight": 0.20,
        "diversity_lambda": 0.74,
        "parts_scale": "raw",
        "netted_evidence": False,
        "artist_gap": 0,
        "diversity_pool": None,
        "future_events": "keep",
        "event_types": "exact",
        "duplicate_tracks": "keep",
        "song_identity": "track",
        "credited_artists": "stored",
        "hide_rejected": False,
        "skip_only_cold": False,
        "exclusions": "exact",
        "postponed_end": False,
        "blocked_explicit": "zero",
        "partial_targets": "zero",
        "neighborhood": "co_rated",
        "restrict_collaborative": False,
        "collaborative_shrink": 0.0,
        "metadata_floor": False,
        "shared_scale": False,
        "boost_needs_safety": False,
        "reason_by_points": False,
        "trim_mode": False,
        "metadata_distance_scale": 1.0,
        "max_per_artist": None,
        "one_version_per_song": False,
        "backfill": False,
    },
}


def load(
    overrides: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Settings, dict[str, str]]:
    """Effective settings and, per setting, where its value came from.

    Later wins: preset, ``recsys.toml`` in ``folder`` (default: the working folder), ``.env`` there, the environment,
    ``overrides`` (the command line). Raises :class:`UsageError` for an unknown key, a value out of range, or a file that
    cannot be read; the message names the source.
    """
    folder = Path.cwd() if folder is None else folder
    named = sources.variables(ENVIRONMENT, folder=folder, environment=environment)
    layers: list[tuple[str, dict[str, Any]]] = [
        (SETTINGS_FILE, sources.settings_file(folder / SETTINGS_FILE)),
        *((source, {ENVIRONMENT[name]: value for name, value in layer.items()}) for source, layer in named),
        ("command line", {key: value for key, value in (overrides or {}).items() if value is not None}),
    ]
    source, preset = next(((name, values["preset"]) for name, values in reversed(layers) if "preset" in values), ("", "default"))
    if preset not in tuple(PRESETS):
        raise UsageError(f"preset {preset!r} (from {source}) does not exist; allowed: {', '.join(PRESETS)}")
    merged: dict[str, Any] = dict(PRESETS[preset])
    origins = dict.fromkeys(Settings.model_fields, "preset default")
    origins.update(dict.fromkeys(merged, f"preset {preset}"))
    for name, values in layers:
        merged.update(values)
        origins.update(dict.fromkeys(values, name))
    merged["preset"] = preset
    return _validated(merged, origins), origins


def _validated(values: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        problem = error.errors()[0]
        if not problem["loc"]:
            raise UsageError(f"settings: {problem['msg'].removeprefix('Value error, ')}") from error
        key = str(problem["loc"][0])
        where = f" (from {origins[key]})" if origins and key in origins else ""
        if problem["type"] == "extra_forbidden":
            near = get_close_matches(key, Settings.model_fields, n=3, cutoff=0.5)
            known = f"did you mean {' or '.join(near)}?" if near else f"allowed: {', '.join(Settings.model_fields)}"
            raise UsageError(f"setting {key!r}{where} does not exist; {known}") from error
        raise UsageError(f"setting {key}{where}: {problem['msg']}; got {problem['input']!r}") from error
