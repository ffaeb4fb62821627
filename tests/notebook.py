"""The notebook ``docs/analysts.ipynb``, executed: ``RECSYS_LAKE=data/lake python -m tests.notebook`` writes its answers anew."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "docs" / "analysts.ipynb"
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def read() -> nbformat.NotebookNode:
    """The notebook as it is stored."""
    return nbformat.read(NOTEBOOK, as_version=4)


def execute(folder: Path) -> nbformat.NotebookNode:
    """The notebook with the answers of the lake that ``RECSYS_LAKE`` names; ``folder`` holds what Jupyter leaves behind.

    Raises :class:`nbclient.exceptions.CellExecutionError` for a cell that fails.
    """
    os.environ |= {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
    book = read()
    book.metadata = nbformat.from_dict(_METADATA)
    NotebookClient(book, timeout=900, kernel_name="python3", record_timing=False).execute()
    book.metadata = nbformat.from_dict(_METADATA)
    for cell in book.cells:
        cell.metadata.clear()
    return book


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as temporary:
        nbformat.write(execute(Path(temporary)), NOTEBOOK)
