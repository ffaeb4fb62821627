"""What the lake stores as JSON: the receipt of a batch and the manifest of a run.

Each is the only list of the files in its folder, with the SHA-256 of every one; readers open nothing else. Each holds the
SHA-256 of the rest of itself as ``checksum``; one without it, as it was written before, is read all the same.
"""

from __future__ import annotations

import hashlib
import json
import stat
import time
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from recsys.errors import LakeError
from recsys.lake import files

_FORMAT = 1
CHECKSUM = "checksum"
MANIFEST = "manifest.json"
RECEIPT = "receipt.json"

Status = Literal["passed", "failed"]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path != "/".join(parts) or ".." in parts or parts[0] == "/":
        raise ValueError("not a path inside the folder")
    return path


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Inside = Annotated[str, AfterValidator(_inside)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class Record(BaseModel):
    """What the lake stores as JSON. Unknown keys are left out, so that a record with additions still reads."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    def dump(self) -> bytes:
        """The record as stored: equal records give equal bytes."""
        values = self.model_dump(mode="json")
        return _text({**values, CHECKSUM: _checksum(values)})


_SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again within one tick of its clock."""
_VERIFIED: set[tuple[str | int, ...]] = set()
"""Files of which this process has read every byte, as they were then."""


class File(Record):
    """One file of a run or a batch."""

    path: Inside
    """Relative to the folder of the run or batch."""
    bytes: Count
    sha256: Digest
    table: str | None = None
    """Table the file is a part of; none = another kind of file."""
    rows: Count | None = None
    first_user: str | None = None
    """Least user_id in the file; parts of a table do not overlap."""
    last_user: str | None = None

    @classmethod
    def of(cls, folder: Path, path: str, **facts: str | int | None) -> Self:
        """The record of a file as it is on disk now."""
        place = folder / path
        facts = {"path": path, "bytes": place.stat().st_size, "sha256": files.digest(place), **facts}
        return cls.model_validate(facts)

    def verified(self, folder: Path) -> str | None:
        """:meth:`problem` with every byte; what has not changed since this process read all of it is not read again."""
        known = self._state(folder)
        if known is not None and known in _VERIFIED:
            return None
        if (problem := self.problem(folder, content=True)) is None and known is not None and known == self._state(folder):
            _VERIFIED.add(known)
        return problem

    def _state(self, folder: Path) -> tuple[str | int, ...] | None:
        """What tells that a file is the same; none while its clock may not yet have moved on since it was written."""
        path = folder / self.path
        try:
            status = path.lstat()
        except OSError:
            return None
        if status.st_ctime_ns > time.time_ns() - _SETTLED_NS:
            return None
        return str(path), self.sha256, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def problem(self, folder: Path, *, content: bool = False) -> str | None:
        """What is wrong with the file, in words; none when it is there with its size (and, if asked, every byte)."""
        path = folder / self.path
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                return f"{path}: not a regular file"
            if status.st_size != self.bytes:
                return f"{path}: {status.st_size} bytes where {self.bytes} were written"
            if content and files.digest(path) != self.sha256:
                return f"{path}: its content is not what was written"
        except OSError as error:
            return f"{path}: cannot be read: {error.strerror}"
        return None


class Receipt(Record):
    """One batch: where its rows came from, and its files."""

    format: int = _FORMAT
    digest: Digest
    """SHA-256 of the source file's bytes."""
    source: str
    rows_read: Count
    kept: File
    rejects: File | None = None
    unlisted: dict[str, Count] | None = None
    """Rejected rows beyond those in ``rejects``, by code: of a file with very many, the first and a sample are kept."""
    account: dict[str, Count] | None = None
    """What came of everything that a provider was asked for, by outcome; none for a file."""


class BatchSource(Record):
    """One input batch a run was made from."""

    table: str
    ordinal: Count
    digest: Digest
    """SHA-256 of the source file's bytes."""
    source: str
    rows: Count
    """Rows kept."""


class Manifest(Record):
    """One run. Only ``created_at`` and ``seconds`` differ between two runs of the same id."""

    format: int = _FORMAT
    run: str
    as_of: Moment
    created_at: Moment
    status: Status
    """`failed`: a check failed, so the run must not become current."""
    code: str
    versions: dict[str, str]
    settings: dict[str, Any]
    inputs: tuple[BatchSource, ...]
    earlier: tuple[str, ...] = ()
    """Runs whose lists this one's leave out."""
    files: tuple[File, ...]
    seconds: dict[str, FiniteFloat]
    """Wall time per stage, in seconds."""
    metrics: dict[str, FiniteFloat]


R = TypeVar("R", bound=Record)


def _text(values: dict[str, Any]) -> bytes:
    return json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _checksum(values: dict[str, Any]) -> str:
    return hashlib.sha256(_text(values)).hexdigest()


def _whole(data: bytes) -> bool:
    """Whether a stored record, which is valid JSON, has the checksum that it names."""
    values = json.loads(data)
    checksum = values.pop(CHECKSUM, None)
    return checksum is None or checksum == _checksum(values)


def load(record: type[R], path: Path) -> tuple[R, bytes]:
    """A stored record and its bytes. Raises :class:`LakeError` when it is missing, damaged or of a newer format."""
    data = files.read(path)
    try:
        parsed = record.model_validate_json(data)
    except ValidationError as error:
        problem = error.errors()[0]
        raise files.damaged(path, f"{'.'.join(map(str, problem['loc']))} {problem['msg']}".strip()) from error
    newest = getattr(parsed, "format", _FORMAT)
    if newest > _FORMAT:
        raise LakeError(f"{path}: format {newest} is newer than this recsys reads ({_FORMAT}); upgrade recsys")
    if not _whole(data):
        raise files.damaged(path, "its content is not what was written")
    return parsed, data
