"""Words of a closed vocabulary."""

from __future__ import annotations

import polars as pl

from recsys.words import spelled


def test_a_word_in_any_spelling() -> None:
    texts = pl.Series("type", ["PLAY", " Skip\t", "play", "pl ay", "İ", "", None, "PLAY"])
    assert spelled(texts, ["play", "skip"]).to_list() == ["play", "skip", "play", "pl ay", "İ", "", None, "play"]
    assert spelled(texts, ["play", "skip"]).name == "type"
    assert spelled(pl.Series([1, 2]), ["play"]).to_list() == [1, 2]
    assert spelled(pl.Series([], dtype=pl.String), ["play"]).to_list() == []
