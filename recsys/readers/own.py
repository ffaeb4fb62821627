"""The tables of a run, each read when it is first looked at: of the large ones no more than the part that has the listener."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from recsys.errors import NotFoundError
from recsys.lake import Run

_OWN = ("lists", "rankings", "candidates", "neighbors")
"""Tables of which the listener's part is read."""


class OwnTables(Mapping[str, pl.DataFrame]):
    """Tables of a run by name, each part compared with its SHA-256. Raises :class:`LakeError` for a changed one."""

    def __init__(self, run: Run, user_id: str) -> None:
        self._run, self._user, self._read = run, user_id, dict[str, pl.DataFrame]()

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            try:
                self._read[name] = self._part(name) if name in _OWN else self._run.read(name)
            except NotFoundError as error:
                raise KeyError(name) from error
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._run.tables)

    def __len__(self) -> int:
        return len(self._run.tables)

    def _part(self, name: str) -> pl.DataFrame:
        """The part of a table, sorted by listener, that may hold the listener; the first where none does."""
        parts = self._run.parts(name)
        held = [part for part in parts if part.first_user and part.last_user and part.first_user <= self._user <= part.last_user]
        return self._run.read_part((held or parts)[0])
