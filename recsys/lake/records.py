"""What the lake stores as JSON: the receipt of a batch and the manifest of a run.

Each is the only list of the files in its folder, with the SHA-256 of every one; readers open nothing else.
"""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from recsys.errors import LakeError
from recsys.lake import files

FORMAT = 1
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
        text = json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"


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

    format: int = FORMAT
    digest: Digest
    """SHA-256 of the source file's bytes."""
    source: str
    rows_read: Count
    kept: File
    rejects: File | None = None
    account: dict[str, Count] | None = None
    """What came of everything that a provider was asked for, by outcome; none for a file."""


class Source(Record):
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

    format: int = FORMAT
    run: str
    as_of: Moment
    created_at: Moment
    status: Status
    """`failed`: a check failed, so the run must not become current."""
    code: str
    versions: dict[str, str]
    settings: dict[str, Any]
    inputs: tuple[Source, ...]
    files: tuple[File, ...]
    seconds: dict[str, FiniteFloat]
    """Wall time per stage, in seconds."""
    metrics: dict[str, FiniteFloat]


R = TypeVar("R", bound=Record)


def load(record: type[R], path: Path) -> tuple[R, bytes]:
    """A stored record and its bytes. Raises :class:`LakeError` when it is missing, damaged or of a newer format."""
    data = files.read(path)
    try:
        parsed = record.model_validate_json(data)
    except ValidationError as error:
        problem = error.errors()[0]
        raise files.damaged(path, f"{'.'.join(map(str, problem['loc']))} {problem['msg']}".strip()) from error
    newest = getattr(parsed, "format", FORMAT)
    if newest > FORMAT:
        raise LakeError(f"{path}: format {newest} is newer than this recsys reads ({FORMAT}); upgrade recsys")
    return parsed, data
