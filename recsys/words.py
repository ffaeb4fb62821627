"""Words of a closed vocabulary, such as the types of events: one spelling each."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl


def spelled(texts: pl.Series, allowed: Collection[str]) -> pl.Series:
    """Each text that is an allowed word but for case and outer space as that word (lower case); every other one as it is.

    >>> spelled(pl.Series(["PLAY", " skip ", "listen", None]), ["play", "skip"]).to_list()
    ['play', 'skip', 'listen', None]
    """
    words = list(allowed)
    if texts.dtype != pl.String or texts.is_in([*words, None], nulls_equal=True).all():
        return texts
    distinct = texts.unique().to_frame("text")
    plain = pl.col("text").str.strip_chars().str.to_lowercase()
    named = distinct.with_columns(word=pl.when(plain.is_in(words)).then(plain).otherwise("text"))
    return (
        texts.to_frame("text")
        .join(named, on="text", how="left", nulls_equal=True, maintain_order="left")["word"]
        .alias(texts.name)
    )
