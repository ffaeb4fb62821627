"""What is known between two commands: stored when it changes, and worth nothing when it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.lake.bucket.tags import _NAME, tags_in


def test_what_was_learnt_is_there_the_next_time(tmp_path: Path) -> None:
    with tags_in(tmp_path) as tags:
        tags.here["CURRENT"] = '"a"'
        tags.sent["runs/1/x"] = ['"b"', "00"]
    with tags_in(tmp_path) as tags:
        assert (tags.here, tags.sent) == ({"CURRENT": '"a"'}, {"runs/1/x": ['"b"', "00"]})
        assert tags.forget({"runs/1/x"}) == ["CURRENT"]
    with tags_in(tmp_path) as tags:
        assert (tags.here, list(tags.sent)) == ({}, ["runs/1/x"])


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    with tags_in(tmp_path):
        pass
    assert not (tmp_path / _NAME).exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"here": 1, "sent": {}}', b'{"here": {"a": 1}, "sent": {"b": "c"}}', b"\xff"]
)
def test_a_damaged_file_says_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / _NAME).write_bytes(content)
    with tags_in(tmp_path) as tags:
        assert (tags.here, tags.sent) == ({}, {})


def test_an_error_in_the_block_keeps_what_was_learnt_before_it(tmp_path: Path) -> None:
    def fail() -> None:
        with tags_in(tmp_path) as tags:
            tags.here["a"] = "1"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with tags_in(tmp_path) as tags:
        assert tags.here == {"a": "1"}
