"""Source files: finding, opening, decompressing, hashing.

What a file is comes from its first bytes (Parquet, gzip, Zstandard, zip), then from its name, then from its first character.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast
from urllib.parse import unquote

import pyarrow as pa

from recsys.errors import InputError
from recsys.ingest import magic
from recsys.lake.stamps import Stamp

_Kind = Literal["parquet", "csv", "json"]

_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
ZIP = b"PK\x03\x04"
_CHUNK = 2**20
UNPACKED = 2**28
"""Bytes that every packed file may unpack to."""
RATIO = 100
"""Unpacked bytes per packed one beyond that."""
MOST_MEMBERS = 10_000
"""Files that an archive may hold."""
_KINDS: dict[str, _Kind] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
_SUFFIXES, _BOOKS = tuple(_KINDS), (".xlsx",)
_PACKED = (".gz", ".zst")
_LOG = ".scrobbler.log"
_DOUBTFUL = (".txt", ".log", ".html", ".htm", ".xml", ".xls", ".xlsx", ".ods", ".db", ".sqlite")
"""What may hold data, and is read at most where it is named."""
PASSED = f"left alone: in folders and archives only names in {' '.join(_KINDS)} are read; give its own name, or rename it"
ALLOWED = "Parquet, CSV, JSON Lines or a JSON array, plain, .gz or .zst"


@dataclass(frozen=True)
class Source:
    """One file to read: a file on disk, or a member of a zip archive. ``named`` = the caller named this very file.

    ``fault``: why it cannot be read at all, known from the search for files.
    """

    path: Path
    member: str | None = None
    named: bool = True
    fault: str = ""
    passed: bool = False
    """Found in a folder or an archive under a name that is not read."""
    archive: str | None = None
    """Archive inside the archive ``path`` that holds ``member``."""
    hive: tuple[tuple[str, str], ...] = ()
    """Columns by folder name (``user_id=ann/``), below the folder that the caller named."""

    @property
    def label(self) -> str:
        """The file as messages name it."""
        return _utf8(": ".join(part for part in (str(self.path), self.archive, self.member) if part is not None))

    @property
    def name(self) -> str:
        """The bare file name, without folders."""
        return _utf8(self.path.name if self.member is None else self.member.rsplit("/", 1)[-1])

    @property
    def size(self) -> int:
        """Bytes to read: those on disk, or those of the archive's member."""
        if self.member is None:
            return self.path.stat().st_size
        with self._archive() as archive:
            return archive.getinfo(self.member).file_size

    @property
    def stamp(self) -> Stamp:
        """The same before and after reading when nobody wrote to the file, or put another in its place, meanwhile."""
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino

    @contextmanager
    def raw(self) -> Iterator[BinaryIO]:
        """The bytes as they are stored."""
        if self.member is None:
            with self.path.open("rb") as handle:
                yield handle
        else:
            with self._archive() as archive:
                require_allowed(archive.getinfo(self.member))
                with archive.open(self.member) as inner:
                    yield cast("BinaryIO", inner)

    @contextmanager
    def _archive(self) -> Iterator[zipfile.ZipFile]:
        with zipfile.ZipFile(self.path) as outer:
            if self.archive is None:
                yield outer
                return
            with zipfile.ZipFile(BytesIO(_archived(outer, self.archive))) as inner:
                yield inner

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, decompressed."""
        with self.raw() as raw, unpacked(raw) as stream:
            yield stream

    def digest(self, salt: str = "") -> str:
        """SHA-256 of the stored bytes, followed by a NUL and ``salt`` when there is one."""
        sha = hashlib.sha256()
        with self.raw() as raw:
            while chunk := raw.read(_CHUNK):
                sha.update(chunk)
        if salt:
            sha.update(b"\0" + salt.encode("utf-8", "surrogatepass"))
        return sha.hexdigest()

    def head(self, size: int = 65_536) -> bytes:
        """The first decompressed bytes."""
        with self.open() as stream:
            return stream.read(size)

    @property
    def suffix(self) -> str:
        """Suffix of the name in lower case, that of the packing left out."""
        return _suffix(self.name)


def allowance(packed: int) -> int:
    """Bytes that may come out of ``packed`` ones: no music history shrinks further."""
    return max(UNPACKED, RATIO * packed)


def too_much(packed: int) -> OSError:
    """The error for a file that unpacks to more."""
    return OSError(f"it unpacks to more than {allowance(packed):,} bytes, more than a listening history ever does")


def require_allowed(member: zipfile.ZipInfo) -> None:
    """Raise :class:`OSError` for a member of an archive that unpacks to too much."""
    if member.file_size > allowance(member.compress_size):
        raise too_much(member.compress_size)


def require_modest(archive: zipfile.ZipFile, packed: int) -> None:
    """Raise :class:`OSError` for an archive of ``packed`` bytes with too many files, or that unpacks to too much."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise OSError(f"it holds {len(members):,} files; at most {MOST_MEMBERS:,} are read: unpack it, or pack fewer")
    if sum(member.file_size for member in members) > allowance(packed):
        raise too_much(packed)


