"""What a listing of the bucket says about batches and runs, beside the records that are here already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from recsys.errors import LakeError
from recsys.lake import files
from recsys.lake.bucket.store import Entry
from recsys.lake.records import MANIFEST, RECEIPT, Manifest, Receipt, load

_FOLDER = re.compile(r"(?P<folder>inputs/[a-z]+/[0-9]+(?:\.[0-9]+)?|runs/[0-9a-f-]+)/(?P<name>.+)")
_SMALL = re.compile(r"FORGOTTEN|FORGETTING|quality\.parquet|checks/[^/.][^/]*")
_BESIDE = re.compile(r"report\.html|docs/.+")
"""Files of a run's folder that are made after the run, and that its manifest does not name."""


class Listing:
    """Every object by its key. A batch or a run is there when its record is; what has none is no part of the lake."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self._folders: dict[str, list[str]] = {}
        for key in entries:
            if match := _FOLDER.fullmatch(key):
                self._folders.setdefault(match["folder"], []).append(match["name"])

    def small(self) -> Iterator[str]:
        """Keys of what every machine has: records first, then what lies beside runs and in the lake's own folder."""
        there = [folder for folder in self._folders if self._record(folder) in self.entries]
        yield from map(self._record, there)
        yield from (f"{folder}/{name}" for folder in there for name in self._folders[folder] if _BESIDE.fullmatch(name))
        yield from (key for key in self.entries if _SMALL.fullmatch(key))

    def gone(self, root: Path) -> Iterator[Path]:
        """Folders of batches and runs in the lake's folder that are not in the bucket."""
        for home in (*files.children(root / "inputs"), root / "runs"):
            for folder in files.children(home):
                if self._record(folder.relative_to(root).as_posix()) not in self.entries:
                    yield folder

    def recorded(self, folder: str, root: Path) -> set[str]:
        """Keys that the record of a batch or a run names; none where it is not here, or damaged."""
        record = self._record(folder)
        with suppress(LakeError):
            if folder.startswith("runs/"):
                return {record, *(f"{folder}/{file.path}" for file in load(Manifest, root / record)[0].files)}
            receipt, _ = load(Receipt, root / record)
            return {record, *(f"{folder}/{file.path}" for file in (receipt.kept, receipt.rejects) if file)}
        return set()

    def unnamed(self, root: Path) -> Iterator[str]:
        """Keys in folders of batches and runs that no record names: of uploads and removals that were cut short."""
        for folder, names in self._folders.items():
            there = self._record(folder) in self.entries
            named = self.recorded(folder, root) if there else set()
            if there and not named:
                continue  # a record that cannot be read: nothing is known about its files
            yield from (
                f"{folder}/{name}"
                for name in names
                if f"{folder}/{name}" not in named and not (there and _BESIDE.fullmatch(name))
            )

    def within(self, folder: str) -> list[str]:
        """Keys of everything in the folder of a batch or a run."""
        return [f"{folder}/{name}" for name in self._folders.get(folder, ())]

    @staticmethod
    def _record(folder: str) -> str:
        return f"{folder}/{MANIFEST if folder.startswith('runs/') else RECEIPT}"
