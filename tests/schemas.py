"""The JSON of answers, derived from the data contract: a schema for each thing that the lookup sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from recsys.lookup.query import _MOST_LIMIT
from recsys.lookup.rows_json import _TRACK, BREAKDOWN, OFFERS, ORIGINS
from recsys.tables import FEATURES, PARTS, TABLES, Column

Schema = dict[str, Any]


POINTS = "points that each part adds: their sum times safety, plus promotion, is the score; null for a row next by score"


def ref(name: str, kind: str = "schemas") -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def schema_of(column: Column) -> Schema:
    """The JSON of a column's values, with its meaning, unit and range."""
    schema = _typed(column.dtype)
    if schema.get("type") in ("number", "integer"):
        schema |= {key: bound for key, bound in (("minimum", column.low), ("maximum", column.high)) if bound is not None}
    if column.allowed:
        schema["enum"] = [*column.allowed]
    if column.null:
        schema["type"] = [schema["type"], "null"]
    return schema | {"description": f"{column.meaning}; {column.unit}" if column.unit else column.meaning}


def _typed(dtype: Any) -> Schema:
    if isinstance(dtype, pl.Struct):
        return record({field.name: nullable(_typed(field.dtype)) for field in dtype.fields})
    if isinstance(dtype, pl.List):
        return {"type": "array", "items": _typed(dtype.inner)}
    if isinstance(dtype, pl.Array):
        return {"type": "array", "items": _typed(dtype.inner), "minItems": dtype.size, "maxItems": dtype.size}
    if isinstance(dtype, pl.Datetime):
        return {"type": "string", "format": "date-time"}
    for kind, name in ((pl.Boolean, "boolean"), (pl.String, "string"), (pl.Date, "string")):
        if dtype == kind:
            return {"type": name}
    return {"type": "integer" if dtype.is_integer() else "number"}


