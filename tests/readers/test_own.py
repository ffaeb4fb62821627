"""Tables of a run read when looked at, of the large ones only the listener's part."""

from __future__ import annotations

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake, Run
from recsys.readers.own import _OWN, OwnTables
from tests.lake import night


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Neighbours of u0 in one part, of u1 and u2 in another."""
    lake = Lake(tmp_path_factory.mktemp("own") / "lake")
    night.ingest(lake, 1)
    return night.build(lake)


def test_the_part_that_has_the_listener(run: Run) -> None:
    assert "neighbors" in _OWN
    for user, users in (("u0", ["u0"]), ("u1", ["u1", "u2"]), ("u2", ["u1", "u2"]), ("zzz", ["u0"])):
        assert OwnTables(run, user)["neighbors"]["user_id"].to_list() == users


def test_read_once_and_named_as_the_run_names_them(run: Run) -> None:
    tables = OwnTables(run, "u1")
    assert tables["neighbors"] is tables["neighbors"]
    assert (list(tables), len(tables)) == (list(run.tables), len(run.tables))
    assert "rankings" not in tables
    with pytest.raises(KeyError):
        tables["rankings"]


def test_a_changed_part_is_an_error_and_the_other_is_read(run: Run) -> None:
    run.files("neighbors")[0].write_bytes(b"x")
    assert OwnTables(run, "u2")["neighbors"].height == 2
    with pytest.raises(LakeError):
        OwnTables(run, "u0")["neighbors"]
