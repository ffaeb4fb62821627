"""The web player's tokens: from a one-time code where a secret is configured, else the one an embed page carries.

Tokens live in memory alone.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress

from pydantic import BaseModel, Field

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.errors import MalformedError, UnauthorizedError
from recsys.providers.http import Params, Service
from recsys.providers.reply import Reply
from recsys.providers.webplayer.answers import Entity, Session, embedded
from recsys.providers.webplayer.totp import code, parse_secrets

_EARLY = 60.0
"""Seconds before its end at which a token is renewed."""
TRIES = 2
"""Secret versions tried before giving up."""
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANY_PAGE = "track/4uLU6hMCjMI75M1A2tKUQC"
"""Page asked for a session when none was read yet."""


class ExpiredVersionError(UnauthorizedError):
    """The secret's version is no longer accepted."""


class ServerTime(BaseModel):
    seconds: float = Field(alias="serverTime")


class PlayerToken(Session):
    client_id: str = Field("", alias="clientId")


class Grant(BaseModel):
    token: str


class ClientToken(BaseModel):
    granted: Grant = Field(alias="granted_token")


class Pages(Service):
    """open.spotify.com: the token endpoint, its clock, and embed pages."""

    def __init__(self, access: Access) -> None:
        referer = access.settings.spotify_webplayer_url + "/"
        super().__init__(
            access,
            "webplayer",
            access.settings.spotify_webplayer_url,
            headers={"User-Agent": BROWSER, "Referer": referer, "App-Platform": "WebPlayer"},
        )

    def embed(self, page: str) -> tuple[Entity, Session]:
        """Entity and session of ``KIND/ID``."""
        body = self.call("GET", f"/embed/{page}", headers={"Accept": "text/html"}).body
        try:
            return embedded(body)
        except ProviderError as error:
            raise self.failed(error) from None
        except ValueError:
            raise self.failed(MalformedError(f"webplayer: /embed/{page}: the page has changed and cannot be read")) from None

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        if path == "/api/token" and reply.status == 400:
            if "totpVerExpired" in reply.error:
                return ExpiredVersionError("webplayer: this version of the secret has expired")
            return UnauthorizedError("webplayer: the one-time code was refused: secret or clock are wrong")
        return super().refusal(path, family, reply)


class PlayerAuth:
    """Headers for the GraphQL endpoint; several threads share one token."""

    def __init__(self, access: Access, pages: Pages) -> None:
        self.settings, self.clock, self.pages = access.settings, access.clock, pages
        self.page = ANY_PAGE
        """Embed page whose session is used where no secret is configured."""
        self._grants = Service(access, "webplayer", access.settings.spotify_clienttoken_url)
        self._headers: dict[str, str] = {}
        self._ends = 0.0
        self._lock = threading.Lock()

    @property
    def mode(self) -> str:
        return "totp" if self.settings.spotify_webplayer_secrets else "embed"

    def headers(self) -> dict[str, str]:
        with self._lock:
            if not self._headers or self.clock() > self._ends - _EARLY:
                self._headers = self._fetch()
            return dict(self._headers)

    def renew(self, used: Mapping[str, str]) -> bool:
        with self._lock:
            if used.get("Authorization") == self._headers.get("Authorization"):
                self._headers = {}
        return True

    def adopt(self, session: Session) -> None:
        """Uses the session of an embed page that was read anyway."""
        with self._lock:
            if self.mode == "embed" and not self._headers and session.token:
                self._headers = self._carried(session)

    def _fetch(self) -> dict[str, str]:
        session = self._by_code() if self.mode == "totp" else self.pages.embed(self.page)[1]
        if not session.token:
            raise UnauthorizedError("webplayer: no token was given")
        return self._carried(session)

    def _carried(self, session: Session) -> dict[str, str]:
        self._ends = (session.ends or 0.0) / 1000 or self.clock() + 600
        headers = {"Authorization": f"Bearer {session.token}", "App-Platform": "WebPlayer"}
        if isinstance(session, PlayerToken) and session.client_id:
            # Some answers come without this token too, so its failure is not the end.
            with suppress(ProviderError):
                headers["client-token"] = self._client_token(session.client_id)
        return headers

    def _by_code(self) -> PlayerToken:
        secret = self.settings.spotify_webplayer_secrets
        versions = parse_secrets(secret.get_secret_value() if secret else "{}")[:TRIES]
        for version, key in versions:
            with suppress(ExpiredVersionError):
                return self._token(version, code(key, self._server_time()))
        raise UnauthorizedError(
            "webplayer: the secret has been rotated; put the current version into SPOTIFY_WEBPLAYER_SECRETS, "
            "or unset it to read embed pages only"
        )

    def _token(self, version: int, digits: str) -> PlayerToken:
        params: Params = {"reason": "init", "productType": "web-player", "totp": digits, "totpServer": digits, "totpVer": version}
        return self.pages.get(PlayerToken, "/api/token", params)

    def _server_time(self) -> float:
        try:
            return self.pages.get(ServerTime, "/api/server-time").seconds
        except ProviderError:
            return self.clock()

    def _client_token(self, client_id: str) -> str:
        device = {"device_brand": "unknown", "device_model": "unknown", "os": "linux", "os_version": "unknown"}
        data = {
            "client_version": self.settings.spotify_webplayer_version,
            "client_id": client_id,
            "js_sdk_data": {**device, "device_id": str(uuid.uuid4()), "device_type": "computer"},
        }
        return self._grants.post(ClientToken, "", json={"client_data": data}, family="clienttoken").granted.token
