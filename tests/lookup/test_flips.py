"""One flipped bit anywhere in the files of the lookup: the answer that was written, or an error that says so."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from recsys import Lake, LakeError
from recsys.lookup.names import FILES, OFFSETS, name
from recsys.lookup.reader import Reader

SEED = 7
Ask = Callable[[], object]


def questions(reader: Reader, lake: Lake, file: str) -> list[Ask]:
    """Everything that can be asked of one file, about every listener or track."""
    run = lake.published()
    users = ["*", "nobody", *run.read("profiles")["user_id"]]
    listed = [one for user in users for one in reader.lists(reader.listener(user)).values()]
    if file == "users":
        return [partial(reader.listener, user) for user in users]
    if file == "names":
        return [partial(reader.users, prefix) for prefix in ("", "demo-u0", "demo/", "x")]
    if file == "tracks":
        return [lambda track=track: reader.whole_track(reader.find_track(track)) for track in run.read("tracks")["id"].sort()]
    if file == "rows":
        slices = [partial(reader.rows, one, first, count) for one in listed for first, count in ((0, 20), (3, 90))]
        return slices + [partial(reader.ranked, one) for one in listed]
    return [partial({"pool": reader.pool, "lists": reader.record}[file], one) for one in listed]


def flip(path: Path, place: int, bit: int) -> None:
    """As a disk does it: no clock moves."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ (1 << bit)]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("flips", [4, pytest.param(400, marks=pytest.mark.slow)])
def test_no_flip_changes_an_answer(own: Lake, flips: int) -> None:
    """Flips while the files are open: those that a server meets."""
    chance = random.Random(SEED)  # noqa: S311
    reader = Reader(own.published())
    named = 0
    for file in FILES:
        asked = questions(reader, own, file)
        right = [ask() for ask in asked]
        path = own.published().path / name(file)
        for _ in range(flips):
            place, bit = chance.randrange(path.stat().st_size), chance.randrange(8)
            flip(path, place, bit)
            for ask, answer in zip(asked, right, strict=True):
                try:
                    assert ask() == answer
                except LakeError:
                    named += 1
            flip(path, place, bit)
    assert named > 0


@pytest.mark.parametrize("flips", [4, pytest.param(400, marks=pytest.mark.slow)])
def test_no_flip_is_opened(own: Lake, flips: int) -> None:
    """Flips before the run is opened: every byte is read then."""
    chance = random.Random(SEED)  # noqa: S311
    for file in (*map(name, FILES), OFFSETS):
        path = own.published().path / file
        for _ in range(flips):
            place, bit = chance.randrange(path.stat().st_size), chance.randrange(8)
            flip(path, place, bit)
            with pytest.raises(LakeError, match="its content is not what was written; run `recsys runs verify"):
                Reader(own.published())
            flip(path, place, bit)
    Reader(own.published())
