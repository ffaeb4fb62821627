"""Files of other kinds are named, with what to do."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from recsys.errors import InputError
from recsys.ingest import ingest, ingest_export, magic
from recsys.lake import Lake
from tests.ingest.conftest import Put
from tests.ingest.test_files import packed

TEXT = "user_id,track_id,type\nu,a,play\n"
KINDS = [
    (TEXT.encode("utf-16"), "UTF-16"),
    (TEXT.encode("utf-16-le"), "UTF-16"),
    (gzip.compress(gzip.compress(b"x")), "packed twice with gzip; unpack it once"),
    (bz2.compress(b"x"), "bzip2"),
    (lzma.compress(b"x"), "xz"),
    (b"SQLite format 3\0" + b"\0" * 84, "SQLite"),
    (b"ARROW1\0\0", "Feather"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    (b"\n<!DOCTYPE html><html>", "HTML page; .* asked for in this form: fetch the data as JSON or CSV"),
    (b"\0" * 257 + b"ustar", "tar archive"),
    (packed("[Content_Types].xml", b"<x/>"), "Excel workbook.* save its sheet .*as CSV"),
]


@pytest.mark.parametrize(("data", "what"), KINDS, ids=[what for _, what in KINDS])
def test_what_a_file_is(data: bytes, what: str, lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=what):
        ingest(lake, "events", [put("e.csv", data)])
    with pytest.raises(InputError, match=what):
        ingest_export(lake, "ann", [put("e.json", data)])


def test_what_is_read_is_not_refused() -> None:
    for head in (TEXT.encode(), b"[{}]", b'{"a": 1}', b"PAR1", "\ufeffid\nä\n".encode(), b"a\n"):
        magic.refuse("x", head)
