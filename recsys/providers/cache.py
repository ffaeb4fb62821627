"""Provider answers on disk, and what a provider said about being asked again.

Entries are kept per *item asked for*, not per request, so an item that came in a batch of 50 is found again when it is asked
alone, and an interrupted import continues where it stopped. Only the fields a provider's model names are stored: no headers,
no request, no page source, hence no token. (An HTTP cache such as hishel stores requests with their headers and drops what
has expired; here expired entries stay, as a labelled fallback.)

    <folder>/<provider>/<kind>/<2 hex>/<SHA-256 of the key>.json    modification time = when the entry expires
    <folder>/<provider>/state.json
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, ValidationError

NEGATIVE_SECONDS = 3600.0
"""How long "the provider does not know it" is believed."""
KEEP_SECONDS = 30 * 86_400.0
"""How long after its expiry an entry may still serve as a fallback."""
REFUSAL_SECONDS = 7 * 86_400.0
"""How long a refused endpoint is not tried again: access can be extended."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Answer(Generic[M]):
    """What a provider said about one item: ``value`` None = it does not know it; ``stale`` = from an expired entry."""

    value: M | None
    stale: bool = False


class State(BaseModel):
    """What one provider said about being asked again. Times are UTC seconds."""

    blocked: dict[str, float] = Field(default_factory=dict)
    refused: dict[str, float] = Field(default_factory=dict)
    cursors: dict[str, str] = Field(default_factory=dict)
    disabled: str | None = None
    last_error: str | None = None
    last_error_at: float | None = None


class Cache:
    """Answers and states of all providers in one folder. Safe to use from several threads and processes.

    ``ttl`` is in seconds; ``clock`` gives UTC seconds.
    """

    def __init__(self, folder: Path, ttl: float = 86_400.0, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.ttl, self.clock = folder, ttl, clock
        self._lock = threading.RLock()

    def get(self, provider: str, kind: str, key: str, model: type[M], *, expired: bool = False) -> Answer[M] | None:
        """The fresh entry, or with ``expired`` also a stale one; None when there is none that can be read."""
        path = self._path(provider, kind, key)
        try:
            stale = path.stat().st_mtime <= self.clock()
            text = path.read_bytes()
            value = None if text == b"null" else model.model_validate_json(text)
        except (OSError, ValidationError):
            return None
        if stale and (value is None or not expired):
            return None
        return Answer(value, stale)

    def put(self, provider: str, kind: str, key: str, value: BaseModel | None) -> None:
        text = "null" if value is None else value.model_dump_json(exclude_none=True, by_alias=True)
        _replace(self._path(provider, kind, key), text, self.clock() + (NEGATIVE_SECONDS if value is None else self.ttl))

    def counts(self, provider: str) -> tuple[int, int]:
        """Entries that are fresh and entries that have expired."""
        now = self.clock()
        ends = [path.stat().st_mtime for path in self._entries(provider)]
        fresh = sum(end > now for end in ends)
        return fresh, len(ends) - fresh

    def prune(self, provider: str) -> int:
        """Deletes entries too old to serve even as a fallback; returns how many."""
        oldest = self.clock() - KEEP_SECONDS
        old = [path for path in self._entries(provider) if path.stat().st_mtime < oldest]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def forget(self, provider: str) -> int:
        """Deletes everything stored about the provider; returns the number of answers."""
        entries = sum(1 for _ in self._entries(provider))
        shutil.rmtree(self.folder / provider, ignore_errors=True)
        return entries

    def providers(self) -> list[str]:
        """Providers that anything is stored about."""
        return sorted(path.name for path in self.folder.glob("*") if path.is_dir())

    def delete(self, unwanted: Callable[[bytes], bool]) -> int:
        """Deletes the answers of all providers whose content is unwanted; returns how many."""
        found = [path for name in self.providers() for path in self._entries(name) if unwanted(path.read_bytes())]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)

    def state(self, provider: str) -> State:
        try:
            return State.model_validate_json(self._state_path(provider).read_bytes())
        except (OSError, ValidationError):
            return State()

    @contextlib.contextmanager
    def changing(self, provider: str) -> Iterator[State]:
        """The provider's state, written back when the block ends."""
        with self._lock:
            state = self.state(provider)
            yield state
            _replace(self._state_path(provider), state.model_dump_json(indent=1), self.clock())

    def _path(self, provider: str, kind: str, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / provider / kind / name[:2] / f"{name}.json"

    def _state_path(self, provider: str) -> Path:
        return self.folder / provider / "state.json"

    def _entries(self, provider: str) -> Iterator[Path]:
        return (self.folder / provider).glob("*/*/*.json")


def _replace(path: Path, text: str, modified: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    draft.write_text(text, encoding="utf-8")
    os.utime(draft, (modified, modified))
    draft.replace(path)
