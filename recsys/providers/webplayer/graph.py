"""The web player's GraphQL endpoint: queries that are named by a hash, and answers with errors of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import BaseModel, Field

from recsys.errors import ProviderError
from recsys.providers.errors import MalformedError
from recsys.providers.http import Service
from recsys.providers.reply import Reply

HASHES = {
    "getTrack": "612585ae06ba435ad26369870deaae23b5c8800a256cd8a57e08eddc25a37294",
    "getAlbum": "b9bfabef66ed756e5e13f68a942deb60bd4125ec1f1be8cc42769dc0259b4b10",
    "fetchPlaylist": "a65e12194ed5fc443a1cdebed5fabe33ca5b07b987185d63c72483867ad13cb4",
    "queryArtistOverview": "ae0e2958a4ab645b35ca19ac04d0495ae12d9c5d7b7286217674801a9aab281a",
    "searchDesktop": "fcad5a3e0d5af727fb76966f06971c19cfa2275e6ff7671196753e008611873c",
}
"""Operation → SHA-256 of its query as the web player registers it; replaced by SPOTIFY_WEBPLAYER_HASHES when outdated."""


class GraphError(BaseModel):
    message: str = ""


class Graph(BaseModel):
    """A GraphQL answer: one union by name, or errors."""

    data: dict[str, object] | None = None
    errors: list[GraphError] = Field(default_factory=list)


class GraphService(Service):
    """The GraphQL endpoint. Queries are named by their hash, and hashes change."""

    def ask(self, operation: str, variables: Mapping[str, object], sha: str) -> Graph:
        """The answer to a persisted query. Raises :class:`MalformedError` naming the setting when its hash is outdated."""
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha}}
        if self._posts():
            body = {"operationName": operation, "variables": variables, "extensions": extensions}
            answer = self.post(Graph, "", json=body, family=operation)
        else:
            packed = {"variables": variables, "extensions": extensions}
            params = {name: json.dumps(value, separators=(",", ":")) for name, value in packed.items()}
            answer = self.get(Graph, "", {"operationName": operation, **params}, family=operation)
        if any(_outdated(error.message) for error in answer.errors):
            raise self.failed(_rotated(operation))
        return answer

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        if reply.status == 412 or _outdated(reply.body[:2000].decode("utf-8", "replace")):
            return _rotated(family)
        return super().refusal(path, family, reply)

    def _posts(self) -> bool:
        settings = self.access.settings
        chosen = settings.spotify_pathfinder_method
        return chosen == "POST" or (chosen is None and settings.spotify_pathfinder_url.endswith("/v2/query"))


def _outdated(text: str) -> bool:
    return any(words in text for words in ("PersistedQueryNotFound", "Invalid query hash", "PERSISTED_QUERY_NOT_FOUND"))


def _rotated(operation: str) -> MalformedError:
    return MalformedError(f"webplayer: the query {operation} has changed; put its new hash into SPOTIFY_WEBPLAYER_HASHES")
