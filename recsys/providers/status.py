"""What each provider can do now, as data: for ``recsys providers``, for the lookup, for whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from recsys.providers.cache import Cache, State
from recsys.providers.settings import ProviderSettings
from recsys.providers.spotify.auth import token_mode


@dataclass(frozen=True)
class ProviderStatus:
    """One provider. ``mode``: which access it uses; ``blocked``: endpoint family (``*`` = all) → end of the block (UTC)."""

    name: str
    configured: bool
    mode: str
    available: bool
    last_error: str | None
    last_error_at: datetime | None
    blocked: dict[str, datetime]
    refused: tuple[str, ...]
    fresh: int
    stale: int
    hint: str


def statuses(settings: ProviderSettings, cache: Cache) -> list[ProviderStatus]:
    """Every provider, in a fixed order. Asks nobody; reads the settings and the cache only."""
    return [_status(name, *mode(settings), cache) for name, mode in _MODES.items()]


def _status(name: str, mode: str, hint: str, cache: Cache) -> ProviderStatus:
    state, now = cache.state(name), cache.clock()
    blocked = {family: _moment(until) for family, until in sorted(state.resting(now).items())}
    fresh, stale = cache.counts(name)
    configured = bool(mode)
    return ProviderStatus(
        name=name,
        configured=configured,
        mode=mode or "off",
        available=configured and state.disabled is None and "*" not in blocked,
        last_error=state.last_error,
        last_error_at=_moment(state.last_error_at) if state.last_error_at else None,
        blocked=blocked,
        refused=_refused(state),
        fresh=fresh,
        stale=stale,
        hint=state.disabled or ("" if configured else hint),
    )


def _refused(state: State) -> tuple[str, ...]:
    return tuple(sorted({name.partition(":")[2] for name in state.refused}))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _spotify(settings: ProviderSettings) -> tuple[str, str]:
    mode = token_mode(settings)
    return ("" if mode == "none" else mode), "set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, or run: recsys providers login"


def _webplayer(settings: ProviderSettings) -> tuple[str, str]:
    if not settings.spotify_webplayer:
        return "", "off; Spotify's terms forbid it; SPOTIFY_WEBPLAYER=1 turns it on"
    return ("totp" if settings.spotify_webplayer_secrets else "embed"), ""


def _musicbrainz(settings: ProviderSettings) -> tuple[str, str]:
    named = settings.musicbrainz_app_name and settings.musicbrainz_contact
    return ("named" if named else ""), "set MUSICBRAINZ_APP_NAME and MUSICBRAINZ_CONTACT"


def _songlink(settings: ProviderSettings) -> tuple[str, str]:
    return ("key" if settings.songlink_api_key else ""), "needs SONGLINK_API_KEY; new keys are not given out"


_MODES: dict[str, Callable[[ProviderSettings], tuple[str, str]]] = {
    "spotify": _spotify,
    "webplayer": _webplayer,
    "musicbrainz": _musicbrainz,
    "listenbrainz": lambda settings: ("token" if settings.listenbrainz_token else "open", ""),
    "lastfm": lambda settings: ("key" if settings.lastfm_api_key else "", "set LASTFM_API_KEY"),
    "deezer": lambda _: ("open", ""),
    "reccobeats": lambda _: ("open", ""),
    "songlink": _songlink,
}
