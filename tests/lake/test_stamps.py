"""Files that were not touched are not read again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from recsys.lake import Lake, Stamps
from recsys.lake.stamps import _SETTLED_NS, NAME

OLD = (5, 1_700_000_000_000_000_000)


def test_an_untouched_file_is_read_once(tmp_path: Path) -> None:
    lake, read = Lake(tmp_path), []

    def digest(stamp: tuple[int, int] = OLD, key: str = "/music/ann/x.json") -> str:
        with lake.stamps() as stamps:
            return stamps.digest(key, stamp, lambda: read.append(stamp) or f"{len(read):064x}")

    assert digest() == digest() == f"{1:064x}"
    assert digest((6, OLD[1])) == f"{2:064x}"
    assert digest((6, OLD[1] + 1)) == digest((6, OLD[1] + 1)) == f"{3:064x}"
    assert digest(key="/music/ann/y.json") == f"{4:064x}"
    assert b"ann" not in (tmp_path / "cache" / NAME).read_bytes()


def test_a_file_that_changed_just_now_may_change_again() -> None:
    stamps = Stamps({})
    now = (5, time.time_ns() + _SETTLED_NS)
    assert [stamps.digest("k", now, lambda answer=answer: answer) for answer in "ab"] == ["a", "b"]
    assert not stamps.changed


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"x": 5}', b"\xff", b"{"])
def test_a_damaged_cache_is_no_cache(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / NAME).write_bytes(content)
    with Lake(tmp_path).stamps() as stamps:
        assert stamps.digest("k", OLD, lambda: "d") == "d"


def test_a_lake_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    with Lake(tmp_path / "lake").stamps() as stamps:
        stamps.digest("k", OLD, lambda: "d")
    assert not (tmp_path / "lake").exists()
