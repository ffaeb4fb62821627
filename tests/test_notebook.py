"""The notebook of the analysts' page: stored with its answers, and every cell runs on a lake of its own."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from recsys.demo import AS_OF
from tests import notebook
from tests.support.published import EARLIER, publish


def kinds(book: nbformat.NotebookNode) -> list[list[str]]:
    """Media types of the answers, cell by cell."""
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    return [sorted(media for output in cell.outputs for media in output.get("data", {output.output_type: ""})) for cell in code]


def test_it_is_stored_with_every_answer() -> None:
    book = notebook.read()
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [*range(1, len(code) + 1)]
    assert sum("image/svg+xml" in answers for answers in kinds(book)) == 2
    assert not {"error", "stream"} & {media for answers in kinds(book) for media in answers}


def test_it_is_small_and_says_nothing_of_the_machine() -> None:
    text = notebook.NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert not [word for word in ("/home/", "/root/", "/tmp/", "/work/", "/Users/", "C:\\") if word in text]  # noqa: S108
    assert set(notebook.read().metadata) == {"kernelspec", "language_info"}


@pytest.mark.slow
def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = publish(tmp_path / "lake", EARLIER, AS_OF)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, "")  # put back what the notebook sets
    monkeypatch.setenv("RECSYS_LAKE", str(lake.root))
    book = notebook.execute(tmp_path)
    assert kinds(book) == kinds(notebook.read())
