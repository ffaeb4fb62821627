"""The run that readers had before the published one: where its tracks stood, opened when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recsys.errors import LakeError, NotFoundError
from recsys.lake.run import Run
from recsys.lookup.reader import Reader


class Before:
    """``runs``: ids of the runs published earlier, newest first; the newest whose lookup files can be read counts."""

    def __init__(self, root: Path, runs: Sequence[str]) -> None:
        self._root, self._runs = root, runs
        self._reader: Reader | None = None

    def ranks(self, user_id: str, name: str) -> dict[str, Any]:
        """``{run, as_of, tracks}``: ids of the earlier list, best first; all null where there is no such run or list."""
        reader = self._open()
        try:
            if reader is None:
                return _NOTHING
            reader.check()
            listed = reader.find_list(reader.listener(user_id), name)
            tracks = [reader.track_id(number) for number in reader.ranked(listed)]
        except NotFoundError:
            return _NOTHING
        except LakeError:
            self._reader, self._runs = None, ()  # pruned, or damaged: nothing hangs on it
            return _NOTHING
        return {"run": reader.run.id, "as_of": reader.run.manifest.as_of, "tracks": tracks}

    def _open(self) -> Reader | None:
        while self._reader is None and self._runs:
            name, *self._runs = self._runs
            try:
                self._reader = Reader(Run.open(self._root / "runs" / name))
            except LakeError:
                continue
        return self._reader


_NOTHING: dict[str, Any] = {"run": None, "as_of": None, "tracks": None}
