"""Tokens for Spotify's Web API: an external one, the user's own (authorization code with PKCE), or the app's.

Access tokens live in memory. The user's refresh token is kept in one file of mode 0600 outside the lake.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import BaseModel, ValidationError

from recsys.atomic import write_whole
from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError, UnauthorizedError
from recsys.providers.http import Service
from recsys.providers.reply import Reply
from recsys.providers.settings import ProviderSettings

_Mode = Literal["bearer", "user", "client", "none"]
SCOPES = (
    "playlist-read-private playlist-read-collaborative playlist-modify-private user-library-read user-follow-read user-top-read "
    "user-read-recently-played"
)
_EARLY = 60.0
"""Seconds before its end at which a token is renewed."""


class Token(BaseModel):
    access_token: str
    expires_in: float = 3600
    refresh_token: str | None = None


class _Stored(BaseModel):
    """What the token file holds."""

    client_id: str
    refresh_token: str


def token_mode(settings: ProviderSettings) -> _Mode:
    """Which credentials the settings give: an external token wins, then the user's login, then the app's own."""
    if settings.spotify_bearer_token:
        return "bearer"
    if stored(settings) is not None:
        return "user"
    return "client" if settings.spotify_client_id and settings.spotify_client_secret else "none"


def stored(settings: ProviderSettings) -> _Stored | None:
    """The user's login, if there is one that can be read and belongs to the configured app."""
    try:
        token = _Stored.model_validate_json(settings.spotify_token_file.expanduser().read_bytes())
    except (OSError, ValidationError):
        return None
    return token if settings.spotify_client_id in (None, token.client_id) else None


def _store(settings: ProviderSettings, login: _Stored) -> Path:
    """Writes the login where only its owner can read it."""
    path = settings.spotify_token_file.expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, login.model_dump_json().encode(), 0o600)
    return path


class Accounts(Service):
    """The token endpoint. Its error object is a word, not the Web API's object."""

    def __init__(self, access: Access) -> None:
        super().__init__(access, "spotify", access.settings.spotify_accounts_url)

    def token(self, client: ClientAuth, grant: str, **parameters: str) -> Token:
        """The answer to one grant of RFC 6749; ``client`` says who asks, with its secret or by its bare id."""
        body = prepare_token_request(grant, **parameters)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        _, headers, body = client.prepare("POST", f"{self.base_url}api/token", headers, body)
        return self.post(Token, "/api/token", content=body, headers=headers, family="token")

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        word = str(reply.error.get("message", ""))
        if word == "invalid_grant":
            return UnauthorizedError("spotify: the login has ended (it lasts 6 months); run: recsys providers login")
        if word in ("invalid_client", "unauthorized_client"):
            return UnauthorizedError("spotify: client id or secret are wrong; check SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET")
        return super().refusal(path, family, reply)


def _public(client_id: str) -> ClientAuth:
    """A client without a secret: its id stands in the body."""
    return ClientAuth(client_id, None, "none")


class SpotifyAuth:
    """Bearer headers for the configured mode; several threads share one token and renew it once."""

    def __init__(self, access: Access) -> None:
        self.settings, self.clock = access.settings, access.clock
        self.mode = token_mode(self.settings)
        self._accounts = Accounts(access)
        self._token: Token | None = None
        self._failure: ProviderError | None = None
        self._ends = 0.0
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        """A word for this access that is not secret: what an endpoint refuses to one app, it may allow to another."""
        return hashlib.sha256(f"{self.mode}:{self.settings.spotify_client_id}".encode()).hexdigest()[:12]

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._current()}"}

    def renew(self, used: Mapping[str, str]) -> bool:
        if self.mode == "bearer":
            return False
        with self._lock:
            if self._token is not None and used.get("Authorization") == f"Bearer {self._token.access_token}":
                self._token = None
        return True

    def _current(self) -> str:
        if self.settings.spotify_bearer_token:
            return self.settings.spotify_bearer_token.get_secret_value()
        with self._lock:
            if self._token is None or self.clock() > self._ends - _EARLY:
                self._token = self._fetch()
                self._ends = self.clock() + self._token.expires_in
            return self._token.access_token

    def _fetch(self) -> Token:
        """A new token. What kept it from being had is remembered for the run: a refused secret is not sent for every track."""
        if self._failure is not None:
            raise self._failure
        try:
            return self._user_token() if self.mode == "user" else self._client_token()
        except ProviderError as error:
            self._failure = error
            raise

    def _client_token(self) -> Token:
        secret = self.settings.spotify_client_secret
        if not (self.settings.spotify_client_id and secret):
            raise NotConfiguredError("spotify: set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, or run: recsys providers login")
        client = ClientAuth(self.settings.spotify_client_id, secret.get_secret_value(), "client_secret_basic")
        return self._accounts.token(client, "client_credentials")

    def _user_token(self) -> Token:
        login = stored(self.settings)
        if login is None:
            raise UnauthorizedError("spotify: the login is gone; run: recsys providers login")
        token = self._accounts.token(_public(login.client_id), "refresh_token", refresh_token=login.refresh_token)
        if token.refresh_token and token.refresh_token != login.refresh_token:
            _store(self.settings, _Stored(client_id=login.client_id, refresh_token=token.refresh_token))
        return token


class Login:
    """One login with PKCE (RFC 7636): show :attr:`address` to the user, then hand the code to :meth:`finish`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        settings = access.settings
        if not settings.spotify_client_id:
            raise NotConfiguredError("spotify: set SPOTIFY_CLIENT_ID to the client id of your Spotify app, then log in again")
        self.client_id = settings.spotify_client_id
        self.redirect = f"http://127.0.0.1:{settings.spotify_redirect_port}/callback"
        self.state, self._verifier = generate_token(32), generate_token(86)

    @property
    def address(self) -> str:
        address: str = prepare_grant_uri(
            f"{self._access.settings.spotify_accounts_url}/authorize",
            self.client_id,
            "code",
            self.redirect,
            SCOPES,
            self.state,
            code_challenge_method="S256",
            code_challenge=create_s256_code_challenge(self._verifier),
        )
        return address

    def finish(self, code: str, state: str) -> Path:
        """Exchanges the code and stores the login; returns its file. Raises :class:`UnauthorizedError` for a foreign answer."""
        if not secrets.compare_digest(state.encode("utf-8", "surrogateescape"), self.state.encode()):
            raise UnauthorizedError("spotify: the answer does not belong to this login; start again: recsys providers login")
        proof = {"code": code, "redirect_uri": self.redirect, "code_verifier": self._verifier}
        token = Accounts(self._access).token(_public(self.client_id), "authorization_code", **proof)
        if not token.refresh_token:
            raise UnauthorizedError("spotify: the login gave no refresh token; start again: recsys providers login")
        return _store(self._access.settings, _Stored(client_id=self.client_id, refresh_token=token.refresh_token))
