"""What came of each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recsys.errors import InputError
from recsys.lake import Rejects


@dataclass(frozen=True)
class Report:
    """One file and one table: ``rows_read`` = ``kept`` + ``rejected``; ``causes`` counts the rejected rows by code.

    ``already``: the same bytes were ingested before, nothing was done, and the counts are those of that time. ``examples``: the
    first reject of each code, in words. ``matched``: songs named by a personal export that the catalogue has now, or events of a
    table that name one of its tracks. ``note``: why
    a file found in a folder or an archive was left alone.
    """

    source: str
    table: str
    rows_read: int = 0
    kept: int = 0
    rejected: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)
    already: bool = False
    examples: Mapping[str, str] = field(default_factory=dict)
    matched: int | None = None
    note: str = ""


MOST_REFUSED = 20
"""Refused files that an error names."""


class FilesRefusedError(InputError):
    """Some of several files could not be used at all: see ``refused``. The others are ingested: see ``reports``."""

    def __init__(self, refused: Sequence[InputError], reports: Sequence[Report]) -> None:
        self.refused, self.reports = list(refused), list(reports)
        last = f"{len(refused)} of the files refused, nothing of them was ingested; what the others hold is in the lake"
        shown = [*map(str, refused[:MOST_REFUSED])]
        if len(refused) > MOST_REFUSED:
            shown.append(f"… and {len(refused) - MOST_REFUSED} more files")
        super().__init__("\n".join([*shown, *([last] if reports else [])]))


def causes(rejects: Rejects) -> dict[str, int]:
    """Rejected rows by code, most frequent first."""
    counts = Counter(rejects.rows["code"].to_list()) + Counter(rejects.unlisted)
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def examples(rejects: Rejects) -> dict[str, str]:
    """The first reject of each code, in words."""
    first = rejects.rows.unique("code", keep="first", maintain_order=True)
    return {code: f"line {line}: {reason}" for code, line, reason in first.select("code", "line", "reason").iter_rows()}
