"""What came of everything that was asked for: a number for every outcome, and a row of ``rejects`` for what did not come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from recsys.lake import Lake
from recsys.providers.facts import Listing, Skip
from recsys.tables import REJECTS

LONGEST_RAW = 2000
"""Characters of an item that ``rejects`` keeps."""


@dataclass
class Summary:
    """What an import came to: ``asked`` = ``imported`` + ``updated`` + ``unchanged`` + skipped + failed + ``not_asked``.

    ``imported`` tracks are new to the catalogue, ``updated`` ones have a new version; ``rejected`` listens are among the skipped.
    ``events``: what the user did with them, new to the lake.
    ``stopped``: why the work ended early;
    ``problems``: what else is not whole. ``access``: which access was used.
    """

    source: str
    access: str = ""
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: list[Skip] = field(default_factory=list)
    failed: list[Skip] = field(default_factory=list)
    not_asked: int = 0
    rejected: int = 0
    events: int = 0
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stopped: str | None = None
    batches: list[int] = field(default_factory=list)

    @property
    def account(self) -> dict[str, int]:
        """The number of each outcome, and their sum ``asked``."""
        parts = {
            "imported": self.imported,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": len(self.skipped) + self.rejected,
            "failed": len(self.failed),
            "not_asked": self.not_asked,
        }
        return {"asked": sum(parts.values()), **parts}

    @property
    def causes(self) -> dict[str, int]:
        """Skipped and failed items by code, most frequent first."""
        counts = Counter(skip.code for skip in (*self.skipped, *self.failed))
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def shortfall(self) -> str | None:
        """Why this is no success, in words; None when everything that was asked for came or was skipped for what it is."""
        if self.stopped or self.problems:
            return self.stopped or self.problems[0]
        if self.failed:
            return f"{len(self.failed):,} of {self.account['asked']:,} failed, the first: {self.failed[0].reason}"
        if self.not_asked:
            return f"{self.not_asked:,} of {self.account['asked']:,} were not asked for"
        return None

    @property
    def shortfall_kind(self) -> str | None:
        """The same in numbers and kinds, without a word from outside: what may be kept where nobody can be forgotten."""
        if self.shortfall is None:
            return None
        causes = Counter(skip.code for skip in self.failed)
        said = [f"{count:,} failed ({code})" for code, count in sorted(causes.items())]
        said += [f"{len(self.problems):,} answers not whole"] if self.problems else []
        said += [f"{self.not_asked:,} not asked for"] if self.not_asked else []
        said += ["stopped early"] if self.stopped else []
        return ", ".join(said)

    def take(self, listing: Listing) -> None:
        """Count what the listing did not bring."""
        self.skipped += [skip for skip in listing.skipped if not skip.failed]
        self.failed += [skip for skip in listing.skipped if skip.failed]
        self.not_asked += listing.not_asked
        self.notes += [note for note in listing.notes if note not in self.notes]
        self.problems += [problem for problem in listing.problems if problem not in self.problems]
        self.stopped = self.stopped or (None if listing.stopped is None else str(listing.stopped))

    def add(self, other: Summary) -> None:
        self.imported += other.imported
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.skipped += other.skipped
        self.failed += other.failed
        self.not_asked += other.not_asked
        self.rejected += other.rejected
        self.events += other.events
        self.warnings += other.warnings
        self.notes += [note for note in other.notes if note not in self.notes]
        self.problems += [problem for problem in other.problems if problem not in self.problems]
        self.stopped = self.stopped or other.stopped
        self.batches += other.batches


class Rejects:
    """Rows of ``rejects`` about items of one source, each once in the lake: the same import again adds none."""

    def __init__(self, lake: Lake, source: str) -> None:
        self._source = source
        own = [batch for batch in lake.batches("tracks") if batch.rejected and batch.source == source]
        self._known = {row for batch in own for row in batch.read_rejects().select("line", "code", "reason", "raw").iter_rows()}

    def fresh(self, skips: Iterable[Skip]) -> list[dict[str, object]]:
        """Rows that the lake does not have yet, still without their batch."""
        rows = [_row(skip, self._source) for skip in skips]
        return [row for row in rows if (row["line"], row["code"], row["reason"], row["raw"]) not in self._known]

    def stored(self, rows: Iterable[dict[str, object]]) -> None:
        """Remember rows that are in the lake now."""
        self._known.update((row["line"], row["code"], row["reason"], row["raw"]) for row in rows)


def account_rejects(rows: Sequence[dict[str, object]], digest: str) -> pl.DataFrame:
    """Rows as a frame of the batch with this digest."""
    if not rows:
        return REJECTS.empty()
    return REJECTS.conform(pl.DataFrame([{**row, "batch": digest} for row in rows], schema=REJECTS.schema))


def _row(skip: Skip, source: str) -> dict[str, object]:
    raw = (skip.raw or skip.name)[:LONGEST_RAW]
    return {"table": "tracks", "source": source, "line": skip.place, "code": skip.code, "reason": skip.reason, "raw": raw}
