"""Tempo, key and mode from the AcousticBrainz low-level feature files (CC0, 2022; the service is closed).

Only what is on the same scale as elsewhere is taken; loudness and danceability of these files are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from recsys.errors import InputError
from recsys.providers.facts import WHOLE, Facts, Listing, Row, Skip
from recsys.providers.musicbrainz.canonical import read

FIELDS = ("tempo", "key", "mode")


class AcousticBrainz:
    """Enricher over a folder that holds the unpacked rhythm and tonal files."""

    name = "acousticbrainz"
    chunk = WHOLE

    @property
    def access(self) -> str:
        return "AcousticBrainz files"

    def __init__(self, folder: Path) -> None:
        self._files = {kind: _only(folder, kind) for kind in ("rhythm", "tonal")}

    def wants(self, row: Row) -> bool:
        return bool(row.get("mbid")) and any(row.get(name) is None for name in FIELDS)

    def enrich(self, rows: Sequence[Row]) -> Listing:
        wanted = pl.DataFrame({"mbid": [str(row["mbid"]) for row in rows]}, schema={"mbid": pl.String}).unique(
            maintain_order=True
        )
        documents = read("acousticbrainz", wanted, self._files, "AcousticBrainz feature files") if rows else pl.DataFrame()
        known = {row["mbid"]: row for row in documents.to_dicts()}
        listing = Listing()
        for row in rows:
            if (features := known.get(row["mbid"])) is None:
                listing.skipped.append(Skip(str(row["id"]), "unknown", "the files do not hold this recording"))
            else:
                listing.facts.append(Facts(str(row["id"]), self.name, {name: features[name] for name in FIELDS}))
        return listing


def _only(folder: Path, kind: str) -> Path:
    paths = sorted(path for path in folder.glob(f"*{kind}*.csv*") if path.suffix in (".csv", ".zst", ".gz"))
    if len(paths) != 1:
        raise InputError(
            f"{folder}: {len(paths)} files named *{kind}*.csv, one is needed; unpack the low-level {kind} archive there"
        )
    return paths[0]
