"""Texts that many rows share, tracks and reasons, at hand for as many as memory is set aside for."""

from __future__ import annotations

from recsys.lookup.columns import Columns
from recsys.lookup.names import FIRST_REASON, NO_TRACK

ROOM = 48 * 2**20
"""Bytes of texts that are kept."""
_ENTRY = 160
"""Bytes an entry takes beside its text."""


class Shared(dict[int, bytes]):
    """Number → text, read when it is first asked for: a track as rows begin with it, or a reason and what follows it."""

    def __init__(self, tracks: Columns, reasons: Columns) -> None:
        super().__init__()
        self._tracks, self._reasons = tracks, reasons
        self._taken = 0

    def __missing__(self, number: int) -> bytes:
        if number >= 0:
            text = b',{"track":%b,"score":' % self._tracks.text("head", number)
            self._tracks.check()
        elif number == NO_TRACK:
            text = b',{"track":null,"score":'
        else:
            text = self._reasons.text("reason", FIRST_REASON - number)
            self._reasons.check()
        self._taken += len(text) + _ENTRY
        if self._taken > ROOM:  # begin anew: those that are asked for most are soon back
            self.clear()
            self._taken = len(text) + _ENTRY
        self[number] = text
        return text
