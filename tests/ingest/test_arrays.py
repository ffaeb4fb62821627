"""Arrays element by element: what is wrong with one stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.ingest import arrays
from recsys.ingest.arrays import document, elements
from recsys.ingest.files import Source

SOURCE = Source(Path("x.json"))


@pytest.mark.parametrize(
    ("text", "good", "codes"),
    [
        (b'[{"a": 1}, {"a": 2}]', [1, 2], []),
        (b'[{"a": "x \\ud83d y"}, {"a": 2}]', [2], ["json"]),
        (b'[{"a": NaN}, {"a": 2}, {"a": -Infinity}]', [2], ["not_finite", "not_finite"]),
        (b'[{"a": "\xff"}, {"a": 2}]', [2], ["utf8"]),
        (b'[{"a": 1 oops}, {"a": {"b": 2}}, 7, null]', [{"b": 2}], ["json"] * 3),
        (b'[{"a": 1}, {"a": 2}, {"a"]', [1, 2], ["json"]),
        (b'\xef\xbb\xbf [{"a": 1}\n,{"a": "tab\there"}]', [1], ["json"]),
        (b'[{"a": 1}]\n[]\n[{"a": 2}, {"a": NaN}] ', [1, 2], ["not_finite"]),
        (b'[{"a": 1}], {"a": 2}, [{"a": 3}]', [1], ["json"]),
        (b"[]", [], []),
        (b"[,]", [], []),
    ],
)
def test_elements(text: bytes, good: list[object], codes: list[str]) -> None:
    rows, valid = document(SOURCE, text)
    (result,) = elements(rows, valid=valid)
    assert [row["a"] for row in result.rows] == good
    assert [code for _, _, code, _, _ in result.faults] == codes


def test_an_object_with_one_bad_play() -> None:
    whole, valid = document(SOURCE, b'{"scrobbles": [{"a": "\\udc00"}, {"a": 2}]}')
    assert not valid
    (result,) = elements(whole["scrobbles"], valid=valid)
    assert result.numbers == [2]
    assert len(result.faults) == 1


@pytest.mark.parametrize("text", [b'{"a": [', b"[", b'[{"a": 1}, {"a"'])
def test_what_is_cut_off(text: bytes) -> None:
    with pytest.raises(InputError, match=r"x\.json: not JSON"):
        document(SOURCE, text)


def test_long_arrays_come_in_blocks_with_true_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_BLOCK", 2)
    blocks = list(elements([{"a": 1}, 7, {"a": 3}, {"a": 4}, 8]))
    assert [result.numbers for result in blocks] == [[1], [3, 4], []]
    assert [fault[0] for result in blocks for fault in result.faults] == [2, 5]


def test_what_is_too_large_for_one_piece_or_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_OBJECTS", 3)
    with pytest.raises(InputError, match="too large for one JSON document"):
        document(SOURCE, b"[{},{},{}]")
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]
    (result,) = elements([{"a": deep}, {"a": 1}])
    assert (result.numbers, result.faults[0][:3]) == ([2], (1, None, "json"))
