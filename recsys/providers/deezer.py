"""Deezer by ISRC: beats per minute, and ISRCs checked by the title there; keyless, one track a call."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.answers import Answers, gather_answers
from recsys.providers.errors import MissingError
from recsys.providers.facts import CHUNK, Facts, Listing, Row, Skip
from recsys.providers.http import Service, quoted_path
from recsys.providers.musicbrainz.matching import similarity, text, wanted_of
from recsys.providers.musicbrainz.titles import parse
from recsys.providers.reply import Reply
from recsys.providers.spotify.answers import isrc

_WORKERS = 4
_LEAST = 0.6
"""Least similarity of the titles; below it the ISRC is another recording's."""


class _Artist(BaseModel):
    name: str = ""


class _Refusal(BaseModel):
    code: int = 0
    message: str = ""


class _Track(BaseModel):
    """One track; an error comes with status 200."""

    error: _Refusal | None = None
    title: str = ""
    artist: _Artist = _Artist()
    bpm: float | None = None
    duration: int | None = None


class _Api(Service):
    def track(self, code: str) -> _Track:
        """Raises :class:`MissingError` for a code that Deezer does not know."""
        path = quoted_path("/track/isrc:{}", code)
        track = self.get(_Track, path, family="track")
        if track.error is not None:
            raise self.judged(path, track.error)
        return track

    def judged(self, path: str, refusal: _Refusal) -> ProviderError:
        """What an error means: 800 = no data, 4 = too many requests."""
        if refusal.code == 800:
            return MissingError(f"deezer: {path}: unknown")
        if refusal.code == 4:
            return self.block("track", 5.0, "too many requests")
        return super().refusal(path, "track", Reply(400, {}, refusal.model_dump_json().encode()))  # type: ignore[arg-type]


class Deezer:
    """Enricher of tempo by ISRC."""

    name = "deezer"
    chunk = CHUNK

    @property
    def access(self) -> str:
        return "Deezer, open"

    def __init__(self, access: Access, *, force: bool = False) -> None:
        self.api = _Api(access, self.name, access.settings.deezer_url)
        self.answers = Answers(access.cache, self.name, access.refresh)
        self._force = force

    def wants(self, row: Row) -> bool:
        return isrc(text(row, "isrc")) is not None and (self._force or row.get("tempo") is None)

    def enrich(self, rows: Sequence[Row]) -> Listing:
        return gather_answers(rows, self._about, _WORKERS)

    def _about(self, row: Row) -> Facts | Skip:
        name, code = str(row["id"]), isrc(text(row, "isrc")) or ""
        answer = self.answers.one("track", code, _Track, lambda: self.api.track(code))
        if answer.value is None or not answer.value.bpm:
            return Skip(name, "unknown", "Deezer does not know this recording or its tempo")
        wanted = wanted_of(row)
        if wanted.title and similarity(parse(wanted.title), parse(answer.value.title), short=True) < _LEAST:
            return Skip(name, "no_match", f"Deezer has {answer.value.title!r} by {answer.value.artist.name} under {code}")
        return Facts(name, self.name, {"tempo": answer.value.bpm}, answer.stale)
