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
from recsys.providers.errors import (
    BlockedError,
    ClosedEndpointError,
    ForbiddenError,
    MalformedError,
    MissingError,
    NotConfiguredError,
    UnauthorizedError,
    UnavailableError,
)
from recsys.providers.facts import Facts, Listing, Row, Skip

TOLERATED = 3
"""Failures in a row after which a provider is left alone."""

M = TypeVar("M", bound=BaseModel)


@dataclass
class Harvest(Generic[M]):
    """Answers by key, in the order asked; ``failed`` = keys without an answer; ``stopped`` = why the rest was not asked."""

    answers: dict[str, Answer[M]] = field(default_factory=dict)
    failed: dict[str, ProviderError] = field(default_factory=dict)
    stopped: ProviderError | None = None

    def known(self) -> Iterator[tuple[str, M, bool]]:
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
        self._failures = 0
        for key in keys:
            self.source.cache.put(self.source.provider, self.kind, key, values.get(key))
            self.answers[key] = Answer(values.get(key))

    def _fail(self, keys: Sequence[str], error: ProviderError) -> None:
        with self._lock:
            if concerns_all(error):
                self.stopped = self.stopped or error
                return
            self._failures += 1
            self.failed.update(dict.fromkeys(keys, error))
            if self._failures >= TOLERATED:
                self.stopped = self.stopped or error


def listed(keys: Mapping[str, str], harvest: Harvest[M], about: Callable[[str, M, bool], Facts | None], unknown: str) -> Listing:
    """A harvest as a listing: each item of ``keys`` (id → key asked) is a fact, unknown, failed or not asked.

    ``about`` makes facts of an id, a value and its staleness; None = the value says nothing of use.
    """
    listing = Listing(stopped=harvest.stopped)
    for name, key in keys.items():
        answer, error = harvest.answers.get(key), harvest.failed.get(key)
        facts = about(name, answer.value, answer.stale) if answer and answer.value is not None else None
        if facts is not None:
            listing.facts.append(facts)
        elif answer is not None:
            listing.skipped.append(Skip(name, "unknown", unknown))
        elif error is not None:
            listing.skipped.append(Skip(name, "failed", str(error)))
        else:
            listing.not_asked += 1
    return listing


def concerns_all(error: ProviderError) -> bool:
    """Whether an error is about the provider as a whole, so that the next item would fare no better and is not asked."""
    return isinstance(error, BlockedError | UnauthorizedError | NotConfiguredError | ClosedEndpointError)


def gather(rows: Sequence[Row], work: Callable[[Row], Facts | Skip], workers: int = 1) -> Listing:
    """What ``work`` says about each row, in the rows' order, on ``workers`` threads.

    A row that fails is skipped; after :data:`TOLERATED` failures in a row, or one that will not pass, the rest is not asked. When
    every row fails, the listing says so as if it had stopped.
    """
    listing, failures = Listing(), 0

    def attempt(row: Row) -> Facts | Skip | ProviderError | None:
        return None if listing.stopped is not None else _attempted(row, work)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for row, result in zip(rows, pool.map(attempt, rows), strict=True):
            failures = failures + 1 if isinstance(result, UnavailableError | MalformedError | ForbiddenError) else 0
            if isinstance(result, ProviderError) and (concerns_all(result) or failures in (TOLERATED, len(rows))):
                listing.stopped = listing.stopped or result
            _count(listing, row, result)
    return listing


def _attempted(row: Row, work: Callable[[Row], Facts | Skip]) -> Facts | Skip | ProviderError:
    try:
        return work(row)
    except MissingError as error:
        return Skip(str(row["id"]), "unknown", str(error))
    except ProviderError as error:
        return error


def _count(listing: Listing, row: Row, result: Facts | Skip | ProviderError | None) -> None:
    if isinstance(result, Facts):
        listing.facts.append(result)
    elif isinstance(result, Skip):
        listing.skipped.append(result)
    elif result is None or concerns_all(result):
        listing.not_asked += 1
    else:
        listing.skipped.append(Skip(str(row["id"]), "failed", str(result)))
