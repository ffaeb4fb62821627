"""ReccoBeats: audio features on Spotify's scales, without a key, 40 tracks a call.

The service does not say where its values come from; they equal Spotify's old ones. It answers in any order, leaves out what it
does not know, and may answer twice about one ISRC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from recsys.providers.access import Access
from recsys.providers.answers import Answers, listed
from recsys.providers.facts import CHUNK, Facts, Listing, Row
from recsys.providers.http import Service
from recsys.providers.lenient import Lenient, readable
from recsys.providers.spotify.answers import Features, isrc
from recsys.tables import FEATURES

_BATCH = 40
"""Ids in one call; more are silently dropped."""
SUPPLIED = tuple(name for name in FEATURES if name != "time_signature")


class _Measured(Features):
    href: str = ""
    isrc: str | None = None

    @property
    def spotify_id(self) -> str:
        return self.href.rpartition("/")[2]


class Content(BaseModel):
    content: Lenient[_Measured] = Field(default_factory=list)


class ReccoBeats:
    """Enricher of audio features by Spotify id, else by ISRC."""

    name = "reccobeats"
    chunk = CHUNK

    @property
    def access(self) -> str:
        return "ReccoBeats, open"

    def __init__(self, access: Access, *, force: bool = False) -> None:
        self.api = Service(access, self.name, access.settings.reccobeats_url)
        self.answers = Answers(access.cache, self.name, access.refresh)
        self._force = force

    def wants(self, row: Row) -> bool:
        return _key(row) is not None and (self._force or any(row.get(name) is None for name in SUPPLIED))

    def enrich(self, rows: Sequence[Row]) -> Listing:
        keys = {str(row["id"]): key for row in rows if (key := _key(row)) is not None}
        harvest = self.answers.many("features", list(keys.values()), _Measured, self._load, size=_BATCH)
        return listed(keys, harvest, _facts, "ReccoBeats does not know this track")

    def _load(self, keys: Sequence[str]) -> Mapping[str, _Measured]:
        content = self.api.get(Content, "/audio-features", {"ids": ",".join(keys)}).content
        wanted, known = set(keys), {}
        for measured in sorted(readable(content), key=lambda one: one.id or "", reverse=True):
            known.update({key: measured for key in (measured.spotify_id, isrc(measured.isrc)) if key in wanted})
        return {str(key): measured for key, measured in known.items()}


def _key(row: Row) -> str | None:
    return str(row["spotify_id"]) if row.get("spotify_id") else isrc(str(row["isrc"])) if row.get("isrc") else None


def _facts(name: str, measured: _Measured, stale: bool) -> Facts:
    fields = {"isrc": isrc(measured.isrc), **{name: getattr(measured, name) for name in SUPPLIED}}
    return Facts(name, ReccoBeats.name, fields, stale)
