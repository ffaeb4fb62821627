"""Which source a track's field comes from: an existing row and new facts → a new row and warnings.

Each field has its own order of sources, best first (:data:`ORDER`). A fact replaces a value of its own or a worse source; a
better source's value stays, and a different fact is reported. The row's ``provenance`` says per field who supplied it; a
matching decision is kept in it under ``decisions``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from recsys.providers.facts import Facts, Row
from recsys.tables import FEATURES, TRACKS

FROM_FILE = "file"
"""Source of a value without provenance in a catalogue row: the person's own file, better than any provider."""
MENTION = "mention"
"""Source of a value without provenance in a row only named by a listening history: worse than any provider."""

_TEXT = (FROM_FILE, "spotify", "webplayer", "musicbrainz", "canonical", "listenbrainz", MENTION)
_AUDIO = (FROM_FILE, "spotify", "reccobeats", "acousticbrainz", "deezer")
_ALL = "*"
"""Key of a provenance under which the source of every field stands that has none of its own."""
ORDER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("title", "artist", "artists", "album", "release_date", "duration_ms", "explicit"), _TEXT),
    **dict.fromkeys(FEATURES, _AUDIO),
    "genres": (FROM_FILE, "musicbrainz", "spotify", MENTION),
    "popularity": (FROM_FILE, "spotify", "listenbrainz"),
    "isrc": (FROM_FILE, "spotify", "musicbrainz", "reccobeats", "listenbrainz", MENTION),
    "mbid": (FROM_FILE, "musicbrainz", "canonical", "listenbrainz", MENTION),
    "spotify_id": (FROM_FILE, "spotify", "webplayer", "reccobeats", "listenbrainz", "songlink", MENTION),
}
"""Field → sources, best first. A source that is not named for a field does not supply it."""


def merge(existing: Row | None, facts: Facts) -> tuple[dict[str, object], list[str]]:
    """The row that results, with every column of ``tracks``, and one warning per fact that a better source overrules.

    Without ``existing`` the row is new. An unchanged row comes back equal to ``existing``.
    """
    row: dict[str, object] = {name: (existing or {}).get(name) for name in TRACKS.names}
    row["id"] = row["id"] or facts.id
    sources, decisions = provenance(row)
    warnings = []
    for name, value in facts.fields.items():
        if value in (None, [], "") or facts.source not in ORDER[name]:
            continue
        if row[name] is None or (not facts.stale and _rank(name, facts.source) <= _rank(name, sources[name])):
            row[name], sources[name] = value, facts.source
        elif row[name] != value and sources[name] != facts.source:
            warnings.append(f"{row['id']}: {name} kept from {sources[name]}; {facts.source} says {value!r}")
    if facts.decision is not None:
        decisions[facts.source] = dict(facts.decision)
    row["origin"] = "catalog"
    row["provenance"] = _written(row, sources, decisions, _default(row))
    return row, warnings


def provenance(row: Row) -> tuple[dict[str, str], dict[str, object]]:
    """Source of each filled field, and the matching decisions by source."""
    written = json.loads(str(row.get("provenance") or "{}"))
    decisions = written.pop("decisions", {})
    unnamed = written.get(_ALL) or (MENTION if row.get("origin") == "mention" else FROM_FILE)
    return {name: written.get(name, unnamed) for name in ORDER if row.get(name) is not None}, decisions


def without(row: Row, source: str) -> dict[str, object] | None:
    """The row without what one source supplied; None when no title, artist or id of another source is left."""
    sources, decisions = provenance(row)
    left: dict[str, object] = {name: None if sources.get(name) == source else row.get(name) for name in TRACKS.names}
    decisions.pop(source, None)
    others = {name: origin for name, origin in sources.items() if origin != source}
    default = _default(row)
    left["provenance"] = _written(left, others, decisions, None if default == source else default)
    return left if any(left[name] is not None for name in ("title", "artist", "mbid", "spotify_id")) else None


def _rank(name: str, source: str) -> int:
    order = ORDER[name]
    return order.index(source) if source in order else len(order)


def _default(row: Row) -> str | None:
    """The source under :data:`_ALL`."""
    source = json.loads(str(row.get("provenance") or "{}")).get(_ALL)
    return str(source) if source else None


def _written(row: Row, sources: Mapping[str, str], decisions: Mapping[str, object], default: str | None) -> str | None:
    unnamed = (default,) if default else (FROM_FILE, MENTION)
    named = {name: source for name, source in sources.items() if row.get(name) is not None and source not in unnamed}
    content = {**named, **({_ALL: default} if default else {}), **({"decisions": decisions} if decisions else {})}
    return json.dumps(content, sort_keys=True, ensure_ascii=False) if content else None
