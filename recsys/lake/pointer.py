"""``CURRENT``: which run is published, and every publication before it.

The first line is the published run's id, the SHA-256 of its manifest, and the SHA-256 of the rest of the file. Each line after it
is one publication, newest first, as JSON: so one rename publishes a run and writes down that it did.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from recsys.errors import LakeError
from recsys.lake import files
from recsys.lake.records import Moment, Record
from recsys.lake.run import Run

CURRENT = "CURRENT"

_LINE = re.compile(rb"(?P<run>[0-9a-f-]{1,64}) (?P<digest>[0-9a-f]{64})(?: (?P<checksum>[0-9a-f]{64}))?")


class Publication(Record):
    """A run that readers got, since when, and why if one of its checks had failed."""

    run: str
    at: Moment
    accepted: str | None = None


@dataclass(frozen=True)
class Pointer:
    """A run's id, the SHA-256 of its manifest, and the publications so far, newest first."""

    run: str
    digest: str
    log: tuple[Publication, ...] = ()

    def dump(self) -> bytes:
        """The lines as stored."""
        name = f"{self.run} {self.digest}".encode()
        log = "".join(f"{entry.model_dump_json()}\n" for entry in self.log).encode()
        return b"%b %b\n%b" % (name, _checksum(name, log), log)

    def publish(self, run: str, digest: str, publication: Publication) -> Pointer:
        """The pointer to another run; the same one when nothing changes."""
        if (run, digest) == (self.run, self.digest) and publication.accepted is None:
            return self
        return Pointer(run, digest, (publication, *self.log))

    def renamed(self, runs: dict[str, Run]) -> Pointer:
        """The pointer after runs were rewritten: old id → new run."""
        log = tuple(entry.model_copy(update={"run": runs[entry.run].id}) if entry.run in runs else entry for entry in self.log)
        now = runs.get(self.run)
        return Pointer(now.id if now else self.run, now.digest if now else self.digest, log)


def _checksum(name: bytes, log: bytes) -> bytes:
    return hashlib.sha256(name + b"\n" + log).hexdigest().encode()


def read(path: Path) -> Pointer | None:
    """The pointer in a file; none when there is no file. Raises :class:`LakeError` when it holds anything else."""
    with files.guard(path, "read"):
        if not path.exists():
            return None
    data = files.read(path)
    first, *log = data.split(b"\n")
    match = _LINE.fullmatch(first)
    if match and match["checksum"] and match["checksum"] != _checksum(first[: match.end("digest")], data[len(first) + 1 :]):
        raise LakeError(f"{path}: does not name a run")
    try:
        publications = tuple(Publication.model_validate_json(line) for line in log[:-1]) if log and not log[-1] else None
    except ValidationError:
        publications = None
    if match is None or publications is None:
        raise LakeError(f"{path}: does not name a run")
    return Pointer(match["run"].decode(), match["digest"].decode(), publications)
