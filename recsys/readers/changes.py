"""Where the rule that keeps a track out of a list was set, and what would let the track in, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from recsys.names import barred_key
from recsys.settings import PRESETS, Settings
from recsys.tables import FEATURES

_Row = Mapping[str, Any]


class Keeping(NamedTuple):
    """What may keep a track out of a list."""

    wish: _Row
    """Row of `lists`."""
    controls: _Row
    """Row of `controls`; empty without one."""
    settings: Settings
    track: _Row
    """Row of `tracks`."""
    releases: tuple[str, ...]
    """Ids of the releases of its song, its own among them."""

    @property
    def by_listener(self) -> str:
        return f"in the controls of {self.wish['user_id']}"

    @property
    def by_request(self) -> str:
        return f"in the request for list {self.wish['list']}"


def what_would(rule: str, keeping: Keeping) -> str | None:
    """Words for a drop rule; none where there is nothing to say beyond its meaning."""
    describe = _WORDS.get(rule)
    return describe(keeping) if describe else None


def setting(settings: Settings, name: str) -> str:
    """A setting, its value, and whether that is the preset's."""
    value, preset = getattr(settings, name), settings.preset
    usual = PRESETS[preset].get(name, Settings.model_fields[name].default)
    origin = f"as in preset {preset}" if value == usual else f"in preset {preset} it is {_value(usual)}"
    return f"set by {name} = {_value(value)} ({origin})"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "none" if value is None else str(value)


def _explicit(keeping: Keeping) -> str:
    if keeping.controls.get("allow_explicit") is False:
        return f"set by allow_explicit = false {keeping.by_listener}"
    return f"set by include_explicit = false {keeping.by_request}"


def _excluded_track(keeping: Keeping) -> str:
    own = {*keeping.releases} & {*(keeping.controls.get("excluded_tracks") or ())}
    return f"set by excluded_tracks {keeping.by_listener}" if own else f"set by excluded_track_ids {keeping.by_request}"


def _postponed(keeping: Keeping) -> str:
    ends = [one["until"] for one in keeping.controls.get("postponed_tracks") or () if one["track_id"] in keeping.releases]
    until = max((end for end in ends if end), default=None)
    whole = f"until {until:%Y-%m-%d %H:%M} UTC" if until and all(ends) else "without an end"
    return f"put off {whole} by postponed_tracks {keeping.by_listener}"


def _excluded_artist(keeping: Keeping) -> str:
    own = [*(keeping.track["artists"] or ()), keeping.track["artist"] or ""]
    return _excluded(keeping, own, "excluded_artists", "excluded_artist_ids")


def _excluded_genre(keeping: Keeping) -> str:
    return _excluded(keeping, keeping.track["genres"] or (), "excluded_genres", "excluded_genres")


def _excluded(keeping: Keeping, own: Iterable[str], by_listener: str, by_request: str) -> str:
    """The excluded name that the track bears, and where it is excluded."""
    names = {barred_key(name) for name in own}
    for column, where, excluded in (
        (by_listener, keeping.by_listener, keeping.controls.get(by_listener) or ()),
        (by_request, keeping.by_request, keeping.wish[by_request] or ()),
    ):
        for name in excluded:
            if barred_key(name) in names:
                return f"set by {name!r} among {column} {where}"
    return f"set by {by_listener} {keeping.by_listener} or {by_request} {keeping.by_request}"


def _known_artist(keeping: Keeping) -> str:
    mode = keeping.wish["mode"]
    return f'set by mode {mode}, which wants artists that {keeping.wish["user_id"]} has not played (modes.{mode}.artists = "new")'


def _feature_bounds(keeping: Keeping) -> str:
    bounds = keeping.wish["feature_bounds"] or {}
    outside = [
        f"{name} is {keeping.track[name]:.4g} where {_range(*bounds[name])} is wanted"
        for name in FEATURES
        if bounds.get(name) and keeping.track[name] is not None and not _within(keeping.track[name], *bounds[name])
    ]
    return f"{'; '.join(outside) or 'it has no audio features'}: set by feature_bounds {keeping.by_request}"


def _popularity(keeping: Keeping) -> str:
    low, high = keeping.wish["min_popularity"], keeping.wish["max_popularity"]
    return f"popularity is {keeping.track['popularity'] or 0:.4g} where {_range(low, high)} is wanted, {keeping.by_request}"


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"at most {high:.4g}" if high is not None else f"at least {low or 0:.4g}"
    return f"{low:.4g} to {high:.4g}"


_WORDS: dict[str, Callable[[Keeping], str]] = {
    "known": lambda _: "what the listener already likes, or a seed, is never listed",
    "rejected": lambda keeping: setting(keeping.settings, "hide_rejected"),
    "explicit": _explicit,
    "excluded_track": _excluded_track,
    "postponed": _postponed,
    "cooldown": lambda keeping: setting(keeping.settings, "cooldown_runs"),
    "excluded_artist": _excluded_artist,
    "excluded_genre": _excluded_genre,
    "known_artist": _known_artist,
    "feature_bounds": _feature_bounds,
    "popularity": _popularity,
    "version": lambda keeping: setting(keeping.settings, "song_identity"),
}