def _archived(outer: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of an archive in an archive."""
    require_allowed(outer.getinfo(name))
    return outer.read(name)


def _size(raw: BinaryIO) -> int:
    size = raw.seek(0, 2)
    raw.seek(0)
    return size


class _Bounded:
    """A stream of unpacked bytes that ends in an error where it goes on too long."""

    def __init__(self, stream: Any, packed: int) -> None:
        self._stream, self._packed, self._left = stream, packed, allowance(packed)

    def read(self, size: int = -1) -> bytes:
        most = self._left + 1
        data: bytes = self._stream.read(most if size < 0 else min(size, most))
        self._left -= len(data)
        if self._left < 0:
            raise too_much(self._packed)
        return data


@contextmanager
def unpacked(raw: BinaryIO) -> Iterator[BinaryIO]:
    """The decompressed bytes of a stream that can seek."""
    magic = raw.read(4)
    raw.seek(0)
    if magic.startswith(_GZIP):
        with gzip.open(raw) as stream:
            yield cast("BinaryIO", _Bounded(stream, _size(raw)))
    elif magic == _ZSTD:
        with pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd") as stream:
            yield cast("BinaryIO", _Bounded(stream, _size(raw)))
    else:
        yield raw


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Turns every failure to read ``source`` into an :class:`InputError`, and refuses one that changes meanwhile."""
    if source.fault:
        raise InputError(source.fault)
    try:
        before = source.stamp
        yield
        after = source.stamp
    except (gzip.BadGzipFile, zlib.error, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{source.label}: damaged or cut-off compressed file ({error}); fetch or pack it again") from error
    except pa.ArrowException as error:
        raise InputError(f"{source.label}: cannot be read ({_first_line(error)}); write the file again") from error
    except (OSError, RuntimeError, NotImplementedError) as error:
        cause = getattr(error, "strerror", None) or _first_line(error)
        fault = InputError(f"{source.label}: cannot be read ({cause}); check the file, its rights and its packing")
        fault.passing = getattr(error, "errno", None) is not None
        raise fault from error
    if before != after:
        fault = InputError(f"{source.label}: changed while it was read; wait until it is complete and run the command again")
        fault.passing = True
        raise fault


def kind(source: Source) -> _Kind:
    """What a table file holds. Raises :class:`InputError` when it is empty or something else."""
    head = source.head()
    if not head.strip():
        raise InputError(f"{source.label}: the file is empty; allowed: {ALLOWED}")
    if head.startswith(ZIP):
        raise InputError(f"{source.label}: an Excel workbook; save its sheet as CSV (UTF-8)")
    if head.startswith(_PARQUET):
        return "parquet"
    named = _KINDS.get(source.suffix)
    if named == "parquet":
        magic.refuse(source.label, head)
        raise InputError(f"{source.label}: not a Parquet file, it begins with {head[:4]!r}; write it again, or rename it")
    magic.refuse(source.label, head)
    return named or ("json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in b"{[" else "csv")


def find(paths: Sequence[Path], *, workbooks: bool = False) -> list[Source]:
    """Every file meant by ``paths``, in the order given; a folder means its files with a known suffix, in order of name, and a
    zip archive its members, those of an archive inside it too. ``workbooks``: those in folders and archives as well.

    Raises :class:`InputError` when a path does not exist or holds no such file.
    """
    if not paths:
        raise InputError(f"no file was named; allowed: {ALLOWED}, or a folder of them")
    return [source for path in paths for source in _expanded(Path(path), _SUFFIXES + _BOOKS if workbooks else _SUFFIXES)]


def named(paths: Sequence[Path]) -> str:
    """Paths for a message."""
    return _utf8(", ".join(map(str, paths)))


def _expanded(path: Path, suffixes: tuple[str, ...]) -> list[Source]:
    if path.is_dir():
        there, unread = inside(path)
        sources = [
            replace(source, hive=_hive(file.relative_to(path)))
            for file in there
            if not _hidden(file.relative_to(path)) and _wanted(file.name, suffixes)
            for source in _members(file, suffixes, named=False)
        ] + unread
        sources += [Source(file, named=False, passed=True) for file in there if _doubtful(file.relative_to(path), suffixes)]
        if all(source.passed for source in sources):
            allowed = f"{' '.join(_KINDS)}, plain or with {' or '.join(_PACKED)}, .zip, or {_LOG}"
            raise InputError(f"{path}: the folder holds no file to read; allowed: {allowed}")
        return sources
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the name")
    if not path.is_file():
        raise InputError(f"{path}: a pipe or a device, which may never end; save what comes out of it to a file")
    return _members(path, suffixes, named=True)


def inside(folder: Path) -> tuple[list[Path], list[Source]]:
    """Files below a folder, sorted, also in folders that a link leads to; a link to a folder above is not followed.

    And what of it cannot be looked into, as sources with a fault.
    """
    seen: set[str] = set()
    result: list[Path] = []
    refused: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=refused.append, followlinks=True):
        seen.add(os.path.realpath(place))
        folders[:] = [name for name in sorted(folders) if os.path.realpath(Path(place, name)) not in seen]
        try:
            result += [path for name in names if (path := Path(place, name)).is_file()]
        except OSError as error:
            refused.append(error)
    return sorted(result), [_unread(error, folder) for error in refused]


def _unread(error: OSError, folder: Path) -> Source:
    path = Path(error.filename or folder)
    return Source(path, named=False, fault=f"{_utf8(str(path))}: cannot be looked into ({error.strerror}); check its rights")


def _wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    return _suffix(name) in suffixes or name.lower().endswith((".zip", "scrobbler.log"))


def _doubtful(path: Path, suffixes: tuple[str, ...]) -> bool:
    return _suffix(path.name) in _DOUBTFUL and not _hidden(path) and not _wanted(path.name, suffixes)


def _hive(path: Path) -> tuple[tuple[str, str], ...]:
    parts = (part.partition("=") for part in path.parts[:-1] if "=" in part)
    return tuple((name, "" if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)) for name, _, value in parts)


def _members(path: Path, suffixes: tuple[str, ...], *, named: bool) -> list[Source]:
    source = Source(path, named=named)
    try:
        with reading(source), source.raw() as raw:
            if raw.read(4) != ZIP:
                return [source]
            with zipfile.ZipFile(path) as archive:
                require_modest(archive, path.stat().st_size)
                if magic.WORKBOOK in archive.namelist():
                    return [source]
                members = _inside(source, archive, suffixes)
    except InputError as error:  # it stops no other file
        return [replace(source, fault=str(error))]
    if named and all(member.passed for member in members):
        raise InputError(f"{path}: the archive holds no file to read; allowed inside: {' '.join(_KINDS)}")
    return members


def _inside(source: Source, archive: zipfile.ZipFile, suffixes: tuple[str, ...]) -> list[Source]:
    """The files in an archive, and those in archives in it."""
    members: list[Source] = []
    for name in sorted(info.filename for info in archive.infolist() if not info.is_dir()):
        member = Source(source.path, name, named=False, archive=source.archive, passed=_doubtful(Path(name), suffixes))
        if member.passed:
            members.append(member)
        if _hidden(Path(name)) or not _wanted(name, suffixes):
            continue
        if not name.lower().endswith(".zip"):
            members.append(member)
        elif source.archive is None:
            members += _nested(replace(member, archive=name, member=None), _archived(archive, name), suffixes)
        else:  # not in silence
            deep = f"{member.label}: an archive in an archive in an archive; unpack {source.path.name} and ingest what is in it"
            members.append(replace(member, fault=deep))
    return members


def _nested(source: Source, data: bytes, suffixes: tuple[str, ...]) -> list[Source]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            require_modest(archive, len(data))
            return _inside(source, archive, suffixes)
    except zipfile.BadZipFile as error:
        return [replace(source, fault=f"{source.label}: damaged or cut-off compressed file ({error}); fetch it again")]
    except OSError as error:
        return [replace(source, fault=f"{source.label}: {error}")]


def _suffix(name: str) -> str:
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix in _PACKED else path.suffix


def _hidden(path: Path) -> bool:
    """Whether a file, or a folder on the way to it, is put away; the log of a player has such a name by itself."""
    return any(part.startswith((".", "_")) for part in path.parts if part.lower() != _LOG)


def _utf8(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
