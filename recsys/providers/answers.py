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
    BudgetError,
    BusyError,
    ClosedEndpointError,
    MalformedError,
    MissingError,
    NotConfiguredError,
    RefusedError,
    TokenUnavailableError,
    UnauthorizedError,
    UnavailableError,
)
from recsys.providers.facts import Facts, Listing, Row, Skip

TOLERATED = 3
"""Failures in a row after which a provider is left alone."""

M = TypeVar("M", bound=BaseModel)
About = Callable[[str, M, bool], Facts | Skip | None]
Load = Callable[[Sequence[str]], Mapping[str, M | ProviderError]]


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
    """Cached answers of one provider; with ``refresh`` they only serve where it fails."""

    cache: Cache
    provider: str
    refresh: bool = False

    def one(self, kind: str, key: str, model: type[M], load: Callable[[], M], *, anew: bool = False) -> Answer[M]:
        """The answer about one item; ``anew``: also when there is a fresh one, as for lists, which change.

        When the provider fails, an expired entry is used and marked stale; without one the error is raised.
        """
        if not (anew or self.refresh) and (stored := self.cache.get(self.provider, kind, key, model)) is not None:
            return stored
        try:
            value: M | None = load()
        except MissingError:
            value = None
        except (UnavailableError, MalformedError):
            old = self.cache.get(self.provider, kind, key, model, expired=True)
            if old is None or old.value is None:
                raise
            return Answer(old.value, stale=True)
        self.cache.put(self.provider, kind, key, value)
        return Answer(value)

    def many(
        self,
        kind: str,
        keys: Sequence[str],
        model: type[M],
        load: Load[M],
        *,
        size: int = 1,
        workers: int = 1,
    ) -> Harvest[M]:
        """Answers about many items, ``size`` a call on ``workers`` threads. Never raises a provider's error.

        What was fetched before a failure is cached, so the next harvest asks only for the rest. ``load`` leaves out what the
        provider does not know, and names an error for what it cannot read. A batch that is refused is asked again in halves, so
        that one odd item does not cost its neighbours.
        """
        keys = list(dict.fromkeys(keys))
        fresh = {} if self.refresh else {key: self.cache.get(self.provider, kind, key, model) for key in keys}
        stored = {key: answer for key, answer in fresh.items() if answer is not None}
        wanted = [key for key in keys if key not in stored]
        run = _Run(self, kind, load)
        with ThreadPoolExecutor(max_workers=workers) as pool:
            list(pool.map(run.fetch, [wanted[at : at + size] for at in range(0, len(wanted), size)]))
        for key in wanted:
            if key not in run.answers and (old := self.cache.get(self.provider, kind, key, model, expired=True)) is not None:
                run.answers[key] = old
        answers = {**stored, **run.answers}
        failed = {key: error for key, error in run.failed.items() if key not in answers}
        nothing = next(iter(run.failed.values()), None) if not run.answers else None
        return Harvest({key: answers[key] for key in keys if key in answers}, failed, run.stopped or nothing)


