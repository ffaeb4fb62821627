"""Finding, opening and hashing source files."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from recsys.errors import InputError
from recsys.ingest import files, ingest
from recsys.ingest.files import Source
from recsys.lake import Lake
from tests.ingest.conftest import Put


def content(source: Source) -> bytes:
    with files.reading(source), source.open() as stream:
        return stream.read()


def packed(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def test_packing_is_seen_in_the_bytes(put: Put) -> None:
    assert content(Source(put("a.csv", "x"))) == b"x"
    assert content(Source(put("b.csv", gzip.compress(b"x") + gzip.compress(b"y")))) == b"xy"
    assert content(Source(put("c.csv.zst", pa.compress(b"xy", "zstd", asbytes=True)))) == b"xy"


DATA = bytes(range(256)) * 500


@pytest.mark.parametrize("whole", [gzip.compress(DATA, mtime=0), pa.compress(DATA, "zstd", asbytes=True)], ids=["gz", "zst"])
@pytest.mark.parametrize("cut", [1, 5, 12])
def test_cut_off_packing(put: Put, whole: bytes, cut: int) -> None:
    with pytest.raises(InputError, match=r"a\.csv: .*; (?:fetch|check)"):
        content(Source(put("a.csv", whole[:-cut])))


def test_damaged_packing(put: Put) -> None:
    whole = gzip.compress(DATA, mtime=0)
    with pytest.raises(InputError, match="damaged or cut-off"):
        content(Source(put("a.csv", whole[:20] + bytes([whole[20] ^ 255]) + whole[21:])))


def test_digest_is_of_the_stored_bytes_and_the_salt(put: Put) -> None:
    path = put("a.csv", "x")
    assert Source(path).digest() == hashlib.sha256(b"x").hexdigest()
    assert Source(path).digest("ann") == hashlib.sha256(b"x\0ann").hexdigest()
    archive = put("a.zip", packed("deep/a.csv", b"x"))
    assert Source(archive, "deep/a.csv").digest() == Source(path).digest()
    assert Source(archive, "deep/a.csv").name == "a.csv"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a", b"PAR1...", "parquet"),
        ("a.csv", b"PAR1...", "parquet"),
        ("a.csv.gz", b"[1", "csv"),
        ("a.ndjson", b"x", "json"),
        ("a.txt", b" \n{", "json"),
        ("a.txt", b"\xef\xbb\xbf[", "json"),
        ("a.txt", b"id,title", "csv"),
    ],
)
def test_kind(put: Put, name: str, data: bytes, kind: str) -> None:
    assert files.kind(Source(put(name, data))) == kind


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b" \n\n", "the file is empty"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("a.parquet", b"junk", "not a Parquet file"),
        ("a.csv", "id".encode("utf-16"), "save it as UTF-8"),
    ],
)
def test_no_table_file(put: Put, name: str, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        files.kind(Source(put(name, data)))


def test_find(put: Put, tmp_path: Path) -> None:
    for name in ("in/b.csv", "in/a.json.gz", "in/deep/c.parquet", "in/notes.md", "in/.hidden.csv", "in/_SUCCESS.csv"):
        put(name, "x")
    folder = tmp_path / "files" / "in"
    lone = put("z.txt", "x")
    assert [source.path for source in files.find([lone, folder])] == [
        lone,
        folder / "a.json.gz",
        folder / "b.csv",
        folder / "deep/c.parquet",
    ]


def test_the_log_of_a_player_is_read_by_its_own_name(put: Put, tmp_path: Path) -> None:
    for name in (".scrobbler.log", "._.scrobbler.log", ".trash/.scrobbler.log", "old.scrobbler.log"):
        put(f"player/{name}", "x")
    names = [source.path.name for source in files.find([tmp_path / "files" / "player"])]
    assert names == [".scrobbler.log", "old.scrobbler.log"]
    assert [source.name for source in files.find([put("p.zip", packed("iPod/.scrobbler.log", b"x"))])] == [".scrobbler.log"]


def test_what_may_hold_data_is_not_passed_over_in_silence(lake: Lake, put: Put, tmp_path: Path) -> None:
    table = "user_id,track_id,type\nu,a,play\n"
    for name in ("in/a.csv", "in/b.txt", "in/photo.jpg", "in/.c.txt", "in/deep/watch-history.html"):
        put(name, table)
    put("in/d.zip", packed("e.txt", table.encode()))
    read, *others = ingest(lake, "events", [tmp_path / "files" / "in"])
    assert (read.kept, read.note) == (1, "")
    assert [(one.source, one.note) for one in others] == [
        *(("e.txt", files.PASSED), ("b.txt", files.PASSED), ("watch-history.html", files.PASSED))
    ]
    (lone,) = ingest(lake, "events", [put("z.txt", table + "u,b,play\n")])
    assert lone.kept == 2
    with pytest.raises(InputError, match="holds no file to read"):
        files.find([tmp_path / "files" / "in" / "deep"])


def test_find_inside_archives(put: Put) -> None:
    archive = put("a.zip", packed("My Data/plays.json", b"[]"))
    assert [source.member for source in files.find([archive])] == ["My Data/plays.json"]
    twice = put("all.zip", packed("a.zip", packed("b/e.csv", b"id")))
    (inner,) = files.find([twice])
    assert (inner.label, inner.name, inner.size, inner.head()) == (f"{twice}: a.zip: b/e.csv", "e.csv", 2, b"id")
    (broken,) = files.find([put("half.zip", packed("a.zip", b"PK\x03\x04junk"))])
    assert "damaged" in broken.fault
    (deep,) = files.find([put("three.zip", packed("b.zip", packed("c.zip", packed("e.csv", b"id"))))])
    assert deep.fault.endswith("b.zip: c.zip: an archive in an archive in an archive; unpack three.zip and ingest what is in it")
    with pytest.raises(InputError, match="holds no file to read"):
        files.find([put("b.zip", packed("photo.jpg", b""))])
    good, bad = files.find([archive, put("c.zip", b"PK\x03\x04junk")])
    assert not good.fault  # a damaged archive stops no other file
    with pytest.raises(InputError, match="damaged"), files.reading(bad):
        raise AssertionError("it was read")


def test_what_cannot_be_found(tmp_path: Path, put: Put) -> None:
    with pytest.raises(InputError, match="no such file"):
        files.find([tmp_path / "nothing.csv"])
    put("docs/readme.md", "x")
    with pytest.raises(InputError, match=r"holds no file to read; allowed: \.parquet"):
        files.find([tmp_path / "files" / "docs"])
    with pytest.raises(InputError, match="no file was named"):
        files.find([])


def test_a_file_that_grows_while_it_is_read(put: Put) -> None:
    path = put("a.csv", "x")
    with pytest.raises(InputError, match="changed while it was read"), files.reading(Source(path)):
        path.write_text("xy")


def test_names_that_are_not_text(tmp_path: Path) -> None:
    path = Path(f"{tmp_path}/caf\udce9.csv")
    path.write_text("x")
    assert Source(path).name == "caf\\udce9.csv"
    Source(path).label.encode()


def test_folders_behind_links_and_partitions(put: Put, tmp_path: Path) -> None:
    put("real/user_id=a%20b/year=__HIVE_DEFAULT_PARTITION__/x.csv", "x")
    folder = tmp_path / "files" / "in"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "files" / "real")
    (folder / "loop").symlink_to(folder)
    (source,) = files.find([folder])
    assert source.hive == (("user_id", "a b"), ("year", ""))
    (direct,) = files.find([tmp_path / "files" / "real" / "user_id=a%20b"])
    assert direct.hive == (("year", ""),)


@pytest.mark.parametrize("form", ["gz", "zst", "zip"])
def test_what_unpacks_to_too_much_is_refused(put: Put, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "UNPACKED", 10_000)
    for data, good in ((b"x" * 10_000, True), (random.Random(1).randbytes(10_001), True), (b"x" * 3_000_000, False)):  # noqa: S311
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", data)
        path = put(
            f"a.csv.{form}",
            {"gz": gzip.compress(data), "zst": pa.compress(data, "zstd", asbytes=True), "zip": buffer.getvalue()}[form],
        )
        source = Source(path, member="a.csv" if form == "zip" else None)
        if good:
            assert content(source) == data
        else:
            with pytest.raises(InputError, match=r"cannot be read \(it unpacks to more than [0-9,]+ bytes"):
                content(source)


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "a.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(InputError, match="a pipe or a device"):
            files.find([path])
    (tmp_path / "b.csv").write_text("x")
    assert [source.path.name for source in files.find([tmp_path])] == ["b.csv"]
