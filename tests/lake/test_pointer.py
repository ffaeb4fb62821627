"""The pointer is one line or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from recsys.errors import LakeError
from recsys.lake.pointer import Pointer, Publication, read
from tests.lake import night

GOOD = Pointer("2026-01-31-0123456789ab", "f" * 64)


def test_what_is_stored_is_what_is_read(tmp_path):
    path = tmp_path / "CURRENT"
    assert read(path) is None
    path.write_bytes(GOOD.dump())
    assert read(path) == GOOD


def test_a_publication_comes_before_the_others_unless_it_says_nothing_new(tmp_path):
    path = tmp_path / "CURRENT"
    first, second = (Publication(run=run, at=datetime(2026, 1, 31, tzinfo=UTC)) for run in (GOOD.run, "2026-02-01-aa"))
    accepted = first.model_copy(update={"accepted": "known gap"})
    pointer = GOOD.publish(GOOD.run, "e" * 64, first)  # the same run, built again
    assert (pointer.digest, pointer.log) == ("e" * 64, (first,))
    assert pointer.publish(GOOD.run, "e" * 64, first) is pointer
    pointer = pointer.publish(GOOD.run, "e" * 64, accepted).publish(second.run, "d" * 64, second)
    assert (pointer.run, pointer.digest, pointer.log) == (second.run, "d" * 64, (second, accepted, first))
    path.write_bytes(pointer.dump())
    assert read(path) == pointer


def test_a_torn_or_flipped_line_is_never_another_run(tmp_path):
    path, line = tmp_path / "CURRENT", GOOD.dump()
    cuts = [line[:place] for place in range(len(line))]
    flips = [line[:place] + bytes([line[place] ^ 64]) + line[place + 1 :] for place in range(len(line))]
    for data in [*cuts, *flips, line + b"\n", line * 2]:
        path.write_bytes(data)
        with pytest.raises(LakeError, match="CURRENT: does not name a run"):
            read(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        (b"", "does not name a run"),
        (b"garbage", "does not name a run"),
        (b"\xff\x00", "does not name a run"),
        (b"2026-01-31-aaaaaaaaaaaa " + b"0" * 64 + b"\n", "has no run"),
        (b"../runs " + b"0" * 64 + b"\n", "does not name a run"),
        (None, "changed since it was published"),
    ],
)
def test_a_damaged_pointer_names_the_run_to_publish(lake, pointer, message):
    night.ingest(lake, 1)
    run = lake.publish(night.build(lake).id)
    night.ingest(lake, 2)
    night.build(lake, status="failed")
    if pointer is None:
        pointer = f"{run.id} {'0' * 64}\n".encode()
    (lake.root / "CURRENT").write_bytes(pointer)
    with pytest.raises(LakeError, match=rf"{message}.*; run `recsys publish {run.id}`"):
        lake.current()
    lake.publish(run.id)
    assert lake.current() == run


def test_a_flipped_bit_in_the_log_is_refused_and_a_pointer_without_checksum_is_read(tmp_path):
    path = tmp_path / "CURRENT"
    entry = Publication(run=GOOD.run, at=datetime(2026, 1, 31, tzinfo=UTC), accepted="known gap")
    pointer = Pointer(GOOD.run, GOOD.digest, (entry, entry))
    whole = pointer.dump()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(LakeError, match="CURRENT: does not name a run"):
            read(path)
    first, _, log = whole.partition(b"\n")
    path.write_bytes(b" ".join(first.split()[:2]) + b"\n" + log)
    assert read(path) == pointer
