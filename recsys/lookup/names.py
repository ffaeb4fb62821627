"""Names of the lookup files and of what is in them, for who writes and who reads them."""

from __future__ import annotations

from struct import Struct

FOLDER = "lookup"
FORMAT = 2
"""Raised whenever an older reader would misread the files, or this one older files."""
FILES = ("users", "names", "lists", "rows", "pool", "tracks", "reasons")
PLACES = f"{FOLDER}/places.json"
"""Where the columns lie in the files."""
PARTS = ("score", "content", "collaborative", "popularity", "exploration", "safety", "commercial")
"""Columns of ``pool`` after the track."""
LENGTHS = Struct("<II")
"""In ``users``, before each record: bytes of the listener's id and of what follows it."""
NO_TRACK = -1
"""In ``rows`` and ``pool``, the number of a track the snapshot does not have."""
FIRST_REASON = -2
"""In ``rows``, reason number 0; the next are below it."""

DIGITS = 4
"""Decimals of the numbers in an answer."""


def name(file: str) -> str:
    """A lookup file's path in its run."""
    return f"{FOLDER}/{file}.arrow"
