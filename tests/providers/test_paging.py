"""One pager, one way to sort out, one rule for stopping: what every provider's list goes through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from recsys.errors import ProviderError
from recsys.providers.errors import MalformedError, UnavailableError
from recsys.providers.facts import Skip
from recsys.providers.lenient import Unreadable
from recsys.providers.paging import Paged, Slice, left, sort_out


class Song(BaseModel):
    id: str | None
    name: str | None = "song"


def serve(numbers: range, size: int, *, total: int | None = None) -> tuple[Paged[int], list[tuple[int, int]]]:
    """A list of numbers in pages of ``size``, and what its server is asked for."""
    asked: list[tuple[int, int]] = []

    def page(offset: int, number: int) -> Slice[int]:
        asked.append((offset, number))
        return Slice(numbers[offset : offset + size], total, more=total is not None or offset + size < len(numbers))

    return Paged("here", page), asked


@pytest.mark.parametrize(("total", "asked"), [(None, [(0, 1), (3, 2), (6, 3)]), (7, [(0, 1), (3, 2), (6, 3)]), (3, [(0, 1)])])
def test_a_list_ends_with_its_last_page_or_its_length(total: int | None, asked: list[tuple[int, int]]) -> None:
    paged, seen = serve(range(7), 3, total=total)
    assert len(list(paged)) == paged.read == (3 if total == 3 else 7)
    assert seen == asked


def test_an_empty_page_is_the_end() -> None:
    paged, seen = serve(range(4), 2, total=100)
    assert (list(paged), len(seen)) == ([0, 1, 2, 3], 3)


@pytest.mark.parametrize("total", [None, 100])
def test_a_page_that_repeats_and_a_list_without_end_are_errors(total: int | None) -> None:
    with pytest.raises(MalformedError, match="here: the same page came twice"):
        list(Paged("here", lambda _offset, _number: Slice([1, 2], total)))
    with pytest.raises(MalformedError, match="here: more than 10 items"):
        list(Paged("here", lambda offset, _number: Slice([offset, offset + 1], total and 10**9), most=10))


def test_what_came_before_a_fault_is_there() -> None:
    paged = Paged("here", lambda offset, _number: Slice([offset], 9, fault=UnavailableError("abroad")))
    read: list[int] = []
    with pytest.raises(UnavailableError, match="abroad"):
        read.extend(paged)
    assert (paged.read, paged.total) == (1, 9)


def judge(song: Song) -> Song | Skip:
    return song if song.id else Skip(song.name or "", "unavailable", "no id")


def broken(*songs: Song | Unreadable) -> Iterator[Song | Unreadable]:
    yield from songs
    raise UnavailableError("down")


def test_each_wanted_once_and_the_others_with_their_place() -> None:
    songs = [Song(id="a"), Song(id=None, name="odd"), Unreadable(7), Song(id="a", name="again"), Song(id="b")]
    taken = sort_out(songs, judge)
    assert list(taken.items) == ["a", "b"]
    assert [(skip.place, skip.code, skip.name, skip.raw) for skip in taken.skipped] == [
        (2, "unavailable", "odd", '{"name":"odd"}'),
        (3, "unreadable", "", "7"),
        (4, "duplicate", "again", '{"id":"a","name":"again"}'),
    ]
    assert (taken.read, taken.stopped, taken.not_reached(9)) == (5, None, 0)


def test_a_limit_counts_what_is_wanted() -> None:
    taken = sort_out([Song(id=None), Song(id="a"), Song(id="b"), Song(id="c")], judge, 2)
    assert (list(taken.items), taken.read) == (["a", "b"], 3)


def test_an_error_ends_the_list_unless_nothing_came() -> None:
    taken = sort_out(broken(Song(id="a"), Song(id=None)), judge)
    assert (list(taken.items), str(taken.stopped), taken.not_reached(5)) == (["a"], "down", 3)
    with pytest.raises(ProviderError, match="down"):
        sort_out(broken(), judge)


@pytest.mark.parametrize(("total", "read", "more"), [(10, 4, 6), (None, 4, 1), (4, 4, 1)])
def test_what_a_list_that_ended_early_still_has(total: int | None, read: int, more: int) -> None:
    assert left(total, read) == more
