"""Reasons in the language of who reads them: rows are stored in the run's, and said anew from their arguments in any other."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from recsys.lake.run import Run
from recsys.stages.rankings.texts import TEXTS
from recsys.stages.rankings.wording import reason

POOL_REASONS = {"en": "Next in line by score", "de": "Der nächste Titel nach Punkten"}
"""Language → reason of a row in place of one that was left out."""
_ANY = "*"


def language_of(run: Run) -> str:
    """The language that the run's reasons are stored in."""
    settings = run.manifest.settings
    return str(settings.get("language", "en")) if settings.get("preset") != "reference" else "en"


@lru_cache(maxsize=256)
def preferred(header: bytes, stored: str) -> str:
    """The language to answer an ``Accept-Language`` with: the first of the client's that there are texts in, else the stored one.

    >>> preferred(b"fr, de-AT;q=0.8, en;q=0.5", "en")
    'de'
    """
    ranges = [_weighed(part) for part in header.decode("latin-1").lower().split(",")]
    for _, tag in sorted((one for one in ranges if one[0] > 0), key=lambda one: -one[0]):
        if tag == _ANY:
            return stored
        if tag.partition("-")[0] in TEXTS:
            return tag.partition("-")[0]
    return stored


def _weighed(part: str) -> tuple[float, str]:
    """A language range and its weight; one whose weight is no number from 0 to 1 counts for nothing."""
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.strip().partition("=")
    if not parameter.strip():
        return 1.0, tag.strip()
    try:
        weight = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        weight = 0.0
    return (weight if 0.0 <= weight <= 1.0 else 0.0), tag.strip()


def said(rows: bytes, language: str) -> bytes:
    """The inside of a JSON array of rows, with their reasons in another language."""
    return orjson.dumps([translated(row, language) for row in orjson.loads(b"[%b]" % rows)])[1:-1]


def translated(row: dict[str, Any], language: str) -> dict[str, Any]:
    """A row with its reason in a language. Rows of preset `reference`, which stores no arguments, stay as they are."""
    words = POOL_REASONS[language] if row["source"] == "pool" else None
    if row["reason_args"] is not None:
        words = reason(row["reason_code"], row["reason_args"], language)
    return row if words is None else row | {"reason": words}
