"""Model ``favourites``: whom a sample of listeners plays most."""

from __future__ import annotations

import polars as pl

from recsys import models
from recsys.tables import PROFILES

ARTISTS = PROFILES["top_artists"].dtype


def profile(user: str, *artists: str, cold: bool = False) -> pl.DataFrame:
    played = [{field.name: artist if field.name == "name" else None for field in ARTISTS.inner.fields} for artist in artists]  # type: ignore[attr-defined]
    return pl.DataFrame({"user_id": [user], "cold": [cold], "top_artists": pl.Series([played], dtype=ARTISTS)})


def test_three_artists_of_listeners_with_a_history() -> None:
    rows = [profile("u", "d", "b", "c", "a"), profile("v", "b"), profile("w"), profile("*", "a"), profile("x", "a", cold=True)]
    result = models.run("favourites", {"profiles": pl.concat(rows)})
    assert result.rows() == [("u", "b"), ("u", "c"), ("u", "d"), ("v", "b")]


def test_a_sample_by_the_ids() -> None:
    everyone = pl.concat([profile(f"u{number}", "a") for number in range(600)])
    some = models.run("favourites", {"profiles": everyone})
    assert some["user_id"].n_unique() == 500
    assert models.run("favourites", {"profiles": everyone.reverse()}).equals(some)
