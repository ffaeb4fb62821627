"""`recsys compile`: says how many kernels it compiled, and that there was nothing to do."""

from __future__ import annotations

import logging

import pytest

from recsys.cli.compile import compile_kernels
from tests.cli.conftest import Recsys


@pytest.mark.slow
def test_once_compiled_there_is_nothing_to_do(recsys: Recsys) -> None:
    assert recsys("compile").code == 0
    assert recsys("compile").out == "the kernels are compiled\n"


def test_off_a_terminal_a_line_says_that_it_takes_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from recsys import compiling

    compiled: list[int] = []
    monkeypatch.setattr(compiling, "lacking", lambda: ["one", "two"])
    monkeypatch.setattr(compiling, "compile_all", lambda wanted, _report: compiled.append(len(wanted)))
    with caplog.at_level(logging.INFO, "recsys"):
        assert compile_kernels(lambda *_: None) == 2
    assert compiled == [2]
    assert "compiling 2 kernels, once for this version and processor" in caplog.text
