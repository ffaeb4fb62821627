"""A lake in a bucket, and its folder on this machine.

The folder is a lake of the same layout and, like any copy, may be lost: a file of a batch or a run is fetched when it is first
needed and compared with the SHA-256 that its receipt or manifest carries; small files, and the run that ``CURRENT`` names, are
fetched when the bucket shows another tag for them. Beside it lie ``tags.json`` (what each object's tag was when it was as it is
here) and ``lock``, which one process of this machine holds while it brings the folder up to date.

A batch or a run exists in the bucket when its receipt or manifest does. So it is made in this order: its files, the record, and
for a run the swap of ``CURRENT``; and is removed in the other: the record, then its files.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from recsys.errors import LakeError
from recsys.lake import files, pointer
from recsys.lake.bucket.address import Address
from recsys.lake.bucket.listing import Listing
from recsys.lake.bucket.store import OtherBytesError, Store, Tag
from recsys.lake.bucket.tags import Tags, tags_in
from recsys.lake.home import STAGING, Home, OvertakenError
from recsys.lake.records import MANIFEST, RECEIPT, File, Manifest, load

PARALLEL = 4
"""Objects that go up or come down at a time."""
CLOCK = ".clock"
"""An object that is made for a moment, to learn what time it is in the bucket."""
_LOOKS = 5
_LOG = logging.getLogger("recsys.lake")


class Mirror(Home):
    """The home of a lake in a bucket. Every method raises :class:`LakeError` when the bucket, or this machine's disk, refuses."""

    shared = True

    def __init__(self, address: Address) -> None:
        self._beside = address.mirror
        super().__init__(self._beside / "lake")
        self.store = Store(address)
        self._url = address.url
        self._listing = Listing({})
        self._synced = -float("inf")
        self._mutex, self._depth = threading.RLock(), 0

    @property
    def name(self) -> str:
        return self._url

    # What others did

    def sync(self, age: float = 0) -> None:
        if time.monotonic() - self._synced > age:
            with self._hold():
                self._sync()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._hold():
            if self._depth == 1:
                self._sync()
            yield

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """One thread of one process of this machine; the system lets go when its owner dies. Blocks may nest."""
        with self._mutex:
            with files.guard(self._beside):
                self._beside.mkdir(0o700, parents=True, exist_ok=True)
                self._beside.chmod(0o700)  # a writer's lock may have made it
                self.root.mkdir(0o700, exist_ok=True)
                handle = (self._beside / "lock").open("ab")
            with handle:
                if not self._depth:
                    fcntl.flock(handle, fcntl.LOCK_EX)
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1

    def _sync(self) -> None:
        """Everything that is small, the published run, and nothing that is gone. ``CURRENT`` comes last, after what it names."""
        for _ in range(_LOOKS):
            self._listing = Listing(self.store.entries())
            with tags_in(self._beside) as tags:
                self._drop(tags)
                here = [self._bring(key, tags) for key in self._listing.small()]
                if all(here) and (pointer.CURRENT not in self._listing.entries or self._bring(pointer.CURRENT, tags)):
                    self._synced = time.monotonic()
                    return
        raise LakeError(f"{self._url}: others change it faster than it can be read; run the same command again")

    def _drop(self, tags: Tags) -> None:
        """Remove what is not in the bucket any more: batches, runs, small files."""
        for folder in [*self._listing.gone(self.root)]:
            try:
                super().discard(folder, self._aside(folder))
            except LakeError:
                if folder.exists():  # else a writer of this machine, which empties staging, was faster
                    raise
        for key in tags.forget(set(self._listing.entries)):
            files.clear(self.root / key)

    def _aside(self, folder: Path) -> str:
        files.make_folder(self.root / STAGING)
        return f"{folder.parent.name}-{folder.name}.{os.getpid()}.gone"

    def _bring(self, key: str, tags: Tags) -> bool:
        """Whether a small object is here now as the listing shows it."""
        tag, place = self._listing.entries[key].tag["e_tag"], self.root / key
        if tag is not None and tags.here.get(key) == tag and place.is_file():
            return True
        answer = self.store.read(key)
        if answer is None or answer[1]["e_tag"] != tag:
            return False
        if key == pointer.CURRENT:
            self._bring_run(answer[0])
        files.put_cache(place, answer[0])
        if tag is not None:
            tags.here[key] = tag
        return True

    def _bring_run(self, current: bytes) -> None:
        """The files of the run that a pointer names, some at a time; what is wrong with one is said when it is opened."""
        folder = self.root / "runs" / current.partition(b" ")[0].decode("ascii", "replace")
        try:
            manifest, _ = load(Manifest, folder / MANIFEST)
        except LakeError:
            return
        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(lambda file: self.fetch(folder, file), manifest.files))

    # Files of batches and runs

    def fetch(self, folder: Path, file: File) -> None:
        if (problem := file.verified(folder)) is None:
            return
        if (folder / file.path).exists():
            _LOG.warning("%s; this copy is damaged and is fetched again from %s", problem, self._url)
        self._download(folder, file)

    def problem(self, folder: Path, file: File, *, content: bool = False) -> str | None:
        key = self._key(folder / file.path)
        if (entry := self._listing.entries.get(key)) is None:
            return f"{self._url}/{key}: not in the bucket"
        if entry.size != file.bytes:
            return f"{self._url}/{key}: {entry.size} bytes where {file.bytes} were written"
        if not content or file.problem(folder, content=True) is None:
            return None
        self._download(folder, file)
        return file.problem(folder, content=True)

    def _download(self, folder: Path, file: File) -> None:
        """Fetch a recorded file; twice, where the first time brought other bytes. What is not there is not brought."""
        path = folder / file.path
        for _ in range(2):
            with self._draft(path) as draft:
                with files.guard(draft), draft.open("wb") as handle:
                    sha256 = self.store.download(self._key(path), handle)
                if sha256 == file.sha256:
                    draft.replace(path)
                if sha256 in (file.sha256, None):
                    return
                _LOG.warning("%s/%s: not the bytes that were written", self._url, self._key(path))

    @contextmanager
    def _draft(self, path: Path) -> Iterator[Path]:
        """A new file beside another one. It is a copy: nobody waits for the disk."""
        with files.guard(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=".coming-", dir=path.parent)
            os.close(descriptor)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    # Commits

    def place(self, staged: Path, target: Path, what: str) -> bool:
        key, record = self._key(target), RECEIPT if what == "batch" else MANIFEST
        names = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
        names.remove(record)
        files.reach("bucket.files")
        try:
            self._upload(staged, key, names)
        except OtherBytesError:
            self.sync()
            if f"{key}/{record}" in self._listing.entries:  # another machine, with another processor, has it already
                return False
            raise
        with self._hold():
            files.reach("bucket.record")
            tag = self.store.swap(f"{key}/{record}", files.read(staged / record), None)
            if tag is not None:
                files.reach("bucket.settle")
                files.move(staged, target, what)
                self._remember(f"{key}/{record}", tag)
            self._sync()
        missing = {f"{key}/{name}" for name in names} - set(self._listing.entries)
        if tag is not None and missing:
            self.discard(target, self._aside(target))
            raise LakeError(
                f"{self._url}/{min(missing)}: another writer removed it while this one was writing; nothing was stored. "
                "Run the same command again"
            )
        if tag is None:
            self.store.delete({f"{key}/{name}" for name in names} - self._listing.recorded(key, self.root))
        return tag is not None

    def _upload(self, staged: Path, key: str, names: list[str]) -> None:
        """Files of a staged folder, some at a time; those that went up in a try before this one are not sent again."""
        with tags_in(self._beside) as tags:
            sent = dict(tags.sent)

        def send(name: str) -> None:
            sha256, entry = files.digest(staged / name), self._listing.entries.get(f"{key}/{name}")
            if entry is None or sent.get(f"{key}/{name}") != [entry.tag["e_tag"], sha256]:
                tag = self.store.upload(f"{key}/{name}", staged / name, sha256)
                with tags_in(self._beside) as tags:
                    tags.sent[f"{key}/{name}"] = [str(tag["e_tag"]), sha256]

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(send, names))

    def put(self, place: Path, content: bytes, confirm: Callable[[], None] | None = None) -> None:
        key = self._key(place)
        with self.exclusive():
            if confirm:
                confirm()
            entry = self._listing.entries.get(key)
            files.reach("bucket.swap")
            tag = self.store.swap(key, content, entry.tag if entry else None)
            if tag is None:
                self._sync()
                raise OvertakenError(f"{self._url}/{key}: another writer changed it at this moment; run the same command again")
            files.reach("bucket.settle")
            super().put(place, content)
            self._remember(key, tag)
            self._sync()

    def put_beside(self, place: Path, content: bytes) -> None:
        super().put_beside(place, content)
        self._remember(self._key(place), self.store.put(self._key(place), content))

    def _remember(self, key: str, tag: Tag) -> None:
        with tags_in(self._beside) as tags:
            tags.here[key] = str(tag["e_tag"])

    # Removal

    def discard(self, folder: Path, aside: str) -> None:
        key = self._key(folder)
        record = f"{key}/{MANIFEST if key.startswith('runs/') else RECEIPT}"
        with self.exclusive():
            data = self.store.read(record)
            files.reach("bucket.remove")
            self.store.delete([record])
            if data and self._publishes(folder):
                self.store.create(record, data[0])
                raise LakeError(f"{self._url}: run {folder.name} was published by another writer at this moment; it stays")
            files.reach("bucket.clear")
            self.store.delete(self._listing.within(key))
            if folder.exists():
                super().discard(folder, aside)
            self._sync()

    def _publishes(self, folder: Path) -> bool:
        answer = self.store.read(pointer.CURRENT) if folder.parent.name == "runs" else None
        return answer is not None and answer[0].startswith(f"{folder.name} ".encode())

    def clear(self, place: Path) -> None:
        with self.exclusive():
            self.store.delete([self._key(place)])
            super().clear(place)

    def leftovers(self, age: timedelta, *, dry_run: bool = False) -> tuple[str, ...]:
        with self.exclusive():
            self.store.put(CLOCK, b"")
            now = self.store.entries()[CLOCK].modified
            self.store.delete([CLOCK])
            entries = self._listing.entries
            left = tuple(sorted(key for key in self._listing.unnamed(self.root) if entries[key].modified <= now - age))
            if not dry_run:
                self.store.delete(left)
        return left

    def _key(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()
