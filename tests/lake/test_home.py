"""Where a lake lives, by its address."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from recsys.errors import UsageError
from recsys.lake.home import Home, home_of


def test_a_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = home_of("data/lake")
    assert type(home) is Home
    assert (home.root, home.name, home.shared) == (tmp_path / "data/lake", str(tmp_path / "data/lake"), False)
    assert not home.root.exists()


def test_a_folder_has_nothing_to_learn_and_no_uploads(tmp_path: Path) -> None:
    home = home_of(tmp_path / "lake")
    home.sync()
    with home.exclusive():
        assert home.leftovers(timedelta()) == ()
    assert not home.root.exists()


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="s3://BUCKET/PREFIX"):
        home_of("https://example.org/lake")


def test_a_bucket_has_a_folder_here_and_nobody_is_asked_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore")
    monkeypatch.setenv("RECSYS_BUCKET_CACHE", str(tmp_path))
    home = home_of(Path("s3://music/one"))
    assert (home.name, home.shared) == ("s3://music/one", True)
    assert home.root.is_relative_to(tmp_path)
    assert not [*tmp_path.iterdir()]
