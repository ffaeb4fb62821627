"""Facts → a batch of track versions in the lake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from recsys.lake import Lake
from recsys.matrices.song import song_keys
from recsys.providers.account import Rejects, Summary, account_rejects
from recsys.providers.facts import Facts, Listing, Row
from recsys.providers.merge import merge
from recsys.tables import TRACKS
from recsys.text import counted


class StoredTracks:
    """The lake's tracks as they are now: the latest version of each, a catalogue row before a mere mention."""

    def __init__(self, tracks: pl.DataFrame) -> None:
        mention = pl.col("origin") == "mention"
        order = tracks.with_columns(mention.fill_null(False).not_().alias("named")).sort("named", "batch", maintain_order=True)
        self.frame = order.unique("id", keep="last", maintain_order=True).sort("id").select(TRACKS.names)
        catalog = self.frame.filter(~mention.fill_null(False))
        self.ids = frozenset(catalog["id"].to_list())
        self._by_spotify = dict(
            catalog.drop_nulls("spotify_id").sort("id", descending=True).select("spotify_id", "id").iter_rows()
        )

    @classmethod
    def of(cls, lake: Lake) -> StoredTracks:
        return cls(lake.input("tracks"))

    def rows(self, ids: Iterable[str] | None = None) -> list[dict[str, object]]:
        """Rows by id, all of the catalogue's without ``ids``, in the order of ids."""
        wanted = self.ids if ids is None else frozenset(ids)
        return self.frame.filter(pl.col("id").is_in(list(wanted))).to_dicts()

    def alias(self, name: str) -> str:
        """The id under which the catalogue has a track, else its own."""
        return name if name in self.ids else self._by_spotify.get(name, name)


Catalog = StoredTracks
"""The former name, which scripts beside the project use."""


def merged(catalog: StoredTracks, facts: Sequence[Facts]) -> tuple[list[dict[str, object]], Summary]:
    """Rows that are new or changed, and the counts. Several facts about one track are merged in their order."""
    summary = Summary("")
    ids = [catalog.alias(one.id) for one in facts]
    before = {str(row["id"]): row for row in catalog.rows(ids)}
    now: dict[str, dict[str, object]] = {}
    for name, one in zip(ids, facts, strict=True):
        fitting, faults = _in_range(Facts(name, one.source, one.fields, one.stale, one.decision))
        now[name], warnings = merge(now.get(name) or before.get(name), fitting)
        summary.warnings += [*faults, *warnings]
    rows = _keyed(list(now.values()))
    changed = [row for row in rows if row != before.get(str(row["id"]))]
    summary.unchanged = len(rows) - len(changed)
    summary.updated = sum(row["id"] in catalog.ids for row in changed)
    summary.imported = len(changed) - summary.updated
    return changed, summary


def store(lake: Lake, listing: Listing, source: str, *, dry_run: bool = False, known: Rejects | None = None) -> Summary:
    """Merge the listing into the catalogue and write what changed, and what was skipped or failed, as one batch.

    ``known``: the rejects that this source has in the lake; read from it where not supplied.
    """
    rows, summary = merged(StoredTracks.of(lake), listing.facts)
    summary.source = source
    summary.take(listing)
    if stale := sum(facts.stale for facts in listing.facts):
        summary.notes.append(f"{counted(stale, 'track')} from expired answers, because the provider failed")
    if not dry_run and (rows or listing.skipped):
        _write(lake, rows, summary, known or Rejects(lake, source))
    return summary


def _write(lake: Lake, rows: list[dict[str, object]], summary: Summary, known: Rejects) -> None:
    refused = known.fresh((*summary.skipped, *summary.failed))
    if not (rows or refused):
        return
    frame = pl.DataFrame(rows, schema=TRACKS.schema)
    digest = _digest(frame, refused, len(lake.batches("tracks")))
    batch = lake.add_batch(
        "tracks",
        frame,
        rejects=account_rejects(refused, digest),
        source=summary.source,
        digest=digest,
        rows_read=len(rows) + len(refused),
        account=summary.account,
    )
    known.stored(refused)
    summary.batches = [batch.ordinal] if batch else []


def _keyed(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows with the song key of their title and first artist."""
    titles = pl.Series([row["title"] for row in rows], dtype=pl.String)
    artists = pl.Series([_first_artist(row) for row in rows], dtype=pl.String)
    keys = song_keys(titles, artists).to_list()
    return [{**row, "song_key": key or row["song_key"]} for row, key in zip(rows, keys, strict=True)]


def _first_artist(row: Row) -> object:
    artists = row["artists"]
    return artists[0] if isinstance(artists, list) and artists else row["artist"]


def _in_range(facts: Facts) -> tuple[Facts, list[str]]:
    """Facts without numbers outside their column's range."""
    faults = {name: value for name, value in facts.fields.items() if isinstance(value, (int, float)) and not _fits(name, value)}
    kept = {name: value for name, value in facts.fields.items() if name not in faults}
    warnings = [
        f"{facts.id}: {name} {value!r} of {facts.source} left out; allowed: {TRACKS[name].range}"
        for name, value in faults.items()
    ]
    return Facts(facts.id, facts.source, kept, facts.stale, facts.decision), warnings


def _fits(name: str, value: float) -> bool:
    low, high = TRACKS[name].low, TRACKS[name].high
    return (low is None or value >= low) and (high is None or value <= high)


def _digest(frame: pl.DataFrame, refused: Sequence[Mapping[str, object]], base: int) -> str:
    """SHA-256 of the rows and of the state they build upon: the same facts may become a new version again later."""
    lines = [str(base), frame.write_ndjson(), *(json.dumps(row, sort_keys=True) for row in refused)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
