"""Facts → a batch of track versions in the lake."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from recsys.lake import Lake
from recsys.matrices.song import song_keys
from recsys.providers.facts import Facts, Listing, Row, Skip
from recsys.providers.merge import merge
from recsys.tables import REJECTS, TRACKS


@dataclass
class Summary:
    """What an import came to. ``imported`` tracks are new to the catalogue, ``updated`` ones have a new version."""

    source: str
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: list[Skip] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stopped: str | None = None
    batches: list[int] = field(default_factory=list)

    @property
    def causes(self) -> dict[str, int]:
        """Skipped items by code, most frequent first."""
        return dict(sorted(Counter(skip.code for skip in self.skipped).items(), key=lambda item: (-item[1], item[0])))

    def add(self, other: Summary) -> None:
        self.imported += other.imported
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.skipped += other.skipped
        self.warnings += other.warnings
        self.notes += [note for note in other.notes if note not in self.notes]
        self.stopped = self.stopped or other.stopped
        self.batches += other.batches


class Catalog:
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
    def of(cls, lake: Lake) -> Catalog:
        return cls(lake.input("tracks"))

    def rows(self, ids: Iterable[str] | None = None) -> list[dict[str, object]]:
        """Rows by id, all of the catalogue's without ``ids``, in the order of ids."""
        wanted = self.ids if ids is None else frozenset(ids)
        return self.frame.filter(pl.col("id").is_in(list(wanted))).to_dicts()

    def named(self, facts: Facts) -> str:
        """The id under which the catalogue has the track, else the facts' own."""
        return facts.id if facts.id in self.ids else self._by_spotify.get(facts.id, facts.id)


def merged(catalog: Catalog, told: Sequence[Facts]) -> tuple[list[dict[str, object]], Summary]:
    """Rows that are new or changed, and the counts. Several facts about one track are merged in their order."""
    summary = Summary("")
    ids = [catalog.named(facts) for facts in told]
    before = {str(row["id"]): row for row in catalog.rows(ids)}
    now: dict[str, dict[str, object]] = {}
    for name, facts in zip(ids, told, strict=True):
        fitting, faults = _in_range(Facts(name, facts.source, facts.fields, facts.stale, facts.decision))
        now[name], warnings = merge(now.get(name) or before.get(name), fitting)
        summary.warnings += [*faults, *warnings]
    rows = _keyed(list(now.values()))
    changed = [row for row in rows if row != before.get(str(row["id"]))]
    summary.unchanged = len(rows) - len(changed)
    summary.updated = sum(row["id"] in catalog.ids for row in changed)
    summary.imported = len(changed) - summary.updated
    return changed, summary


def store(lake: Lake, listing: Listing, source: str, *, dry_run: bool = False, rejects: bool = True) -> Summary:
    """Merge the listing into the catalogue and write what changed as one batch; ``rejects``: also what was skipped."""
    catalog = Catalog.of(lake)
    rows, summary = merged(catalog, listing.facts)
    summary.source, summary.skipped, summary.notes = source, listing.skipped, list(listing.notes)
    if stale := sum(facts.stale for facts in listing.facts):
        summary.notes.append(f"{stale:,} tracks from expired answers, because the provider failed")
    summary.stopped = None if listing.stopped is None else str(listing.stopped)
    if rows and not dry_run:
        frame = pl.DataFrame(rows, schema=TRACKS.schema)
        skips = listing.skipped if rejects else []
        digest = _digest(frame, skips, len(lake.batches("tracks")))
        refused = _rejects(skips, digest, source)
        batch = lake.add_batch(
            "tracks", frame, rejects=refused, source=source, digest=digest, rows_read=frame.height + refused.height
        )
        summary.batches = [batch.ordinal] if batch else []
    return summary


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


def _digest(frame: pl.DataFrame, skipped: Sequence[Skip], base: int) -> str:
    """SHA-256 of the rows and of the state they build upon: the same facts may become a new version again later."""
    lines = [str(base), frame.write_ndjson(), *(f"{skip.name}\t{skip.code}" for skip in skipped)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _rejects(skipped: Sequence[Skip], digest: str, source: str) -> pl.DataFrame:
    rows = [
        {
            "batch": digest,
            "table": "tracks",
            "source": source,
            "line": line,
            "code": skip.code,
            "reason": skip.reason,
            "raw": skip.name,
        }
        for line, skip in enumerate(skipped, 1)
    ]
    return REJECTS.conform(pl.DataFrame(rows, schema_overrides={"line": pl.Int64})) if rows else REJECTS.empty()
