"""What a run that was stopped had finished: recorded table file by table file, kept by the next run of the same plan.

Beside the staged folder of a run lies its record, ``<run>.parts``: a line that says what made the files, then a line per file,
the moment it is whole on the disk. A file counts when every byte is as recorded. A line that was cut short counts for nothing,
and the record is trusted only where run, libraries and processor are the same: others may round differently.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from recsys.errors import ClusterError, LakeError
from recsys.lake import files
from recsys.lake.plan import Plan, library_versions, processor
from recsys.lake.records import File, Record

SUFFIX = ".parts"


class Maker(Record):
    """What decides every byte of a staged run."""

    run: str
    versions: dict[str, str]
    processor: str

    @classmethod
    def of(cls, plan: Plan) -> Maker:
        """This process."""
        return cls(run=plan.run_id, versions=library_versions(), processor=processor())


def unfinished(staging: Path) -> dict[str, int]:
    """Run → files that it had finished, of every stopped run whose folder and record are in staging."""
    records = [path for path in files.children(staging) if path.suffix == SUFFIX and (staging / path.stem).is_dir()]
    return {path.stem: max(len(files.read(path).splitlines()) - 1, 0) for path in records}


def unfinished_bytes(staging: Path) -> int:
    """Bytes of all that stopped runs left in staging: the next run uses them or removes them."""
    return sum(path.lstat().st_size for run_id in unfinished(staging) for path in (staging / run_id).rglob("*"))


def sweep_unfinished(staging: Path, keep: Container[str]) -> None:
    """Remove what stopped runs had finished, except that of the runs to ``keep``."""
    for run_id in unfinished(staging):
        if run_id not in keep:
            remove_staged(staging / run_id)


def staged_names(run_id: str) -> set[str]:
    """Names in staging that belong to a run."""
    return {run_id, f"{run_id}{SUFFIX}"}


def finished(folder: Path, maker: Maker) -> dict[str, File]:
    """Path → record of the files in a staged folder that are whole and were made by ``maker``; none without a record."""
    try:
        lines = files.read(_record(folder)).splitlines()
    except LakeError:
        return {}
    if not lines or lines[0] != _line(maker):
        return {}
    known = [file for line in lines[1:] if (file := _file(line)) and not file.problem(folder, content=True)]
    return {file.path: file for file in known}


@contextmanager
def reopened(folder: Path, plan: Plan) -> Iterator[dict[str, File]]:
    """Hold a staged folder with what a stopped run of the plan finished in it, and nothing else.

    The folder goes when the block ends, if it is still there; it stays after a kill, an interrupt, or when workers gave up.
    """
    maker = Maker.of(plan)
    whole = finished(folder, maker)
    _start_record(folder, maker, whole)
    try:
        yield whole
        remove_staged(folder)
    except ClusterError:
        raise
    except Exception:
        remove_staged(folder)
        raise


def _start_record(folder: Path, maker: Maker, whole: Mapping[str, File]) -> None:
    """Start the record anew with what is whole, and remove everything else from the folder."""
    files.make_folder(folder)
    for path in folder.rglob("*"):
        if (path.is_symlink() or not path.is_dir()) and path.relative_to(folder).as_posix() not in whole:
            files.clear(path)
    with files.create(_record(folder), "parts") as handle:
        handle.write(b"".join(_line(each) + b"\n" for each in (maker, *whole.values())))


def record_file(folder: Path, file: File) -> None:
    """Record a file that is whole and synced."""
    files.append(_record(folder), _line(file) + b"\n", "parts")


def remove_staged(folder: Path) -> None:
    """Remove a staged folder, where it still is, and its record."""
    for path in (folder, _record(folder)):
        if path.exists():
            files.clear(path)


def _record(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{SUFFIX}")


def _line(record: Record) -> bytes:
    return record.model_dump_json().encode()


def _file(line: bytes) -> File | None:
    try:
        return File.model_validate_json(line)
    except ValidationError:
        return None
