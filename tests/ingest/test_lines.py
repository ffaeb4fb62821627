"""Lines with their numbers, whatever the bytes."""

from __future__ import annotations

import tracemalloc
from io import BytesIO

import pytest

from recsys.ingest import lines


def read(data: bytes) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    blocks = list(lines.blocks(BytesIO(data)))
    good = [row for block in blocks for row in block.frame.iter_rows()]
    return good, [row for block in blocks for row in block.broken.select("line", "code").iter_rows()]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a\nb\n", [(1, "a"), (2, "b")]),
        (b"a\nb", [(1, "a"), (2, "b")]),
        (b"\xef\xbb\xbfa\r\n\r\nb\r\n", [(1, "a"), (2, ""), (3, "b")]),
        ("é\u2028ü\n".encode(), [(1, "é\u2028ü")]),
        (b"\xef\xbb\xbfa\rb\r\rc", [(1, "a"), (2, "b"), (3, ""), (4, "c")]),
        (b"a\rb\nc", [(1, "a\rb"), (2, "c")]),
    ],
)
def test_lines(data: bytes, expected: list[tuple[int, str]]) -> None:
    assert read(data) == (expected, [])


def test_bad_lines_are_named_and_the_others_stay() -> None:
    assert read(b"a\n\xff\xfe\nb\n") == ([(1, "a"), (3, "b")], [(2, "utf8")])


def test_overlong_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST", 5)
    assert read(b"abcde\nabcdef\ng\n") == ([(1, "abcde"), (3, "g")], [(2, "overlong")])
    assert read(b"abcdef\n\xff\n") == ([], [(1, "overlong"), (2, "utf8")])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 100])
def test_blocks_do_not_show(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BLOCK", size)
    monkeypatch.setattr(lines, "LONGEST", 12)
    data = "erste\nzweite é\n\n".encode() + b"\xff\n" + b"x" * 40 + b"\nlast"
    assert read(data) == ([(1, "erste"), (2, "zweite é"), (3, ""), (6, "last")], [(4, "utf8"), (5, "overlong")])


def test_a_line_without_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST", 1_000)
    monkeypatch.setattr(lines, "_BLOCK", 100_000)
    tracemalloc.start()
    (block,) = lines.blocks(BytesIO(b"x" * 20_000_000))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert block.broken["code"].to_list() == ["overlong"]
    assert most < 22_000_000  # the bytes themselves, and a block


def test_lines_of_a_block_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MOST", 3)
    result = list(lines.blocks(BytesIO(b"a\nb\nc\nd\ne\nf\ng")))
    assert [block.frame["text"].to_list() for block in result] == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert [line for block in result for line in block.frame["line"]] == list(range(1, 8))
