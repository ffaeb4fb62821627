"""MusicBrainz as an enricher: ids, genres, ISRC and dates of tracks that the catalogue has.

One request a second, an identifying User-Agent, and two readings of a 503: our own limit is waited for by all, a busy server by
the question that met it. Since August 2026 a third to a half of the answers are of that kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import TypeVar

from pydantic import BaseModel

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.answers import Answers, gather_answers
from recsys.providers.errors import MissingError, NotConfiguredError
from recsys.providers.facts import CHUNK, Facts, Listing, Row, Skip
from recsys.providers.http import Params, Service, quoted_path
from recsys.providers.lenient import readable
from recsys.providers.musicbrainz.answers import Artist, Recording, Recordings, Resource, by_votes, escape
from recsys.providers.musicbrainz.matching import Match, Wanted, best_match, text, wanted_of
from recsys.providers.musicbrainz.titles import parse
from recsys.providers.reply import Reply
from recsys.providers.spotify import links
from recsys.providers.spotify.answers import isrc, release_date
from recsys.providers.spotify.links import Link

M = TypeVar("M", bound=BaseModel)

HITS = 25
OWN_LIMIT_SECONDS = 3.0
"""Pause after exceeding the allowed rate."""
_WORKERS = 4
"""Requests under way at the same time; their starts are still a second apart."""
RECORDING_INC = "artist-credits isrcs genres tags"
ISRC_INC: Params = {"inc": "artist-credits isrcs"}


class WebService(Service):
    attempts = 5
    first_wait, longest_pause = 1.0, 15.0
    busy_calls = 4
    busy_rest = 900.0

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        """A 503 is either our own limit, which every thread waits for, or a busy server, which this question waits for."""
        if reply.status == 503:
            if self.wait_asked(reply) or not _busy(reply):
                self.limiter.pause(OWN_LIMIT_SECONDS)
                return self.limited(family, reply)
            return self.busy(f"musicbrainz: {path}: the server is busy")
        return super().refusal(path, family, reply)


def _busy(reply: Reply) -> bool:
    """Whether the server turned away requests of everybody."""
    return any(word in reply.headers.get("x-ratelimit-zone", "") for word in ("global", "search")) or "busy" in reply.error.get(
        "message", ""
    )


class MusicBrainz:
    """Enricher over the web service (WS/2)."""

    name = "musicbrainz"
    chunk = CHUNK

    @property
    def access(self) -> str:
        return "MusicBrainz's web service"

    def __init__(self, access: Access, *, force: bool = False) -> None:
        self.api = WebService(access, self.name, access.settings.musicbrainz_url, headers={"User-Agent": user_agent(access)})
        self.answers = Answers(access.cache, self.name, access.refresh)
        self._force = force

    def wants(self, row: Row) -> bool:
        return bool(row.get("isrc") or (row.get("title") and row.get("artist"))) and (
            self._force or row.get("mbid") is None or row.get("genres") is None
        )

    def enrich(self, rows: Sequence[Row]) -> Listing:
        return gather_answers(rows, self._about, _WORKERS)

    def resolve(self, address: str) -> Link:
        """The Spotify track of another service's link, by the relations people entered. Raises :class:`MissingError`."""
        params: Params = {"resource": address, "inc": "recording-rels"}
        answer = self.answers.one("url", address, Resource, lambda: self._get(Resource, "/url", params))
        for relation in answer.value.relations if answer.value else ():
            if relation.recording and (link := self._spotify_link(relation.recording.id)):
                return link
        raise MissingError(f"musicbrainz: no Spotify track is known for {address}")

    def _spotify_link(self, mbid: str) -> Link | None:
        answer = self.answers.one(
            "links", mbid, Recording, lambda: self._get(Recording, quoted_path("/recording/{}", mbid), {"inc": "url-rels"})
        )
        addresses = [relation.url.resource for relation in answer.value.relations if relation.url] if answer.value else []
        return next((links.parse_link(address) for address in addresses if "open.spotify.com/track/" in address), None)

    def _about(self, row: Row) -> Facts | Skip:
        match, how, score = self._match(row)
        if match is None:
            return Skip(str(row["id"]), "no_match", f"no recording matches well enough (best score {score:.2f})")
        recording, stale = self._recording(match.recording.id)
        decision = {
            "by": how,
            "score": round(match.score, 3),
            "recordings": list(match.same),
            "artists": [credit.artist.id for credit in recording.credits],
        }
        return Facts(str(row["id"]), self.name, self._fields(recording), stale, decision)

    def _match(self, row: Row) -> tuple[Match | None, str, float]:
        wanted = wanted_of(row)
        score = 0.0
        if code := isrc(text(row, "isrc")):
            match, score = best_match(
                wanted, self._recordings("isrc", code, quoted_path("/isrc/{}", code), ISRC_INC), by_isrc=True
            )
            if match:
                return match, "isrc", score
        for query in queries(wanted):
            match, seen = best_match(wanted, self._recordings("search", query, "/recording", {"query": query, "limit": HITS}))
            score = max(score, seen)
            if match:
                return match, "search", score
        return None, "", score

    def _recordings(self, kind: str, key: str, path: str, params: Params) -> list[Recording]:
        answer = self.answers.one(kind, key, Recordings, lambda: self._get(Recordings, path, params))
        return readable(answer.value.recordings) if answer.value else []

    def _recording(self, mbid: str) -> tuple[Recording, bool]:
        answer = self.answers.one(
            "recording", mbid, Recording, lambda: self._get(Recording, quoted_path("/recording/{}", mbid), {"inc": RECORDING_INC})
        )
        if answer.value is None:
            raise MissingError(f"musicbrainz: recording {mbid} is gone")
        return answer.value, answer.stale

    def _fields(self, recording: Recording) -> dict[str, object]:
        return {
            "mbid": recording.id,
            "title": recording.title or None,
            "artist": recording.credit or None,
            "artists": recording.artists or None,
            "duration_ms": recording.length or None,
            "release_date": release_date(recording.first_release_date),
            "isrc": min((code for code in map(isrc, recording.isrcs) if code), default=None),
            "genres": self._genres(recording) or None,
        }

    def _genres(self, recording: Recording) -> list[str]:
        """The recording's genres, else its tags, else those of its first artist."""
        own = by_votes(recording.genres) or by_votes(recording.tags)
        if own or not recording.credits:
            return own
        mbid = recording.credits[0].artist.id
        answer = self.answers.one(
            "artist", mbid, Artist, lambda: self._get(Artist, quoted_path("/artist/{}", mbid), {"inc": "genres tags"})
        )
        return by_votes(answer.value.genres) or by_votes(answer.value.tags) if answer.value else []

    def _get(self, model: type[M], path: str, params: Params) -> M:
        family = "search" if path == "/recording" else path.split("/")[1]
        return self.api.get(model, path, {**params, "fmt": "json"}, family=family)


def user_agent(access: Access) -> str:
    """The User-Agent that MusicBrainz asks for. Raises :class:`NotConfiguredError` naming the settings."""
    name, contact = access.settings.musicbrainz_app_name, access.settings.musicbrainz_contact
    if not name or not contact:
        raise NotConfiguredError(
            "musicbrainz: set MUSICBRAINZ_APP_NAME and MUSICBRAINZ_CONTACT (an e-mail or web address); "
            "MusicBrainz refuses programs that do not say who they are"
        )
    return f"{name}/{version('recsys')} ( {contact} )"


def queries(wanted: Wanted) -> list[str]:
    """Searches for the track, the stricter one first: the core of its title as a phrase, then its words in any order."""
    if not (wanted.title and wanted.first_artist):
        return []
    title, artist = parse(wanted.title).text, escape(wanted.first_artist)
    return [
        f'recording:"{escape(title)}" AND artist:"{artist}"',
        f"recording:({escape(title)}) AND artist:({artist})",
    ]
