"""The folder of an analyst's own checks: its files by name, hidden ones left out, and what cannot be read said."""

from __future__ import annotations

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake, checks


def test_files_by_name_but_for_hidden_ones_and_folders(lake: Lake) -> None:
    assert checks.names(lake) == []
    folder = lake.root / checks.FOLDER
    (folder / "inner").mkdir(parents=True)
    for name in ("b.sql", "a.txt", ".swp"):
        (folder / name).write_text("select 'é'", encoding="utf-8")
    assert checks.names(lake) == ["a.txt", "b.sql"]
    assert checks.read(lake, "b.sql") == "select 'é'"


def test_what_is_not_utf_8_or_gone(lake: Lake) -> None:
    (lake.root / checks.FOLDER).mkdir(parents=True)
    (lake.root / checks.FOLDER / "a.sql").write_bytes(b"\xff")
    with pytest.raises(LakeError, match=r"a\.sql: not UTF-8; save it as UTF-8"):
        checks.read(lake, "a.sql")
    with pytest.raises(LakeError):
        checks.read(lake, "gone.sql")
