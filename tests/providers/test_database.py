from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from recsys.providers.database import Database

SCHEMA = "create table if not exists t (x integer);"


def twice(database: Database) -> None:
    """A good statement, then a bad one."""
    with database.writing() as connection:
        connection.execute("insert into t values (2)")
        connection.execute("no statement")


def test_what_fails_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "a" / "file", SCHEMA)
    with database.writing() as connection:
        connection.execute("insert into t values (1)")
    with pytest.raises(sqlite3.OperationalError):
        twice(database)
    with database.reading() as reader:
        assert reader is not None
        assert reader.execute("select x from t").fetchall() == [(1,)]


def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    with Database(tmp_path / "file", SCHEMA).reading() as connection:
        assert connection is None
    assert list(tmp_path.iterdir()) == []
