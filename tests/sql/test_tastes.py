"""Views ``tastes`` and ``explanations``: every number of a vector under the name of its feature."""

from __future__ import annotations

import duckdb
import polars as pl

from recsys.models import SQL
from recsys.tables import FEATURES, MATCHES, VECTOR

NUMBERS = [number / 16 for number in range(len(FEATURES))]
NAMED = dict(zip(FEATURES, NUMBERS, strict=True))


def rows(name: str, **tables: pl.DataFrame) -> list[dict[str, object]]:
    with duckdb.connect() as con:
        for table, frame in tables.items():
            con.register(table, frame.to_arrow())
        return con.sql((SQL / f"{name}.sql").read_text(encoding="utf-8")).pl().to_dicts()


def test_tastes_of_the_profile_and_of_the_lists() -> None:
    whose = {"user_id": ["u"], "taste_audio": [True], "confidence": [0.5]}
    taste = pl.Series("taste", [NUMBERS], dtype=VECTOR)
    profiles = pl.DataFrame(whose).with_columns(taste)
    lists = pl.DataFrame({**whose, "list": ["calm"]}).with_columns(taste * 0.5)
    facts = {"user_id": "u", "taste_audio": True, "confidence": 0.5}
    assert rows("tastes", profiles=profiles, lists=lists) == [
        {**facts, "list": None, **NAMED},
        {**facts, "list": "calm", **{name: value / 2 for name, value in NAMED.items()}},
    ]


def test_agreement_by_feature() -> None:
    key = {"user_id": "u", "list": "calm", "rank": 1, "track_id": "a"}
    rankings = pl.DataFrame([key]).with_columns(pl.Series("explanation", [NUMBERS], dtype=MATCHES))
    assert rows("explanations", rankings=rankings) == [{**key, **NAMED}]
