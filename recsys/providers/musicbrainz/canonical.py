"""Matching against a dump of MusicBrainz's canonical data (CC0, `canonical_musicbrainz_data.csv`): offline and without limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from recsys.errors import InputError
from recsys.models import literal, run
from recsys.providers.facts import WHOLE, Facts, Listing, Row, Skip
from recsys.providers.musicbrainz.answers import Recording
from recsys.providers.musicbrainz.matching import best_match, wanted_of
from recsys.providers.musicbrainz.titles import parse

Candidate = Mapping[str, Any]
"""One row of the model ``canonical``."""


class CanonicalDump:
    """Enricher over a dump file. It knows recordings by artist and title only: no genres, ISRCs or lengths."""

    name = "canonical"
    chunk = WHOLE

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
        candidates: dict[str, list[Candidate]] = defaultdict(list)
        for one in _matched(_readings(rows), self._path).to_dicts() if rows else ():
            candidates[one["id"]].append(one)
        listing = Listing()
        for row in rows:
            name = str(row["id"])
            candidate = _chosen(row, candidates[name])
            if candidate is None:
                listing.skipped.append(Skip(name, "no_match", "the dump has no recording of this artist and title"))
                continue
            decision = {"by": "canonical", "score": 1.0, "recordings": [candidate["mbid"]], "artists": candidate["artist_mbids"]}
            fields = {"mbid": candidate["mbid"], "title": candidate["title"], "artist": candidate["artist"]}
            listing.facts.append(Facts(name, self.name, fields, decision=decision))
        return listing


def _readings(rows: Sequence[Row]) -> pl.DataFrame:
    """id, title, artist: the core of each title with each way to read its artist credit."""
    spelled = []
    for row in rows:
        wanted = wanted_of(row)
        title = parse(wanted.title or "").text.split(" (")[0]
        names = {wanted.artist, wanted.first_artist, wanted.artists[0] if wanted.artists else None}
        spelled += [{"id": str(row["id"]), "title": title, "artist": name} for name in sorted(filter(None, names))]
    return pl.DataFrame(spelled, schema={"id": pl.String, "title": pl.String, "artist": pl.String})


def _matched(wanted: pl.DataFrame, dump: Path) -> pl.DataFrame:
    """Rows of ``sql/providers/canonical.sql`` for ``wanted`` (id, title, artist)."""
    return read("canonical", wanted, {"dump": dump}, "MusicBrainz's canonical data")


def _chosen(row: Row, candidates: Sequence[Candidate]) -> Candidate | None:
    """The first of the candidates that is the track: most canonical first."""
    for candidate in candidates:
        credit = [{"name": candidate["artist"], "artist": {"id": candidate["artist_mbids"][0]}}]
        recording = {"id": candidate["mbid"], "title": candidate["title"], "artist-credit": credit}
        if best_match(wanted_of(row), [Recording.model_validate(recording)])[0]:
            return candidate
    return None


def read(model: str, wanted: pl.DataFrame, files: dict[str, Path], what: str) -> pl.DataFrame:
    """A model of ``sql/providers`` over dump files. Raises :class:`InputError` when they are not what the model reads."""
    try:
        return run(f"providers/{model}", {"wanted": wanted}, {name: literal(path) for name, path in files.items()})
    except duckdb.Error as error:
        names = ", ".join(str(path) for path in files.values())
        raise InputError(f"{names}: not {what}: {str(error).splitlines()[0]}") from error
