"""Matching against a dump of MusicBrainz's canonical data (CC0, `canonical_musicbrainz_data.csv`): offline and without limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from recsys.errors import InputError
from recsys.models import run
from recsys.providers.facts import Facts, Listing, Row, Skip


class CanonicalDump:
    """Enricher over a dump file. It knows recordings by artist and title only: no genres, ISRCs or lengths."""

    name = "canonical"

    @property
    def access(self) -> str:
        return f"MusicBrainz's canonical data, {self._path.name}"

    def __init__(self, path: Path, *, force: bool = False) -> None:
        if not path.is_file():
            raise InputError(f"{path}: no such file; download and unpack MusicBrainz's canonical data dump")
        self._path, self._force = path, force

    def wants(self, row: Row) -> bool:
        return bool(row.get("title") and row.get("artist")) and (self._force or row.get("mbid") is None)

    def enrich(self, rows: Sequence[Row]) -> Listing:
        """One row of output per row: facts, or a skip. Raises :class:`InputError` for a file that is no such dump."""
        wanted = pl.DataFrame([{name: row[name] for name in ("id", "artist", "title")} for row in rows])
        matches = {match["id"]: match for match in matched(wanted, self._path).to_dicts()} if rows else {}
        listing = Listing()
        for row in rows:
            name = str(row["id"])
            if (match := matches.get(name)) is None:
                listing.skipped.append(Skip(name, "no_match", "the dump has no recording of this artist and title"))
                continue
            decision = {"by": "canonical", "score": 1.0, "recordings": [match["mbid"]], "artists": match["artist_mbids"]}
            fields = {"mbid": match["mbid"], "title": match["title"], "artist": match["artist"]}
            listing.facts.append(Facts(name, self.name, fields, decision=decision))
        return listing


def matched(wanted: pl.DataFrame, dump: Path) -> pl.DataFrame:
    """Rows of ``sql/providers/canonical.sql`` for ``wanted`` (id, artist, title)."""
    return read("canonical", wanted, {"dump": dump}, "MusicBrainz's canonical data")


def read(model: str, wanted: pl.DataFrame, files: dict[str, Path], what: str) -> pl.DataFrame:
    """A model of ``sql/providers`` over dump files. Raises :class:`InputError` when they are not what the model reads."""
    try:
        return run(f"providers/{model}", {"wanted": wanted}, {name: str(path) for name, path in files.items()})
    except duckdb.Error as error:
        names = ", ".join(str(path) for path in files.values())
        raise InputError(f"{names}: not {what}: {str(error).splitlines()[0]}") from error
