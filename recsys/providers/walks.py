"""How far an import of listens has come, so that one that stopped continues there and late ones are noticed."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

WINDOW = 14 * 86_400
"""Seconds before the newest listen that are read once more each time: clients deliver late."""


class Walk(BaseModel):
    """How far an import has come. Times are seconds since 1970.

    Everything up to ``done`` is imported: ``count`` listens, ``recent`` of them in the last :data:`WINDOW` before ``done``; the
    server spoke of ``total`` then. While a walk is under way it goes from ``top`` down to ``floor``, and ``before`` is next; it
    met ``met`` listens, ``upper`` of them in the last window before ``top``. ``whole``: it meets all there are.
    """

    done: int = 0
    count: int | None = None
    recent: int | None = None
    total: int | None = None
    top: int | None = None
    before: int | None = None
    floor: int = 0
    whole: bool = True
    met: int = 0
    upper: int = 0

    def start(self, floor: int, *, whole: bool) -> Walk:
        """The walk that begins at the newest listen."""
        return Walk(done=self.done, count=self.count, recent=self.recent, total=self.total, floor=floor, whole=whole)

    def onward(self, times: Sequence[int], top: int, before: int) -> Walk:
        """The walk after a page with listens at ``times`` that it had not met."""
        upper = self.upper + sum(time > top - WINDOW for time in times)
        changes = {"top": top, "before": before, "met": self.met + len(times), "upper": upper}
        return self.model_copy(update=changes)

    def finish(self) -> Walk:
        """The walk at its floor."""
        before = 0 if self.whole else None if self.count is None or self.recent is None else self.count - self.recent
        count = None if before is None else before + self.met
        return Walk(done=max(self.top or 0, self.done), count=count, recent=self.upper, total=self.total)

    def agrees(self, before: Walk, total: int | None) -> bool:
        """Whether as many listens came since ``before`` as the server says, which now speaks of ``total``."""
        if total is None or before.total is None or before.count is None or self.count is None:
            return False
        return total - before.total == self.count - before.count
