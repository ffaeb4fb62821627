"""Blocks of flat objects read at once: the same rows, rejects and notes as line by line, whatever stands in them."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recsys.ingest import ingest, lines, plain
from recsys.ingest.json import one_by_one
from recsys.ingest.lines import Stretch
from recsys.ingest.plain import Plain
from recsys.lake import Lake
from recsys.tables import CONTROLS, EVENTS, REQUESTS, TRACKS

START = '{"user_id":"a","track_id":"b","type":"play"'
ODD = [
    "", " ", "{", "null", "[]", "[1]", "x", '{"user_id":"a"}', START, START + "},", START + "}}", START + ",}", "{}",
    START + "} " + START + "}", START + "}" + START + "}", " " + START + "}", START + "} ", START + "}\r", "\xa0" + START + "}",
    *(
        START + "," + more + "}"
        for more in (
            '"weight":NaN', '"weight":Infinity', '"weight":1e400', '"weight":-0', '"weight":-0.0', '"weight":1e-9', '"weight":01',
            '"weight":"0.5"', '"weight":true', '"weight":1000', '"weight":{}', '"weight":null', '"plays":3', '"plays":"3"',
            '"plays":3.0', '"plays":0', '"plays":123456789012345678901', '"completed_ms":1.5', '"completed_ms":-1', '"x":1',
            '"type":"skip"', '"occurred_at":1700000000', '"occurred_at":1700000000.25', '"occurred_at":1700000000000',
            '"occurred_at":"1700000000"', '"occurred_at":"2025-02-30T00:00:00Z"', '"occurred_at":"2025-01-01 10:00"',
            '"occurred_at":"2025-01-01T10:00:00.1234567Z"', '"occurred_at":"2025-01-01 10:00:00+0200"', '"occurred_at":"NA"',
            '"context":"\\ud83d\\ude00"', '"context":"\\ud800"', '"context":"\\u0000"', '"context":"é\\n\\/\\""', '"context":"}"',
            '"context":5', '"context":"\x01"', '"context":""', '"contex\\u0074":"radio"', '"source":"s"',
        )
    ),
    '{"user_id":5,"track_id":6,"type":"play"}', '{"user_id":5.0,"track_id":6.5,"type":"play"}',
    '{"user_id":"*","track_id":"b","type":"play"}',
    '{"user_id":"a","track_id":"spotify:track:0123456789012345678901","type":" PLAY "}',
    '{"user_id":"a","track_id":"b","type":"listen"}',
    '{"USER_ID":"a","track_id":"b","type":"play"}', '{"user_id":"a","track_id":"b","play_count":3}',
    '{"user_id":" ","track_id":"","type":null}',
]  # fmt: skip


def usual(draw: random.Random) -> str:
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(10**7))
    row = {
        "user_id": f"u{draw.randrange(9)}",
        "track_id": f"t{draw.randrange(99)}",
        "type": draw.choice(["play", "skip", "like"]),
    }
    row |= {"occurred_at": moment.isoformat()} if draw.random() < 0.9 else {}
    more = {"weight": draw.choice([1, 0.5, 1e-7]), "plays": draw.randrange(1, 9), "completed_ms": 7, "context": 'é "radio"'}
    row |= {name: value for name, value in more.items() if draw.random() < 0.2}
    return json.dumps(row, ensure_ascii=draw.random() < 0.5)


@pytest.fixture(params=[1, 2, 3])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> random.Random:
    """Blocks of a few lines, in pieces of one or two."""
    monkeypatch.setattr(lines, "_BLOCK", 2_000)
    monkeypatch.setattr(plain, "_PIECE", 150)
    return random.Random(request.param)  # noqa: S311


def stored(folder: Path, file: Path) -> tuple[str, dict[str, bytes]]:
    """The report of a file, and all that is in the lake."""
    reports = ingest(Lake(folder), "events", [file])
    paths = sorted(path for path in (folder / "inputs").rglob("*") if path.is_file())
    return repr(reports), {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_same_as_line_by_line(
    blocks: random.Random, share: float, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [usual(blocks) if blocks.random() >= share else blocks.choice(ODD) for _ in range(300)]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + end.join([usual(blocks), *rows]).encode() + b"\n")
    at_once = stored(tmp_path / "at-once", file)
    monkeypatch.setattr(plain, "suited", lambda _: False)
    assert at_once == stored(tmp_path / "line-by-line", file)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_line_among_usual_ones(odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "events.jsonl"
    draw = random.Random(0)  # noqa: S311
    file.write_text("\n".join([usual(draw), usual(draw), odd, usual(draw)]), encoding="utf-8", newline="")
    at_once = stored(tmp_path / "at-once", file)
    monkeypatch.setattr(plain, "suited", lambda _: False)
    assert at_once == stored(tmp_path / "line-by-line", file)


def test_what_is_read_at_once_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "_PIECE", 1)
    draw = random.Random(0)  # noqa: S311
    rows = [usual(draw), usual(draw), START + ',"weight":"0.5","weight":1}', usual(draw)]
    block = plain.read(Stretch(11, "\n".join(rows).encode()), EVENTS, lambda each: one_by_one(each, EVENTS))
    assert isinstance(block, Plain)
    assert (block.rows.frame["line"].to_list(), block.left.to_list(), block.height) == ([11, 12, 14], [13], 4)
    assert block.again(block.left).frame.select("line", "weight").rows() == [(13, "1")]


def test_two_objects_on_one_line_and_none_on_another_are_not_two_rows() -> None:
    half = START[:-1]
    block = plain.read(
        Stretch(1, f'{START}}} {half}\n","occurred_at":null}}'.encode()), EVENTS, lambda each: one_by_one(each, EVENTS)
    )
    assert not isinstance(block, Plain)
    assert block.height == 2
    assert block.frame.is_empty()


def test_an_overlong_line_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST", 100)
    long = START + f',"context":"{"x" * 100}"}}'
    block = plain.read(Stretch(1, f"{START}}}\n{long}\n".encode()), EVENTS, lambda each: one_by_one(each, EVENTS))
    assert not isinstance(block, Plain)
    assert block.broken.select("line", "code").rows() == [(2, "overlong")]


def test_tables_with_lists_are_read_line_by_line() -> None:
    assert [table.name for table in (EVENTS, TRACKS, CONTROLS, REQUESTS) if plain.suited(table)] == ["events"]
