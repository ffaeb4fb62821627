"""Where values from outside come from: a settings file, ``.env`` and the environment. The one place that reads them.

Later wins: file, ``.env`` in the working folder, the environment; the command line is the callers'. An empty variable counts as
none. Files are parsed by tomllib and python-dotenv; nothing is read before it is asked for, and nothing is written.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from recsys.errors import UsageError

ENV_FILE = ".env"


def variables(
    names: Iterable[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[tuple[str, dict[str, str]], ...]:
    """Variables among ``names`` that are set, by source: ``.env`` in ``folder`` (default: the working folder), the environment.

    Raises :class:`UsageError` when ``.env`` cannot be read.
    """
    wanted = tuple(names)
    layers = (
        (ENV_FILE, _env_file((folder or Path()) / ENV_FILE)),
        ("environment", os.environ if environment is None else environment),
    )
    return tuple((source, {name: value for name in wanted if (value := layer.get(name))}) for source, layer in layers)


def variable(name: str) -> str | None:
    """One variable, or None where it is not set."""
    return next((layer[name] for _, layer in reversed(variables([name])) if name in layer), None)


def settings_file(path: Path) -> dict[str, Any]:
    """The values of a TOML file, none where there is no file. Raises :class:`UsageError` when it cannot be read."""
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: not a settings file: {error}; write lines like  list_limit = 50") from error


def _env_file(path: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(path)
    except (UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: not a file of settings: {error}; write lines like  REC_DIVERSITY_LAMBDA=0.74") from error
