"""Column names of table files."""

from __future__ import annotations

import pytest

from recsys.errors import InputError
from recsys.ingest import columns
from recsys.tables import EVENTS, INPUTS, TABLES, TRACKS


@pytest.mark.parametrize("name", INPUTS)
def test_the_contract_itself_fits(name: str) -> None:
    assert columns.check("f", TABLES[name], TABLES[name].names[::-1], nested=False) == {}


def test_alias() -> None:
    assert columns.check("f", TRACKS, ["title", "track_id"], nested=False) == {"track_id": "id"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["user_id", "track", "type"], r"f: 'track' is not a column; did you mean 'track_id'\? allowed: user_id, "),
        (["user_id", "track_id", "type", "zebra"], "f: 'zebra' is not a column; allowed: user_id, "),
        (["user_id", "type"], r"f: column 'track_id' is required in events; found only 'user_id', 'type'\."),
        (["user_id", "track_id", "type", "type"], "f: column 'type' is there twice"),
        (["", "user_id", "track_id", "type"], "f: column 1 has no name"),
        (["User_ID", "track_id", "type"], "did you mean 'user_id'"),
    ],
)
def test_refused(names: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        columns.check("f", EVENTS, names, nested=False)
