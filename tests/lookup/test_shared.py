"""Texts that rows share: what stands in them, and that no more are kept than there is room for."""

from __future__ import annotations

import json

import pytest

from recsys.lookup import shared
from recsys.lookup.names import FIRST_REASON, NO_TRACK
from recsys.lookup.reader import Reader


def test_a_row_begins_with_its_track(reader: Reader) -> None:
    row = json.loads(reader._shared[7][1:] + b"1}")
    assert row == {"track": reader.track(7), "score": 1}
    assert json.loads(reader._shared[NO_TRACK][1:] + b"1}") == {"track": None, "score": 1}


def test_a_reason_stands_between_two_numbers(reader: Reader) -> None:
    row = json.loads(b'{"rank":1' + reader._shared[FIRST_REASON] + b"0.5}}")
    assert list(row) == ["rank", "reason", "reason_code", "source", "score_breakdown"]
    assert row["score_breakdown"] == {"content": 0.5}


def test_only_so_many_are_kept(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    found = shared.Shared(reader._tracks, reader._reasons)
    monkeypatch.setattr(shared, "ROOM", 5_000)
    texts = [found[number] for number in range(50)]
    assert 0 < sum(map(len, found.values())) < 5_000
    assert [found[number] for number in range(50)] == texts
