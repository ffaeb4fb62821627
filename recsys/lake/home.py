"""Where a lake lives: how its batches, runs and small files come and go.

A :class:`Home` is a folder. That of a lake in a bucket (:mod:`recsys.lake.bucket`) is a folder too, its mirror on this machine:
every step is done in the bucket first, and then here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from recsys.errors import LakeError
from recsys.lake import files
from recsys.lake.records import File

STAGING = ".staging"
UPLOAD_GRACE = timedelta(hours=24)
"""What no record in a bucket names is left alone for so long: its upload may be under way."""


class OvertakenError(LakeError):
    """A small file was to be replaced, and a writer on another machine was first."""


class Home:
    """A folder. Nobody but this machine's writers, who hold its lock, changes it."""

    shared = False
    """Whether writers on other machines change it too."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def name(self) -> str:
        """The lake as messages name it."""
        return str(self.root)

    def sync(self, age: float = 0) -> None:
        """Learn what others did, unless that was done ``age`` seconds ago or less."""

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """A block that decides by what is here now, and changes it: nothing here moves meanwhile."""
        yield

    def fetch(self, folder: Path, file: File) -> None:
        """See to it that a recorded file of a batch or a run is here."""

    def problem(self, folder: Path, file: File, *, content: bool = False) -> str | None:
        """What is wrong with a recorded file, like :meth:`File.problem`."""
        return file.problem(folder, content=content)

    def place(self, staged: Path, target: Path, what: str) -> bool:
        """Make a staged folder a batch or a run in one step; false where another machine was first."""
        files.move(staged, target, what)
        return True

    def put(self, place: Path, content: bytes, confirm: Callable[[], None] | None = None) -> None:
        """Make or replace a small file that readers look at, in one step."""
        files.put_file(self.root / STAGING, place, content, "current", confirm)

    def put_beside(self, place: Path, content: bytes) -> None:
        """Make or replace a file beside a run, which may be made again."""
        files.put_cache(place, content)

    def discard(self, folder: Path, aside: str) -> None:
        """Remove a batch or a run, in one step out of sight of readers first."""
        files.move(folder, self.root / STAGING / aside, "aside")
        files.clear(self.root / STAGING / aside)

    def clear(self, place: Path) -> None:
        """Remove a small file."""
        files.clear(place)

    def leftovers(self, age: timedelta, *, dry_run: bool = False) -> tuple[str, ...]:  # noqa: ARG002  a folder's are in staging
        """Remove what uploads and removals that were cut short left at least ``age`` ago, by the bucket's clock; what that is."""
        return ()


def home_of(place: str | Path) -> Home:
    """The home of the lake in a folder or, as ``s3://bucket/prefix``, in a bucket. Raises :class:`UsageError` for others.

    Nothing is read and nobody is asked before :meth:`Home.sync`.
    """
    from recsys.lake.bucket.address import Address

    if (address := Address.of(place)) is None:
        return Home(Path(place).absolute())
    from recsys.lake.bucket.mirror import Mirror  # here, for it needs a library that a folder does not

    return Mirror(address)


NOWHERE = Home(Path())
"""Of runs and batches that are opened by their folder alone."""