class _Run(Generic[M]):
    """The part of one harvest that threads share."""

    def __init__(self, answers: Answers, kind: str, load: Load[M]) -> None:
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
            if isinstance(error, RefusedError) and len(keys) > 1:
                self.fetch(keys[: len(keys) // 2])
                self.fetch(keys[len(keys) // 2 :])
            else:
                self._fail(keys, error)
            return
        self._store(keys, values)

    def _store(self, keys: Sequence[str], values: Mapping[str, M | ProviderError]) -> None:
        self._failures = 0
        for key in keys:
            value = values.get(key)
            if isinstance(value, ProviderError):
                self.failed[key] = value
            else:
                self.source.cache.put(self.source.provider, self.kind, key, value)
                self.answers[key] = Answer(value)

    def _fail(self, keys: Sequence[str], error: ProviderError) -> None:
        with self._lock:
            if concerns_all(error):
                self.stopped = self.stopped or error
                return
            self._failures += 1
            self.failed.update(dict.fromkeys(keys, error))
            if self._failures >= TOLERATED:
                self.stopped = self.stopped or error


def listed(keys: Mapping[str, str], harvest: Harvest[M], about: About[M], unknown: str) -> Listing:
    """A harvest as a listing: each item of ``keys`` (id → key asked) is a fact, unknown, failed or not asked.

    ``about`` makes facts of an id, a value and its staleness, or a skip; None = the value says nothing of use.
    """
    listing = Listing(stopped=harvest.stopped)
    for name, key in keys.items():
        answer, error = harvest.answers.get(key), harvest.failed.get(key)
        facts = about(name, answer.value, answer.stale) if answer and answer.value is not None else None
        if isinstance(facts, Facts):
            listing.facts.append(facts)
        elif isinstance(facts, Skip):
            listing.skipped.append(facts)
        elif answer is not None:
            listing.skipped.append(Skip(name, "unknown", unknown))
        elif error is not None:
            listing.skipped.append(Skip(name, "failed", str(error)))
        else:
            listing.not_asked += 1
    return listing


def concerns_all(error: ProviderError) -> bool:
    """Whether an error is about the provider as a whole, so that the next item would fare no better and is not asked."""
    return isinstance(
        error, BlockedError | UnauthorizedError | NotConfiguredError | ClosedEndpointError | TokenUnavailableError | BudgetError
    )


_Result = Facts | Skip | ProviderError | None


def gather_answers(rows: Sequence[Row], work: Callable[[Row], Facts | Skip], workers: int = 1) -> Listing:
    """What ``work`` says about each row, in the rows' order, on ``workers`` threads.

    A row whose question met a busy or failing server is put once more when all others had their turn. After :data:`TOLERATED`
    failures in a row, or an error about the provider as a whole, the rest is not asked; a block of some endpoints costs only the
    rows that need them. When every row fails, the listing says so as if it had stopped.
    """
    queue = _Queue(work, rows)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        queue.turn(pool, range(len(rows)))
        queue.turn(pool, [place for place, result in enumerate(queue.results) if isinstance(result, UnavailableError)])
    listing = Listing(stopped=queue.stopped)
    for row, result in zip(rows, queue.results, strict=True):
        _count(listing, row, result)
    failed = [result for result in queue.results if isinstance(result, ProviderError) and not concerns_all(result)]
    if rows and len(failed) == len(rows):
        listing.stopped = listing.stopped or failed[0]
    return listing


class _Queue:
    """Rows with what came of them so far."""

    def __init__(self, work: Callable[[Row], Facts | Skip], rows: Sequence[Row]) -> None:
        self._work, self._rows = work, rows
        self.results: list[_Result] = [None] * len(rows)
        self.stopped: ProviderError | None = None
        self._failures = 0
        self._lock = threading.Lock()

    def turn(self, pool: ThreadPoolExecutor, places: Sequence[int]) -> None:
        """One attempt for each row at ``places``."""
        self._failures = 0
        for place, result in zip(places, pool.map(self._attempt, places), strict=True):
            self.results[place] = result or self.results[place]

    def _attempt(self, place: int) -> _Result:
        """Failures are counted here, on the worker's own thread: one that waits for its results would count too late."""
        if self.stopped is not None:
            return None
        result = self._asked(self._rows[place])
        with self._lock:
            failed = isinstance(result, ProviderError) and not isinstance(result, BusyError)
            self._failures = self._failures + 1 if failed else 0
            if isinstance(result, ProviderError) and (_ends(result) or self._failures >= TOLERATED):
                self.stopped = self.stopped or result
        return result

    def _asked(self, row: Row) -> _Result:
        try:
            return self._work(row)
        except MissingError as error:
            return Skip(str(row["id"]), "unknown", str(error))
        except ProviderError as error:
            return error


def _ends(error: ProviderError) -> bool:
    return concerns_all(error) and not (isinstance(error, BlockedError) and error.family != "*")


def _count(listing: Listing, row: Row, result: _Result) -> None:
    if isinstance(result, Facts):
        listing.facts.append(result)
    elif isinstance(result, Skip):
        listing.skipped.append(result)
    elif result is None or concerns_all(result):
        listing.not_asked += 1
        if result is not None and str(result) not in listing.problems:
            listing.problems.append(str(result))
    else:
        listing.skipped.append(Skip(str(row["id"]), "failed", str(result)))
