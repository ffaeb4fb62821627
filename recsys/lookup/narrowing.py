"""Leaving tracks out of a stored list. The stored pool fills the gaps; a list is never longer or wider than it was stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from recsys.lookup.languages import POOL_REASONS
from recsys.lookup.names import DIGITS, OLD_PARTS
from recsys.lookup.query import Query
from recsys.lookup.reader import Listed, Reader
from recsys.matrices.tokens import token
from recsys.names import work_name


def narrowed(reader: Reader, listed: Listed, query: Query) -> list[dict[str, Any]]:
    """The rows that remain, in the order of the list, then the best of the pool that pass, numbered anew from 1.

    At most as many as the list had. Rows from the pool have the reason and source ``pool`` and no explanation; they keep the
    run's limits of tracks per artist and of one version per song.
    """
    rows = orjson.loads(b"[%b]" % reader.rows(listed, 0, listed.rows_count))
    wanted = _Wanted(query)
    kept = [row for row in rows if wanted(row["track"])]
    limits = Limits(reader, [row["track"] for row in kept])
    for row in _from_pool(reader, listed, set(reader.ranked(listed))):
        if len(kept) >= listed.rows_count:
            break
        if wanted(row["track"]) and limits.take(row["track"]):
            kept.append(row)
    for rank, row in enumerate(kept, 1):
        row["rank"] = rank
    return kept


class _Wanted:
    """Whether a track passes a query. Names are compared without case and outer spaces, artists by every credit."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._tracks = set(query.exclude_track)
        self._artists = {token(name) for name in query.exclude_artist}
        self._genres = {token(name) for name in query.exclude_genre}

    def __call__(self, track: dict[str, Any]) -> bool:
        query, popularity = self._query, track["popularity"] or 0.0
        return (
            (query.include_explicit or not track["explicit"])
            and (query.min_popularity is None or popularity >= query.min_popularity)
            and (query.max_popularity is None or popularity <= query.max_popularity)
            and track["id"] not in self._tracks
            and self._artists.isdisjoint(credited(track))
            and self._genres.isdisjoint(map(token, track["genres"] or ()))
        )


def credited(track: dict[str, Any]) -> set[str]:
    """Every name a track is credited to, as names are compared."""
    return {token(name) for name in (track["artist"], *(track["artists"] or ())) if name}


class Limits:
    """The run's own limits on a list: tracks per credited artist, one version of a song."""

    def __init__(self, reader: Reader, tracks: list[dict[str, Any]]) -> None:
        settings = reader.run.manifest.settings
        self._most = settings.get("max_per_artist")
        self._once = settings.get("one_version_per_song")
        self._artists: dict[str, int] = {}
        self._works: set[str] = set()
        for track in tracks:
            self._add(track)

    def take(self, track: dict[str, Any]) -> bool:
        """Count the track in when it stays within the limits; says whether it does."""
        full = self._most and any(self._artists.get(name, 0) >= self._most for name in credited(track))
        if full or (self._once and not self._works.isdisjoint(_works(track))):
            return False
        self._add(track)
        return True

    def _add(self, track: dict[str, Any]) -> None:
        self._works.update(_works(track))
        for name in credited(track):
            self._artists[name] = self._artists.get(name, 0) + 1


def _works(track: dict[str, Any]) -> set[str]:
    """Names that all versions of the track's song share: the song's, and the title's with the first artist's."""
    name = work_name(next(iter(track["artists"] or ()), track["artist"]), track["title"])
    return {track["song_key"] or track["id"], *([name] if name else [])}


def _from_pool(reader: Reader, listed: Listed, ranked: set[int]) -> Iterator[dict[str, Any]]:
    for number, values in reader.pool(listed):
        if number not in ranked:
            score, *rounded = (round(value, DIGITS) for value in values)
            yield {
                "track": reader.track(number),
                "because": None,
                "score": score,
                "rank": 0,
                "reason": POOL_REASONS[reader.language],
                "reason_code": "pool",
                "reason_args": None,
                "supporters": None,
                "because_rest": None,
                "source": "pool",
                "score_breakdown": {**dict(zip(OLD_PARTS[1:], rounded, strict=True)), "diversity": 0.0, "final": score},
                "points": None,
                "explanation": None,
            }
