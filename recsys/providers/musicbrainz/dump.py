"""MusicBrainz's database dump (CC0): ids by ISRC, ISRCs and genres of recordings, offline and in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from recsys.errors import InputError
from recsys.providers.facts import WHOLE, Facts, Listing, Row, Skip
from recsys.providers.musicbrainz.answers import Recording
from recsys.providers.musicbrainz.canonical import read
from recsys.providers.musicbrainz.matching import best_match, text, wanted_of
from recsys.providers.spotify.answers import isrc

_TABLES = ("recording", "isrc", "artist_credit", "tag", "recording_tag", "genre")


class DatabaseDump:
    """Enricher over a folder that holds the unpacked `mbdump` and `mbdump-derived` archives, or their folder ``mbdump``."""

    name = "musicbrainz"
    chunk = WHOLE

    def __init__(self, folder: Path, *, force: bool = False) -> None:
        home = folder / "mbdump" if (folder / "mbdump").is_dir() else folder
        self._files = {name: home / name for name in _TABLES}
        if absent := [name for name, path in self._files.items() if not path.is_file()]:
            raise InputError(f"{home}: no file {absent[0]}; unpack mbdump.tar.bz2 and mbdump-derived.tar.bz2 there")
        self._folder, self._force = folder, force

    @property
    def access(self) -> str:
        return f"MusicBrainz's database dump, {self._folder.name}"

    def wants(self, row: Row) -> bool:
        lacks = any(row.get(name) is None for name in ("mbid", "genres", "isrc"))
        return bool(row.get("mbid") or isrc(text(row, "isrc"))) and (self._force or lacks)

    def enrich(self, rows: Sequence[Row]) -> Listing:
        """One row of output per row: facts, or a skip. Raises :class:`InputError` for files that are no such dump."""
        columns = {
            "id": [str(row["id"]) for row in rows],
            "mbid": [text(row, "mbid") for row in rows],
            "isrc": [isrc(text(row, "isrc")) for row in rows],
        }
        wanted = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
        candidates: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for one in read("mbdump", wanted, self._files, "MusicBrainz's database dump").to_dicts() if rows else ():
            candidates[one["id"]].append(one)
        listing = Listing()
        for row in rows:
            name = str(row["id"])
            if (chosen := _chosen(row, candidates[name])) is None:
                listing.skipped.append(Skip(name, "no_match", "no recording with this id, or with this ISRC and title"))
            else:
                listing.facts.append(Facts(name, self.name, _fields(chosen), decision=_decision(chosen)))
        return listing


def _chosen(row: Row, candidates: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    if candidates and candidates[0]["matched_by"] == "mbid":
        return candidates[0]
    recordings = [
        Recording.model_validate(
            {
                "id": one["mbid"],
                "title": one["title"] or "",
                "length": one["length"],
                "disambiguation": one["note"],
                "artist-credit": [{"name": one["artist"], "artist": {"id": ""}}] if one["artist"] else [],
            }
        )
        for one in candidates
    ]
    match, _ = best_match(wanted_of(row), recordings, by_isrc=True)
    return next((one for one in candidates if match and one["mbid"] == match.recording.id), None)


def _fields(chosen: Mapping[str, Any]) -> dict[str, object]:
    named = {"mbid": "mbid", "title": "title", "artist": "artist", "duration_ms": "length", "isrc": "isrc", "genres": "genres"}
    return {name: chosen[column] for name, column in named.items()}


def _decision(chosen: Mapping[str, Any]) -> dict[str, object]:
    return {"by": chosen["matched_by"], "score": 1.0, "recordings": [chosen["mbid"]], "artists": []}