def nullable(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def record(properties: Schema, description: str = "", required: Iterable[str] | None = None) -> Schema:
    """An object whose properties are all there unless ``required`` says otherwise."""
    schema = {"type": "object", "properties": properties, "required": [*(properties if required is None else required)]}
    return schema | ({"description": description} if description else {})


def columns(table: str, names: Sequence[str] | None = None) -> Schema:
    """Properties of all columns of a table, or of some in this order."""
    schemas = {column.name: schema_of(column) for column in TABLES[table]}
    return {name: schemas[name] for name in names or schemas}


TEXT, WHOLE, NUMBER, FLAG = ({"type": name} for name in ("string", "integer", "number", "boolean"))
MOMENT = {"type": "string", "format": "date-time"}


def schemas() -> Schema:
    return {
        "Problem": record(
            {
                "type": TEXT,
                "title": TEXT,
                "status": WHOLE,
                "detail": TEXT,
                "errors": listed(record({"where": TEXT, "detail": TEXT})),
            },
            "RFC 9457 problem document.",
            ("type", "title", "status", "detail"),
        ),
        "Run": _run(),
        **_tracks(),
        "TasteProfile": _taste_profile(),
        "Pagination": record(dict.fromkeys(("offset", "limit", "returned", "total"), WHOLE)),
        "Recommendations": record(
            {
                "data": listed(ref("Row")) | {"maxItems": _MOST_LIMIT},
                "taste_profile": ref("TasteProfile"),
                "run": ref("Run"),
                "fallback": FLAG
                | {"description": "true: the run does not know the listener; this is the list for new listeners"},
                "pagination": ref("Pagination"),
            }
        ),
        "Controls": record(columns("controls")),
        "List": record(
            columns("lists"), "a row of the table lists: what was asked, what was dropped by which rule, what came out"
        ),
        "Why": _why(),
        **_beside(),
        **_state(),
    }


def listed(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _run() -> Schema:
    parts = dict.fromkeys(("content", "collaborative", "popularity", "exploration"), NUMBER)
    meaning = "points for a perfect fit; points = fit × weight, score = sum of points × safety + commercial"
    moment = MOMENT | {"description": "moment the lists are for"}
    return record({"id": TEXT, "as_of": moment, "published_at": MOMENT, "weights": record(parts, meaning)})


def _tracks() -> Schema:
    """A track, and a row of a list."""
    per_feature = {name: nullable(NUMBER) for name in FEATURES}
    source = columns("rankings", ["source"])["source"]
    source |= {
        "enum": [*source["enum"], "pool"],
        "description": "how the row came into the list; pool = next by score, in place of one that was left out",
    }
    return {
        "Features": nullable(record(per_feature, "audio features in the units of the table tracks; null = unknown")),
        "Track": record(columns("tracks", _TRACK) | {"features": ref("Features")} | columns("tracks", OFFERS)),
        "WholeTrack": {"allOf": [ref("Track"), record(columns("tracks", ORIGINS))]},
        "Breakdown": record(
            dict.fromkeys((*BREAKDOWN, "final"), NUMBER),
            "fits 0–1 of the four parts, distance to the nearest track picked before, factor for safety, promotion, score",
        ),
        "Row": record(
            {
                "track": ref("Track"),
                "because": _because(),
                "score": NUMBER,
                "rank": WHOLE | {"minimum": 1},
                "reason": TEXT,
                "reason_code": TEXT,
                **columns("rankings", ["reason_args", "supporters", "because_rest"]),
                "source": source,
                "score_breakdown": ref("Breakdown"),
                "points": nullable(record(dict.fromkeys(PARTS, NUMBER), POINTS)),
                "explanation": nullable(record(per_feature, "agreement 0–1 of the track with the taste, per feature")),
            }
        ),
    }


def _because() -> Schema:
    named = columns("tracks", ("title", "artist"))
    own = {"track_id": TEXT | {"description": "track; tracks.id"}, **named, "share": NUMBER | {"description": "of the votes"}}
    return nullable(listed(record(own))) | {"description": columns("rankings", ["because"])["because"]["description"]}


def _taste_profile() -> Schema:
    of = columns("profiles")
    plain = ("taste_audio", "interaction_count", "confidence", "exploration_readiness", "friction", "cold", "updated_at")
    strengths = {
        name: {"type": "object", "additionalProperties": NUMBER, "description": of[name]["description"]}
        for name in ("top_genres", "top_artists")
    }
    return record({"user_id": of["user_id"], "vector": of["taste"]} | {name: of[name] for name in plain} | strengths)


def _why() -> Schema:
    rule = "code of the reason, the rule that dropped the track, passed_over, missing, or undecided: only `recsys why` can tell"
    return record(
        dict.fromkeys(("user_id", "list", "track_id"), TEXT)
        | {"fallback": FLAG, "track": {"oneOf": [ref("Track"), {"type": "null"}]}}
        | {"stage": TEXT | {"enum": ["snapshot", "candidates", "rankings"]}, "rule": TEXT | {"description": rule}, "text": TEXT}
        | dict.fromkeys(("rank", "score_rank"), nullable(WHOLE))
        | {name: {"type": ["object", "null"]} for name in ("row", "parts")}
    )


def _state() -> Schema:
    """What is served, and from where data can come."""
    anything = {"type": "object"}
    numbers, counts = (anything | {"additionalProperties": kind} for kind in (NUMBER, WHOLE))
    summary = dict.fromkeys(("id", "as_of", "created_at", "status", "code"), TEXT)
    summary |= {"settings": anything, "rows": counts, "bytes": WHOLE, "inputs": listed(anything)}
    line = dict.fromkeys(("id", "as_of", "created_at", "status"), TEXT)
    line |= {"published": FLAG, "rows": counts, "metrics": numbers, "report": FLAG}
    provider = {"name": TEXT, "configured": FLAG, "mode": TEXT, "available": FLAG}
    provider |= dict.fromkeys(("last_error", "last_error_at"), nullable(TEXT))
    provider |= {"blocked": anything, "refused": listed(TEXT), "fresh": WHOLE, "stale": WHOLE, "hint": TEXT}
    return {
        "RunSummary": record(summary | {"metrics": numbers, "seconds": numbers}),
        "RunLine": record(line),
        "Provider": record(provider),
    }


def _beside() -> Schema:
    """What the page shows beside a list."""
    names = ("id", "title", "artist", "album", "release_date", "popularity")
    heard = {"track_id": TEXT} | columns("tracks", ("title", "artist"))
    heard |= {"last_at": MOMENT, "events": WHOLE, "liked": FLAG | {"description": "whether the sum of the events is above 0"}}
    tracks = nullable(listed(TEXT)) | {"description": "ids of that list, best first; null where there was none"}
    return {
        "Heard": record(heard),
        "Named": record(columns("tracks", names)),
        "Alike": record(columns("tracks", ("id", "title", "artist")) | {"similarity": NUMBER}),
        "Previous": record({"run": nullable(TEXT), "as_of": nullable(TEXT), "tracks": tracks}),
    }
