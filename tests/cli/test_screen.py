"""Tables, JSON and progress as they are written."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from recsys.cli.screen import console, grid, markdown, print_json, progress, say


def test_grid_writes_cells_literally(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(grid("[b]", ("name", "number"), [("[red]x[/red]", 1234567), (None, True)], right=("number",)))
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "1,234,567" in out
    assert "yes" in out
    assert "[b]" in out


def test_say_writes_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say(":smile: [bold]" * 20)
    assert capsys.readouterr().out == ":smile: [bold]" * 20 + "\n"


def test_markdown_escapes_pipes() -> None:
    assert markdown(("a", "b"), [("x|y", 1)]) == "| a | b |\n| --- | --- |\n| x\\|y | 1 |"


def test_json_is_whole_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"when": datetime(2026, 6, 1, tzinfo=UTC), "text": "ü[b]" * 200}
    print_json(data)
    assert json.loads(capsys.readouterr().out) == {"when": "2026-06-01T00:00:00+00:00", "text": "ü[b]" * 200}


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as bars:
        bars("lists", 1, 2)
        bars("lists", 2, 2)
    assert capsys.readouterr() == ("", "")


def test_progress_shows_what_is_done_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress() as bars:
        bars("lists", 3, 4)
    written = capsys.readouterr()
    assert "lists" in written.err
    assert "75%" in written.err
    assert written.out == ""
