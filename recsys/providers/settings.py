"""Where providers are reached and with which credentials: environment names, their defaults and their meaning.

Every field is an environment variable of the same name in capitals, also read from ``.env`` in the working folder (the
environment wins). Secrets are :class:`pydantic.SecretStr`: they show as ``**********`` in a repr, a log or an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Json, SecretStr, ValidationError

from recsys import sources
from recsys.errors import UsageError


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address that starts with http:// or https:// is needed")
    return value.rstrip("/")


_Address = Annotated[str, AfterValidator(_web_address)]
_Hours = Annotated[float, Field(gt=0, le=24 * 365, allow_inf_nan=False)]


class ProviderSettings(BaseModel):
    """Access to every provider. Nothing is required: each provider says what it lacks when it is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    spotify_client_id: str | None = None
    """Client id of your Spotify app."""
    spotify_client_secret: SecretStr | None = None
    """Client secret of your Spotify app; not needed for `recsys providers login`."""
    spotify_bearer_token: SecretStr | None = None
    """Access token obtained elsewhere; used as it is and never refreshed."""
    spotify_token_file: Path = Path("~/.config/recsys/spotify.json")
    """Where `recsys providers login` keeps the user's token, readable by the owner alone; never inside the lake."""
    spotify_redirect_port: Annotated[int, Field(ge=1024, le=65535)] = 8888
    """Local port of the login answer; register http://127.0.0.1:PORT/callback in your Spotify app."""
    spotify_market: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    """Two-letter country whose catalogue is asked."""
    spotify_workers: Annotated[int, Field(ge=1, le=32)] = 8
    """Requests under way at the same time where Spotify allows only one track a call."""
    spotify_api_url: _Address = "https://api.spotify.com/v1"
    spotify_accounts_url: _Address = "https://accounts.spotify.com"

    spotify_unplayable: Literal["leave out", "keep"] = "leave out"
    """What becomes of tracks that Spotify marks as not playable in your market: `rejects`, or the catalogue like others."""

    spotify_webplayer: bool = False
    """Whether the web player may be asked where the official access is missing or refused. Spotify's terms forbid it."""
    spotify_pathfinder_method: Literal["GET", "POST"] | None = None
    """How its GraphQL endpoint is asked; default: POST where the address ends in /v2/query, else GET."""
    spotify_webplayer_secrets: SecretStr | None = None
    """JSON object: version → TOTP cipher (a string, a list of character codes, or `base32:…`), the one to try first leading."""
    spotify_webplayer_hashes: Json[dict[str, str]] = Field(default_factory=dict)
    """JSON object: GraphQL operation → SHA-256 of its persisted query, where the built-in ones are outdated."""
    spotify_webplayer_version: str = "1.2.62.97.g35a52a31"
    """Version the web player claims to be."""
    spotify_webplayer_url: _Address = "https://open.spotify.com"
    spotify_pathfinder_url: _Address = "https://api-partner.spotify.com/pathfinder/v1/query"
    spotify_clienttoken_url: _Address = "https://clienttoken.spotify.com/v1/clienttoken"

    musicbrainz_app_name: str | None = None
    """Name of your installation, sent to MusicBrainz as they require."""
    musicbrainz_contact: str | None = None
    """Your e-mail or web address, sent to MusicBrainz as they require."""
    musicbrainz_url: _Address = "https://musicbrainz.org/ws/2"

    listenbrainz_token: SecretStr | None = None
    """Your ListenBrainz token; only raises limits, public listens need none."""
    listenbrainz_url: _Address = "https://api.listenbrainz.org"
    listenbrainz_labs_url: _Address = "https://labs.api.listenbrainz.org"
    listenbrainz_similarity: str = "session_based_days_9000_session_300_contribution_5_threshold_15_limit_50_skip_30"
    """Algorithm of similar recordings; the service lists the valid names when this one is gone."""

    lastfm_api_key: SecretStr | None = None
    """Key of your Last.fm API account; without one Last.fm is not asked."""
    lastfm_url: _Address = "https://ws.audioscrobbler.com/2.0"
    deezer_url: _Address = "https://api.deezer.com"
    reccobeats_url: _Address = "https://api.reccobeats.com/v1"
    subsonic_url: _Address | None = None
    """Address of your Subsonic server, such as Navidrome."""
    subsonic_user: str | None = None
    subsonic_password: SecretStr | None = None
    jellyfin_url: _Address | None = None
    """Address of your Jellyfin server."""
    jellyfin_token: SecretStr | None = None
    """API key of your Jellyfin server."""
    jellyfin_user: str | None = None
    """Id of the Jellyfin user who gets the playlists."""
    songlink_api_key: SecretStr | None = None
    """Song.link key; without one Song.link is not asked."""
    songlink_url: _Address = "https://api.song.link/v1-alpha.1"

    provider_cache_ttl_hours: _Hours = 24
    """Hours for which a stored answer counts as fresh."""
    provider_limits_file: Path = Path("~/.cache/recsys/limits.sqlite")
    """Where all processes of this user keep one pace per provider."""


_NAMES = {name.upper(): name for name in ProviderSettings.model_fields}
"""Environment variable → field."""


def load(*, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> ProviderSettings:
    """Settings from ``.env`` in ``folder`` (default: the working folder) and the environment, which wins.

    Raises :class:`UsageError` naming the variable; the value is never repeated, it may be a secret.
    """
    folder = Path.cwd() if folder is None else folder
    values: dict[str, object] = {}
    for _, layer in sources.variables(_NAMES, folder=folder, environment=environment):
        values.update({_NAMES[name]: value for name, value in layer.items()})
    try:
        return ProviderSettings.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0]).upper() if problem["loc"] else "a provider setting"
        raise UsageError(f"{name}: {problem['msg']}; correct it in the environment or in {folder / '.env'}") from None
