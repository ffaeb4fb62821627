"""Every byte of a folder, packed files opened: who searches for a text finds it wherever it lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def texts(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Name and bytes of every file, and what compressed files hold."""
    for path in root.rglob("*"):
        if path.is_file():
            yield path, str(path.relative_to(root)).encode() + b"\n" + path.read_bytes()
            if path.suffix == ".parquet":
                yield path, repr(pq.ParquetFile(path).read().to_pylist()).encode()
            elif path.suffix == ".arrow":
                yield path, repr(pa.ipc.open_file(path).read_all().to_pylist()).encode()


def naming(root: Path, who: str, but: bytes = b"\0") -> list[Path]:
    """Files that hold a text, apart from where it is part of ``but``."""
    return [path for path, content in texts(root) if who.encode() in content.replace(but, b"")]
