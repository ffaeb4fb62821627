"""Artists of songs that an export names without one: by title and album, else by title alone where one artist has it.

Apple Music's Play Activity names no artist since 2021; the library of the same export, and the tracks of the lake, do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import orjson
import polars as pl

from recsys.errors import InputError
from recsys.ingest import arrays
from recsys.ingest.files import Source
from recsys.lake import Lake
from recsys.names import key, title_key

_LIBRARY = "library tracks"

Names = dict[tuple[str, str | None], str]
"""Title and album, or title and none, both by their keys → the artist; only where there is just one."""


def known_artists(lake: Lake, sources: Sequence[Source]) -> Names:
    """From the libraries among the files of a command, and from the lake's tracks."""
    rows = [row for source in sources if _LIBRARY in source.name.lower() for row in _library(source)]
    stored = lake.input("tracks").select("title", "album", "artist").drop_nulls().unique()
    return _unambiguous([*rows, *((title, album, artist, False) for title, album, artist in stored.iter_rows())])


def with_artists(plays: pl.DataFrame, names: Names) -> pl.DataFrame:
    """The plays, with an artist where the names know one and the play has none."""
    if not names or not plays["artist"].null_count():
        return plays
    result = [
        artist or (names.get((title_key(title), key(album or ""))) or names.get((title_key(title), None)) if title else None)
        for title, album, artist in plays.select("title", "album", "artist").iter_rows()
    ]
    return plays.with_columns(pl.Series("artist", result, dtype=pl.String))


def _library(source: Source) -> Iterable[tuple[str, str, str, bool]]:
    rows: object = ()
    with suppress(InputError, OSError, orjson.JSONDecodeError), source.open() as stream:  # its own report says what is wrong
        rows, _ = arrays.document(source, stream.read())
    for row in rows if isinstance(rows, list) else ():
        title, album, artist = (row.get(name) for name in ("Title", "Album", "Artist")) if isinstance(row, dict) else (None,) * 3
        if isinstance(title, str) and isinstance(artist, str):
            yield title, album if isinstance(album, str) else "", artist, True


def _unambiguous(rows: Iterable[tuple[str, str, str, bool]]) -> Names:
    """``bool``: whether the listener's own library says so; only that may name an artist by title alone."""
    artists: dict[tuple[str, str | None], dict[str, str]] = {}
    for title, album, artist, own in rows:
        for place in ((title_key(title), key(album)), *(((title_key(title), None),) if own else ())):
            artists.setdefault(place, {}).setdefault(key(artist), artist)
    return {place: next(iter(result.values())) for place, result in artists.items() if len(result) == 1}
