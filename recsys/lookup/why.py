"""Why a track is, or is not, in a stored list: told from what the run stored, never by computing anew.

What only a computation can tell (which neighbours voted, what diversity preferred) is left to ``recsys why``, and said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import inf
from typing import Any

import orjson
import polars as pl

from recsys.errors import NotFoundError
from recsys.lookup.names import DIGITS, OLD_PARTS
from recsys.lookup.narrowing import credited
from recsys.lookup.reader import Listed, Listener, Reader
from recsys.matrices.tokens import fold, token
from recsys.readers.answer import not_a_candidate
from recsys.tables import COOLDOWN
from recsys.text import counted


def stored_why(reader: Reader, user_id: str, track_id: str, name: str) -> dict[str, Any]:
    """The answer for one listener, list and track. ``rule`` is the reason's code, the rule that dropped it, or ``undecided``.

    Raises :class:`NotFoundError` when there is no such list.
    """
    listener = reader.listener(user_id)
    listed = reader.find_list(listener, name)
    answer = {"user_id": user_id, "list": name, "track_id": track_id, "fallback": not listener.known, "track": None}
    try:
        number = reader.find_track(track_id)
    except NotFoundError:
        return {**answer, **_verdict("snapshot", "missing", "the catalogue of this run has no such track")}
    answer["track"] = track = reader.track(number)
    return answer | (
        _ranked(reader, listed, number)
        or _dropped(reader, listener, listed, track)
        or _pooled(reader, listed, number)
        or _undecided(listed, user_id, track_id, name)
    )


def _verdict(stage: str, rule: str, text: str, **more: Any) -> dict[str, Any]:
    return {"stage": stage, "rule": rule, "text": text, "rank": None, "score_rank": None, "row": None, "parts": None, **more}


def _ranked(reader: Reader, listed: Listed, number: int) -> dict[str, Any] | None:
    tracks = reader.ranked(listed)
    if number not in tracks:
        return None
    row = orjson.loads(reader.rows(listed, tracks.index(number), 1))
    del row["track"]
    return _verdict("rankings", row["reason_code"], row["reason"], rank=row["rank"], row=row, parts=row["score_breakdown"])


def _pooled(reader: Reader, listed: Listed, number: int) -> dict[str, Any] | None:
    for position, (track, values) in enumerate(reader.pool(listed), 1):
        if track == number:
            parts = {part: round(value, DIGITS) for part, value in zip(OLD_PARTS, values, strict=True)}
            text = (
                f"a candidate, number {position:,} by score: variety, the limit of tracks per artist, another version of the "
                "song, or the score kept it out; `recsys why` tells which"
            )
            return _verdict("rankings", "passed_over", text, score_rank=position, parts=parts | {"final": parts["score"]})
    return None


def _undecided(listed: Listed, user_id: str, track_id: str, name: str) -> dict[str, Any]:
    command = f"`recsys why {user_id} {track_id} --list {name}`"
    text = f"not among the {listed.pool_count:,} stored candidates; {command} computes the reason"
    return _verdict("candidates", "undecided", text)


def _dropped(reader: Reader, listener: Listener, listed: Listed, track: dict[str, Any]) -> dict[str, Any] | None:
    settings, controls, request = (
        reader.run.manifest.settings,
        orjson.loads(listener.controls),
        orjson.loads(reader.record(listed)),
    )
    rated = _rating(reader, controls["user_id"], track["id"]) if listener.known else None
    rules = _rules(settings, controls, request, track, rated, reader.run.manifest.as_of)
    rule = next((rule for rule, holds in rules if holds), None)
    if rule is None:
        return None
    text = not_a_candidate(rule, rated)
    if rated and rule in ("known", "rejected"):
        when = rated["last_at"]
        text += f"; {counted(rated['events'], 'event')}" + (f", the last on {when:%Y-%m-%d}" if when else "")
    return _verdict("candidates", rule, text)


def _rating(reader: Reader, user_id: str, track_id: str) -> dict[str, Any] | None:
    wanted = (pl.col("user_id") == user_id) & (pl.col("track_id") == track_id)
    rating = reader.run.scan("ratings").filter(wanted).collect()
    return rating.row(0, named=True) if rating.height else None


def _rules(
    settings: dict[str, Any],
    controls: dict[str, Any],
    request: dict[str, Any],
    track: dict[str, Any],
    rated: dict[str, Any] | None,
    as_of: datetime,
) -> Iterator[tuple[str, bool]]:
    """The drop rules in the order in which the run tests them, and whether each holds."""
    by_token = settings.get("exclusions") == "token"
    popularity, allowed = track["popularity"] or 0.0, controls["allow_explicit"] is not False
    included = allowed if request["include_explicit"] is None else request["include_explicit"]
    explicit_ok = included and (allowed or settings.get("blocked_explicit") != "hide")
    artist, genre = (token, token) if by_token else (str, fold)
    names = credited(track) if by_token else {track["artist"]}
    yield "known", bool(rated and rated["known"]) or track["id"] in (request["seed_track_ids"] or ())
    yield "rejected", bool(rated and rated["rejected"] and settings.get("hide_rejected"))
    yield "explicit", bool(track["explicit"]) and not explicit_ok
    yield "excluded_track", track["id"] in _both(controls["excluded_tracks"], request["excluded_track_ids"])
    put_off = (put for put in controls["postponed_tracks"] or () if put["track_id"] == track["id"])
    yield "postponed", any(_postponed(put, settings, as_of) for put in put_off)
    yield "cooldown", track["id"] in (request.get(COOLDOWN) or ())
    yield "excluded_artist", bool(names & set(map(artist, _both(controls["excluded_artists"], request["excluded_artist_ids"]))))
    own = set(map(genre, track["genres"] or ()))
    yield "excluded_genre", bool(own & set(map(genre, _both(controls["excluded_genres"], request["excluded_genres"]))))
    yield "popularity", not _bound(request["min_popularity"], -inf) <= popularity <= _bound(request["max_popularity"], inf)


def _bound(value: float | None, absent: float) -> float:
    return absent if value is None else value


def _both(one: list[str] | None, other: list[str] | None) -> list[str]:
    return [*(one or ()), *(other or ())]


def _postponed(put: dict[str, Any], settings: dict[str, Any], as_of: datetime) -> bool:
    return not settings.get("postponed_end") or put["until"] is None or datetime.fromisoformat(put["until"]) > as_of
