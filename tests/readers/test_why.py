"""Why a track is in a list: at its rank, by its parts, on its evidence; recomputed from a run's own tables."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from recsys import Settings, build
from recsys.names import key
from recsys.readers.answer import SHOWN, nth
from recsys.readers.why import explain
from recsys.tables import CANDIDATES
from tests.support.absences import ask, tables
from tests.support.chance import world
from tests.support.worlds import AS_OF, of


def test_ranked_track_with_its_evidence() -> None:
    result = ask("voted")
    row = next(row for row in of(tables(), "rankings", "u", "balanced") if row["track_id"] == "voted")
    assert (result.stage, result.rule, result.text, result.rank, result.score_rank) == (
        "rankings", row["reason_code"], row["reason"], row["rank"], row["score_rank"],
    )  # fmt: skip
    assert result.voters == 2
    assert result.shared == ("liked", "liked2", "a third")
    assert not {"v", "w"} & {result.text, *result.shared}


@pytest.mark.slow
@pytest.mark.parametrize("settings", [Settings(list_limit=8), Settings.reference(list_limit=8)], ids=["default", "reference"])
def test_parts_are_those_of_the_run(settings: Settings) -> None:
    made: dict[str, pl.DataFrame] = build(world(5), settings, as_of=AS_OF)
    columns = [column.name for column in CANDIDATES if column.name not in CANDIDATES.key and column.name != "track_id"]
    assert list(SHOWN.values()) == columns
    rows: list[dict[str, Any]] = made["rankings"].sample(12, seed=1).to_dicts()
    for row in rows:
        why = explain(made, settings, AS_OF, row["user_id"], row["track_id"], row["list"])
        assert why.parts == {part: row[column] for part, column in SHOWN.items()}
        assert (why.rank, why.rule) == (row["rank"], row["reason_code"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_trace_of_diversity_is_true(seed: int) -> None:
    settings = Settings(list_limit=8, artist_gap=2, max_per_artist=None)
    made = build(world(seed, tracks=60), settings, as_of=AS_OF)
    artists = {row["id"]: {key(name) for name in row["artists"] or [row["artist"] or ""]} for row in made["tracks"].to_dicts()}
    for user in made["profiles"]["user_id"].head(5):
        rows = of(made, "rankings", user, "balanced")
        for row in rows:
            why = explain(made, settings, AS_OF, user, row["track_id"])
            words, rank, by_score = why.placed or "", row["rank"], row["score_rank"]
            assert words.startswith(f"placed {nth(rank)}")
            if "instead of" in words:
                assert f"instead of {nth(by_score)}" in words
                assert rank != by_score
            if "others between them" in words:
                for place in range(by_score - 1, rank - 1):
                    before = rows[max(place - 2, 0) : place]
                    assert any(artists[row["track_id"]] & artists[other["track_id"]] for other in before)
            if "close to *" in words:
                nearest = next(other for other in rows if other["track_id"] == row["nearest_track_id"])
                assert nearest["rank"] < rank
                assert words.endswith(f": close to *{nearest['track_id']}*")
