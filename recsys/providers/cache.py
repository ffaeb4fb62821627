"""Provider answers on disk, and what a provider said about being asked again: one SQLite file.

Entries are kept per *item asked for*, not per request, so an item that came in a batch of 50 is found again when it is asked
alone, and an interrupted import continues where it stopped. Only the fields a provider's model names are stored: no headers,
no request, no page source, hence no token. (An HTTP cache such as hishel stores requests with their headers and drops what
has expired; here expired entries stay, as a labelled fallback.)
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, ValidationError

from recsys.providers.database import Database

CACHE_FILE = "answers.sqlite"
NEGATIVE_SECONDS = 3600.0
"""How long "the provider does not know it" is believed."""
KEEP_SECONDS = 30 * 86_400.0
"""How long after its expiry an entry may still serve as a fallback."""
REFUSAL_SECONDS = 7 * 86_400.0
"""How long a refused endpoint is not tried again: access can be extended."""
LONGEST_REST = 7 * 86_400.0
"""How long a provider is left alone at most, whatever it says: the longest waits that any asks for are of a day or two."""
_SCHEMA = """
create table if not exists answers (
    provider text, kind text, key text, ends real, content blob, primary key (provider, kind, key)
) without rowid;
create table if not exists states (provider text primary key, content text) without rowid;
create table if not exists unanswered (
    provider text, question text, times integer, next real, primary key (provider, question)
) without rowid;
"""

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

    def resting(self, now: float) -> dict[str, float]:
        """Endpoint families (``*`` = all) that must not be asked at ``now``, and until when.

        What lies further ahead than :data:`LONGEST_REST` was noted by a clock that has been set back since.
        """
        return {family: until for family, until in self.blocked.items() if now < until <= now + LONGEST_REST}


class Cache:
    """Answers and states of all providers in one folder. Safe to use from several threads and processes.

    ``ttl`` is in seconds; ``clock`` gives UTC seconds.
    """

    def __init__(self, folder: Path, ttl: float = 86_400.0, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.ttl, self.clock = folder, ttl, clock
        self._database = Database(folder / CACHE_FILE, _SCHEMA)
        if any(folder.glob("*/state.json")) or any(folder.glob("*/*/??")):
            self._adopt()

    def get(self, provider: str, kind: str, key: str, model: type[M], *, expired: bool = False) -> Answer[M] | None:
        """The fresh entry, or with ``expired`` also a stale one; None when there is none that can be read."""
        sql = "select ends, content from answers where provider = ? and kind = ? and key = ?"
        with self._database.reading() as connection:
            row = connection.execute(sql, (provider, kind, _hashed(key))).fetchone() if connection else None
        if row is None:
            return None
        stale = row[0] <= self.clock()
        if stale and (row[1] is None or not expired):
            return None
        try:
            return Answer(None if row[1] is None else model.model_validate_json(row[1]), stale)
        except ValidationError:
            return None

    def put(self, provider: str, kind: str, key: str, value: BaseModel | None) -> None:
        content = None if value is None else value.model_dump_json(exclude_none=True, by_alias=True).encode()
        ends = self.clock() + (NEGATIVE_SECONDS if value is None else self.ttl)
        with self._database.writing() as connection:
            row = (provider, kind, _hashed(key), ends, content)
            connection.execute("insert or replace into answers values (?, ?, ?, ?, ?)", row)

    def counts(self, provider: str) -> tuple[int, int]:
        """Entries that are fresh and entries that have expired."""
        sql = "select count(*) filter (where ends > ?), count(*) filter (where ends <= ?) from answers where provider = ?"
        now = self.clock()
        with self._database.reading() as connection:
            fresh, stale = connection.execute(sql, (now, now, provider)).fetchone() if connection else (0, 0)
        return fresh, stale

    def prune(self, provider: str) -> int:
        """Deletes entries too old to serve even as a fallback; returns how many."""
        return self._deleted("provider = ? and ends < ?", provider, self.clock() - KEEP_SECONDS)

    def forget(self, provider: str) -> int:
        """Deletes everything stored about the provider; returns the number of answers."""
        answers = self._deleted("provider = ?", provider)
        if provider in self.providers():
            with self._database.writing() as connection:
                for table in ("states", "unanswered"):
                    connection.execute(f"delete from {table} where provider = ?", (provider,))  # noqa: S608 — two names of ours
            self._database.compact()
        return answers

    def providers(self) -> list[str]:
        """Providers that anything is stored about."""
        sql = "select provider from answers union select provider from states union select provider from unanswered order by 1"
        with self._database.reading() as connection:
            return [row[0] for row in connection.execute(sql)] if connection else []

    def delete(self, unwanted: Callable[[bytes], bool]) -> int:
        """Deletes the answers of all providers whose content is unwanted; returns how many."""
        with self._database.reading() as connection:
            rows = connection.execute("select provider, kind, key, content from answers") if connection else ()
            keys = [row[:3] for row in rows if row[3] is not None and unwanted(row[3])]
        if keys:
            with self._database.writing() as connection:
                connection.executemany("delete from answers where provider = ? and kind = ? and key = ?", keys)
        self._database.compact()
        return len(keys)

    def state(self, provider: str) -> State:
        with self._database.reading() as connection:
            stored = connection.execute("select content from states where provider = ?", (provider,)) if connection else None
            row = stored.fetchone() if stored else None
        try:
            return State.model_validate_json(row[0]) if row else State()
        except ValidationError:
            return State()

    @contextlib.contextmanager
    def changing(self, provider: str) -> Iterator[State]:
        """The provider's state, written back when the block ends; no other thread or process changes it meanwhile."""
        with self._database.writing() as connection:
            state = self.state(provider)
            yield state
            row = (provider, state.model_dump_json())
            connection.execute("insert or replace into states values (?, ?)", row)

    def unanswered(self, provider: str) -> dict[str, float]:
        """Questions that had no answer, with the moment (UTC seconds) from which on they may be asked again."""
        with self._database.reading() as connection:
            rows = (
                connection.execute("select question, next from unanswered where provider = ?", (provider,)) if connection else ()
            )
            return dict(rows)

    def postpone(self, provider: str, questions: list[str], first: float, longest: float) -> None:
        """Note questions without an answer: the distance to the next try is ``first`` seconds, then twice the last one."""
        sql = (
            "insert into unanswered values (:provider, :question, 1, :now + :first) on conflict do update set times = times + 1, "
            "next = :now + min(:first * (1 << min(times, 20)), :longest)"
        )
        if questions:
            with self._database.writing() as connection:
                known = {"provider": provider, "now": self.clock(), "first": first, "longest": longest}
                connection.executemany(sql, [{**known, "question": question} for question in questions])

    def answered(self, provider: str, questions: list[str]) -> None:
        """Questions that have an answer now."""
        if questions and self.unanswered(provider):
            with self._database.writing() as connection:
                rows = [(provider, question) for question in questions]
                connection.executemany("delete from unanswered where provider = ? and question = ?", rows)

    def reset(self, provider: str) -> None:
        """Forget blocks, refusals and errors; answers and cursors stay."""
        if provider in self.providers():
            with self.changing(provider) as state:
                cursors = state.cursors
                state.__dict__.update(State(cursors=cursors).__dict__)
            with self._database.writing() as connection:
                connection.execute("delete from unanswered where provider = ?", (provider,))

    def _deleted(self, where: str, *values: object) -> int:
        if not (self.folder / CACHE_FILE).exists():
            return 0
        with self._database.writing() as connection:
            return connection.execute(f"delete from answers where {where}", values).rowcount  # noqa: S608 — conditions of ours

    def _adopt(self) -> None:
        """Take the states of a folder of single files, as it was written before, and remove its answers."""
        for folder in [path for path in self.folder.iterdir() if path.is_dir()]:
            with contextlib.suppress(OSError, ValidationError):
                state = State.model_validate_json((folder / "state.json").read_bytes())
                with self.changing(folder.name) as current:
                    current.__dict__.update(state.__dict__)
            shutil.rmtree(folder, ignore_errors=True)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
