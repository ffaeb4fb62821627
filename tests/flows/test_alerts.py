"""Somebody hears why a night failed, from a real command and a real webhook, and hears no id and no row."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.alerts import alert, alerted
from flows.report import RunReport
from recsys.errors import InputError
from recsys.lake import Lake
from recsys.settings import Settings


@pytest.fixture
def hook(tmp_path: Path) -> tuple[str, Path]:
    """A command that writes its last argument into a file, and the file."""
    heard = tmp_path / "heard"
    script = tmp_path / "hook.py"
    script.write_text(f"import sys, pathlib; pathlib.Path({str(heard)!r}).write_text('|'.join(sys.argv[1:]))")
    return shlex.join([sys.executable, str(script), "--to", "the operator"]), heard


def report(*, published: bool) -> RunReport:
    problems, counts = ("fail: rankings: every row (3, for example SECRET)",), ("warn: x (1)", "fail: rankings: every row (3)")
    return RunReport("2026-06-01-a", datetime(2026, 6, 1, tzinfo=UTC), Path(), False, published, {}, problems, counts)


def test_a_run_that_is_not_published(hook: tuple[str, Path]) -> None:
    night = alerted(lambda published, *_: report(published=published))
    night(True, Settings(on_failure=hook[0]))  # type: ignore[arg-type]
    assert not hook[1].exists()
    night(False, Settings(on_failure=hook[0]))  # type: ignore[arg-type]
    said = hook[1].read_text().split("|")
    assert said[:2] == ["--to", "the operator"]
    assert said[2] == "recsys: run 2026-06-01-a failed its checks and was not published: fail: rankings: every row (3)"


def test_a_night_that_dies(hook: tuple[str, Path], tmp_path: Path) -> None:
    def dies(lake: Lake, settings: Settings) -> RunReport:
        raise InputError("a row of SECRET-LISTENER")

    with pytest.raises(InputError, match="SECRET"):
        alerted(dies)(Lake(tmp_path), Settings(on_failure=hook[0]))
    assert "InputError" in hook[1].read_text()
    assert "SECRET" not in hook[1].read_text()


def test_a_webhook() -> None:
    heard: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        alert(f"http://127.0.0.1:{server.server_port}/hook", "why")
    assert heard == [{"text": "why"}]


@pytest.mark.parametrize("hook", ["no-such-program --token SECRET", "false SECRET", "http://127.0.0.1:1/SECRET", "'"])
def test_a_hook_that_fails_is_a_warning(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    alert(hook, "why")
    assert "did not take the reason" in caplog.text
    assert "SECRET" not in caplog.text


def test_nobody_hears_by_default() -> None:
    assert Settings().on_failure is None
    alert(None, "why")
