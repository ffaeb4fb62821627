"""Questions that had no answer: each is put again with growing distance, those never put come first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from recsys.providers.account import Summary
from recsys.providers.cache import Cache
from recsys.providers.facts import Listing, Row
from recsys.text import counted

FIRST_DISTANCE, LONGEST_DISTANCE = 86_400.0, 90 * 86_400.0
"""Seconds until a question that had no answer is asked again: after the first time, and at most. It doubles each time."""


class Questions:
    """Which tracks an enricher had no answer about, and when each is asked again."""

    def __init__(self, cache: Cache, provider: str) -> None:
        self._cache, self._provider = cache, provider

    def due(self, rows: Sequence[Row], summary: Summary) -> list[Row]:
        """Rows never asked about, then those whose time has come; the others become a note."""
        later = self._cache.unanswered(self._provider)
        now = self._cache.clock()
        waits = [later[question] for row in rows if (question := _question(row)) in later]
        if waiting := [moment for moment in waits if moment > now]:
            first = datetime.fromtimestamp(min(waiting), UTC)
            summary.notes.append(
                f"no answer before for {counted(len(waiting), 'track')}, to be asked about again from {first:%Y-%m-%d} on; "
                "--force asks now"
            )
        fresh = [row for row in rows if _question(row) not in later]
        return fresh + [row for row in rows if later.get(_question(row), now + 1) <= now]

    def settle(self, rows: Sequence[Row], listing: Listing) -> None:
        """Note which of the rows had an answer and which had none."""
        without = {skip.name for skip in listing.skipped if skip.code in ("unknown", "no_match")}
        answered = {facts.id for facts in listing.facts}
        self._cache.postpone(
            self._provider, [_question(row) for row in rows if row["id"] in without], FIRST_DISTANCE, LONGEST_DISTANCE
        )
        self._cache.answered(self._provider, [_question(row) for row in rows if row["id"] in answered])


def _question(row: Row) -> str:
    """The track and everything that it is looked up by: when one of them changes, it is another question."""
    return "\t".join(str(row.get(name) or "") for name in ("id", "title", "artist", "isrc", "mbid", "spotify_id"))
