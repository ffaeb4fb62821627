"""What a run takes: the formula of the document, and a refusal with numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from recsys import RecsysError, sizing
from recsys.sizing import GIB, MIB, Size

TEXT = (Path(__file__).parent.parent / "docs" / "sizing.md").read_text(encoding="utf-8")
SIZE = Size(events=4_000_000, ratings=3_000_000, listeners=40_000, tracks=20_000, candidates=4_000_000, rows=2_000_000)


def test_the_document_has_the_formula() -> None:
    words = {name: f"{getattr(sizing, name):,}" for name in vars(sizing) if re.match(r"(MEMORY|DISK)_", name)}
    memory, disk = (re.search(rf"^{what} = (.+)$", TEXT, re.MULTILINE) for what in ("memory", "disk"))
    assert memory is not None
    assert disk is not None
    numbers = re.findall(r"([\d,]+) B", memory[1]), re.findall(r"([\d,]+) B", disk[1])
    assert numbers == tuple([value for name, value in words.items() if name.startswith(kind)] for kind in ("MEMORY", "DISK"))
    assert re.findall(r"([\d,]+) MiB", memory[1]) == [f"{sizing.PROGRAM // MIB:,}"]
    work = re.search(r"^work = (\d+) s (.+)$", TEXT, re.MULTILINE)
    assert work is not None
    values = (sizing.WORK_EVENT, sizing.WORK_ROW, sizing.WORK_PAIR, sizing.WORK_MEETING)
    assert (float(work[1]), *map(float, re.findall(r"([\d.]+) µs", work[2]))) == (sizing.WORK_NIGHT, *values)


def test_bytes_grow_with_every_count() -> None:
    for name in ("ratings", "listeners", "tracks"):
        assert replace(SIZE, **{name: 10**7}).memory > SIZE.memory
    for name in vars(SIZE):
        assert replace(SIZE, **{name: 10**8}).disk > SIZE.disk
    for name in ("events", "ratings", "listeners", "tracks", "rows"):
        assert replace(SIZE, **{name: 10**8}).work > SIZE.work
    assert replace(SIZE, events=10**9).memory == SIZE.memory, "events stay on the disk"


def test_what_fits_passes() -> None:
    SIZE.require(SIZE.memory, SIZE.disk)


@pytest.mark.parametrize(
    ("memory", "disk", "words"),
    [
        (GIB, 2**40, "but this machine has 1.0 GiB; leave out"),
        (2**40, GIB // 2, "but its disk has 512 MiB; leave out"),
        (GIB, GIB, "but this machine has 1.0 GiB and its disk has 1.0 GiB; leave out"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(memory: int, disk: int, words: str) -> None:
    with pytest.raises(RecsysError, match=r"^the run does not fit: 40,000 listeners, .* oversize = true$") as refused:
        SIZE.require(memory, disk)
    assert words in str(refused.value)
    assert SIZE.words in str(refused.value)
