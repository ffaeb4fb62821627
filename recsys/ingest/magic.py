"""Files of other kinds, known by their first bytes: what they are and what to do with them."""

from __future__ import annotations

from recsys.errors import InputError

_STARTS = (
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"\x1f\x8b", "packed twice with gzip", "unpack it once"),
    (b"\x28\xb5\x2f\xfd", "packed twice", "unpack it once"),
    (b"BZh", "a bzip2 file", "unpack it with bunzip2"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it with unxz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV, for example with sqlite3 -header -csv"),
    (b"ARROW1", "a Feather file", "write it as Parquet"),
    (b"FEA1", "a Feather file", "write it as Parquet"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself with git lfs pull"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save its sheet as CSV (UTF-8)"),
    (b"%PDF", "a PDF document", "export the data as CSV or JSON"),
    (b"\x80\x04", "a Python pickle", "write it as Parquet; pickles are never read"),
)
_MARKUP = ((b"<!doctype html", "an HTML page"), (b"<html", "an HTML page"), (b"<?xml", "an XML document"))


def refuse(label: str, head: bytes) -> None:
    """Raise :class:`InputError` for a file whose first bytes show that it is of another kind."""
    for start, what, advice in _STARTS:
        if head.startswith(start):
            raise InputError(f"{label}: {what}; {advice}")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    for start, what in _MARKUP:
        if text.startswith(start):
            causes = "a download link may have ended at a login page, or an export was asked for in this form"
            raise InputError(f"{label}: {what}; {causes}: fetch the data as JSON or CSV")
    if head[257:262] == b"ustar":
        raise InputError(f"{label}: a tar archive; unpack it first")
    if head[:200:2].count(0) > 20 or head[1:200:2].count(0) > 20:
        raise InputError(f"{label}: UTF-16 text without a byte-order mark; save it as UTF-8")


WORKBOOK = "[Content_Types].xml"
"""Member that tells an Excel workbook from other zip archives."""
