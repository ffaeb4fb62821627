"""Two runs compared as frames and as files; each cause by itself: tests/sql/test_diff.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.readers.diff import READS, compare_runs
from recsys.tables import OUTPUTS
from tests.sql.test_diff import ranked, tables


def test_files_are_compared_as_frames_are(tmp_path: Path) -> None:
    before, after = tables(), tables(rankings=ranked("adb"))
    files = {}
    for name, frame in after.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
        files[name] = [tmp_path / f"{name}.parquet"]
    wanted = compare_runs(before, after, settings_changed=False)
    assert wanted["track_id"].to_list() == ["d", "c", "b"]
    assert compare_runs(before, files, settings_changed=False).equals(wanted)


def test_the_other_way_round_what_entered_has_left() -> None:
    before, after = tables(), tables(rankings=ranked("adb"))
    forward, back = (compare_runs(*pair, settings_changed=True) for pair in ((before, after), (after, before)))
    swapped = {"entered": "left", "left": "entered", "moved": "moved"}
    changes = {row["track_id"]: (row["change"], row["rank_before"], row["rank_after"]) for row in forward.to_dicts()}
    assert {row["track_id"]: (row["change"], row["rank_before"], row["rank_after"]) for row in back.to_dicts()} == {
        track: (swapped[change], new, old) for track, (change, old, new) in changes.items()
    }


def test_every_table_it_reads_is_one_of_a_run() -> None:
    assert set(READS) <= set(OUTPUTS)
    with pytest.raises(KeyError):
        compare_runs({}, {}, settings_changed=False)
