"""Names of the lookup files and of what is in them, for who writes and who reads them."""

from __future__ import annotations

FOLDER = "lookup"
FILES = ("index", "users", "lists", "rows", "pool", "tracks")
PARTS = ("score", "content", "collaborative", "popularity", "exploration", "safety", "commercial")
"""Columns of ``pool`` after the track."""

DIGITS = 4
"""Decimals of the numbers in an answer."""


def name(file: str) -> str:
    """A lookup file's path in its run."""
    return f"{FOLDER}/{file}.arrow"
