"""Names of the lookup files and of what is in them, for who writes and who reads them."""

from __future__ import annotations

from struct import Struct

FOLDER = "lookup"
FORMAT = 5
"""Raised whenever an older reader would misread the files, or this one older files."""
FILES = ("users", "names", "lists", "rows", "pool", "tracks")
OFFSETS = f"{FOLDER}/places.json"
"""Where the columns lie in the files."""
OLD_PARTS = ("score", "content", "collaborative", "popularity", "exploration", "safety", "commercial")
"""Columns of ``pool`` after the track, as the older service called them."""
CHECK = Struct("<I")
"""What ends a piece of a file that is read at once: the CRC-32 of the bytes before it."""
LENGTHS = Struct("<II")
"""In ``users``, before each record: bytes of the listener's id and of what follows it."""
NO_TRACK = -1
"""In ``rows`` and ``pool``, the number of a track the snapshot does not have."""
DEFAULT_LIMIT = 20
"""Rows of a list that are packed on their own: as many as an answer has unless asked otherwise."""
SIZES = Struct("<iii")
"""How a row of ``rows`` begins: bytes of the first rows packed, of their text, and of the text of the others."""
CODEC, LEVEL = "lz4_raw", 2
"""At level 2 lists are a sixth smaller, and read that much faster, than at 1; 3 takes three times as long to write."""

DIGITS = 4
"""Decimals of the numbers in an answer."""


def name(file: str) -> str:
    """A lookup file's path in its run."""
    return f"{FOLDER}/{file}.arrow"
