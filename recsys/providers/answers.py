"""Answers to questions about single items: from the cache, else from the provider, else from what has expired."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from recsys.errors import ProviderError
from recsys.providers.cache import Answer, Cache
from recsys.providers.errors import MalformedError, MissingError, UnavailableError
from recsys.providers.facts import Facts, Listing, Row, Skip

TOLERATED = 3
"""Failures in one harvest after which a provider is left alone."""

M = TypeVar("M", bound=BaseModel)


@dataclass
class Harvest(Generic[M]):
    """Answers by key, in the order asked; ``failed`` = keys without an answer; ``stopped`` = why the rest was not asked."""

    answers: dict[str, Answer[M]] = field(default_factory=dict)
    failed: dict[str, ProviderError] = field(default_factory=dict)
    stopped: ProviderError | None = None

    def found(self) -> Iterator[tuple[str, M, bool]]:
        """Key, value and staleness of everything the provider knows."""
        for key, answer in self.answers.items():
            if answer.value is not None:
                yield key, answer.value, answer.stale


@dataclass(frozen=True)
class Answers:
    """Cached answers of one provider."""

    cache: Cache
    provider: str

    def one(self, kind: str, key: str, model: type[M], load: Callable[[], M]) -> Answer[M]:
        """The answer about one item.

        When the provider fails, an expired entry is used and marked stale; without one the error is raised.
        """
        if (kept := self.cache.get(self.provider, kind, key, model)) is not None:
            return kept
        try:
            value: M | None = load()
        except MissingError:
            value = None
        except (UnavailableError, MalformedError):
            if (old := self.cache.get(self.provider, kind, key, model, expired=True)) is not None:
                return old
            raise
        self.cache.put(self.provider, kind, key, value)
        return Answer(value)

    def many(
        self,
        kind: str,
        keys: Sequence[str],
        model: type[M],
        load: Callable[[Sequence[str]], Mapping[str, M]],
        *,
        size: int = 1,
        workers: int = 1,
    ) -> Harvest[M]:
        """Answers about many items, ``size`` a call on ``workers`` threads. Never raises a provider's error.

        What was fetched before a failure is cached, so the next harvest asks only for the rest. ``load`` leaves out what the
        provider does not know.
        """
        keys = list(dict.fromkeys(keys))
        kept = {key: answer for key in keys if (answer := self.cache.get(self.provider, kind, key, model)) is not None}
        wanted = [key for key in keys if key not in kept]
        run = _Run(self, kind, load)
        with ThreadPoolExecutor(max_workers=workers) as pool:
            list(pool.map(run.fetch, [wanted[at : at + size] for at in range(0, len(wanted), size)]))
        for key in wanted:
            if key not in run.answers and (old := self.cache.get(self.provider, kind, key, model, expired=True)) is not None:
                run.answers[key] = old
        answers = {**kept, **run.answers}
        failed = {key: error for key, error in run.failed.items() if key not in answers}
        nothing = next(iter(run.failed.values()), None) if not run.answers else None
        return Harvest({key: answers[key] for key in keys if key in answers}, failed, run.stopped or nothing)


class _Run(Generic[M]):
    """The part of one harvest that threads share."""

    def __init__(self, answers: Answers, kind: str, load: Callable[[Sequence[str]], Mapping[str, M]]) -> None:
        self.source, self.kind, self.load = answers, kind, load
        self.answers: dict[str, Answer[M]] = {}
        self.failed: dict[str, ProviderError] = {}
        self.stopped: ProviderError | None = None
        self._failures = 0
        self._lock = threading.Lock()

    def fetch(self, keys: Sequence[str]) -> None:
        if self.stopped is not None:
            return
        try:
            values = self.load(keys)
        except MissingError:
            values = {}
        except ProviderError as error:
            self._fail(keys, error)
            return
        for key in keys:
            self.source.cache.put(self.source.provider, self.kind, key, values.get(key))
            self.answers[key] = Answer(values.get(key))

    def _fail(self, keys: Sequence[str], error: ProviderError) -> None:
        passing = type(error) in (UnavailableError, MalformedError)
        with self._lock:
            self._failures += 1
            self.failed.update(dict.fromkeys(keys, error))
            if not passing or self._failures >= TOLERATED:
                self.stopped = self.stopped or error


def gather(rows: Sequence[Row], work: Callable[[Row], Facts | Skip], workers: int = 1) -> Listing:
    """What ``work`` says about each row, in the rows' order, on ``workers`` threads.

    A row that fails is skipped; after :data:`TOLERATED` failures, or one that will not pass, the rest is not asked. When every
    row fails, the listing says so as if it had stopped.
    """
    listing, failures = Listing(), 0

    def attempt(row: Row) -> Facts | Skip | ProviderError | None:
        if listing.stopped is not None:
            return None
        try:
            return work(row)
        except ProviderError as error:
            if type(error) not in (UnavailableError, MalformedError, MissingError):
                listing.stopped = listing.stopped or error
            return error

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for row, result in zip(rows, pool.map(attempt, rows), strict=True):
            if isinstance(result, Facts):
                listing.facts.append(result)
            elif isinstance(result, Skip):
                listing.skipped.append(result)
            elif isinstance(result, ProviderError):
                listing.skipped.append(Skip(str(row["id"]), "failed", str(result)))
                failures += not isinstance(result, MissingError)
                if failures in (TOLERATED, len(rows)):
                    listing.stopped = listing.stopped or result
    return listing
