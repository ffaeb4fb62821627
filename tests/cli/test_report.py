"""`recsys report`: the page of a run, where it is."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from recsys import Lake
from tests.cli.conftest import Recsys

pytestmark = pytest.mark.slow  # whole runs


def test_makes_the_page_and_says_where(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    answer = recsys("report", "--lake", lake.root, "--open")
    place = Path(answer.out.strip())
    assert (answer.code, place) == (0, lake.published().path / "report.html")
    assert lake.published().id in place.read_text(encoding="utf-8")
    assert opened == [place.as_uri()]


def test_a_run_that_is_not_there(recsys: Recsys, lake: Lake) -> None:
    assert recsys("report", "--run", "nope", "--lake", lake.root).code in (5, 6)
