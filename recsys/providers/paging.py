"""Lists of every provider: read page by page, sorted out entry by entry, and left early by one rule.

A page is asked for by what came before it, never by an address that the provider names. A list ends with an empty page, with one
that says it is the last, or when as many entries came as it has; one that repeats a page or never ends is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from recsys.errors import ProviderError
from recsys.providers.errors import MalformedError
from recsys.providers.facts import Skip
from recsys.providers.lenient import Unreadable

ENDLESS = 20_000
"""Entries after which a list is taken to be endless."""


class _Named(Protocol):
    @property
    def id(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...


T = TypeVar("T")
E = TypeVar("E", bound=BaseModel)
N = TypeVar("N", bound=_Named)


@dataclass(frozen=True)
class Slice(Generic[T]):
    """One page: its entries, the length of the whole list as far as it is known, and whether more may follow.

    ``fault``: why the page after it must not be asked for.
    """

    items: Sequence[T]
    total: int | None = None
    more: bool = True
    fault: ProviderError | None = None


class Paged(Generic[T]):
    """A list of ``where``. ``page`` is called with how many entries came so far and the number of the page, first = 1.

    ``read``: entries that came; ``total``: how many there are, as far as it is known.
    """

    def __init__(self, where: str, page: Callable[[int, int], Slice[T]], *, start: int = 0, most: int | None = None) -> None:
        self._where, self._page, self._most = where, page, ENDLESS if most is None else most
        self.read = start
        self.total: int | None = None

    def pages(self) -> Iterator[Sequence[T]]:
        """Raises :class:`MalformedError` for a list that seems endless, besides what ``page`` raises."""
        number, before = 1, None
        while self.read < self._most:
            one = self._page(self.read, number)
            self.total = one.total
            if one.items and one.items == before:
                raise MalformedError(f"{self._where}: the same page came twice; the list seems endless")
            self.read += len(one.items)
            yield one.items
            if not (one.more and one.items) or (one.total is not None and self.read >= one.total):
                return
            if one.fault is not None:
                raise one.fault
            number, before = number + 1, one.items
        raise MalformedError(f"{self._where}: more than {self._most:,} items; the list seems endless")

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page


@dataclass
class Sorted(Generic[N]):
    """What of a list is wanted, by id and in order; what was left out; how many entries came; why it ended early, if it did."""

    items: dict[str, N] = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)
    read: int = 0
    stopped: ProviderError | None = None

    def not_reached(self, total: int | None) -> int:
        """Entries of a list of ``total`` that were not reached: none of one that did not end early."""
        return left(total, self.read) if self.stopped is not None else 0


def left(total: int | None, read: int) -> int:
    """Entries that a list which ended early still has; at least one, where its length is not known."""
    return max((total or 0) - read, 1)


def sort_out(entries: Iterable[E | Unreadable], judge: Callable[[E], N | Skip], limit: int | None = None) -> Sorted[N]:
    """The wanted ones among ``entries``, each once and at most ``limit``; of the others a skip with its place and what was sent.

    ``judge`` returns what an entry names, with an id, or why it is left out. An error after the first entry ends the list, and
    what came before it counts; one before it is raised.
    """
    result = Sorted[N]()
    try:
        for place, entry in enumerate(entries, 1):
            result.read = place
            verdict = _verdict(entry, judge, result.items)
            if isinstance(verdict, Skip):
                raw = entry.model_dump_json(exclude_none=True, by_alias=True)
                result.skipped.append(replace(verdict, place=place, raw=raw))
            else:
                result.items[str(verdict.id)] = verdict
            if limit is not None and len(result.items) >= limit:
                break
    except ProviderError as error:
        if not result.read:
            raise
        result.stopped = error
    return result


def _verdict(entry: E | Unreadable, judge: Callable[[E], N | Skip], known: dict[str, N]) -> N | Skip:
    if isinstance(entry, Unreadable):
        return Skip("", "unreadable", "an entry in a form that is not known")
    verdict = judge(entry)
    if isinstance(verdict, Skip) or verdict.id not in known:
        return verdict
    return Skip(verdict.name or str(verdict.id), "duplicate", f"{verdict.id} is in the list more than once")
