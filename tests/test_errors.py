"""The error tree: its docstring is the tree, and every exit code is its own."""

from __future__ import annotations

import re

import pytest

from recsys import errors
from recsys.errors import RecsysError

CLASSES = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, RecsysError)]


def test_the_docstring_is_the_tree() -> None:
    drawn = dict(re.findall(r"(\w+Error)\s+exit (\d+)", errors.__doc__ or ""))
    assert drawn == {one.__name__: str(one.exit_code) for one in CLASSES}


def test_exit_codes_are_distinct_and_not_those_of_success_or_interruption() -> None:
    codes = [one.exit_code for one in CLASSES]
    assert len(set(codes)) == len(codes)
    assert not {0, 130} & set(codes)


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one.__name__)
def test_every_class_says_what_it_is_for_and_keeps_its_message(one: type[RecsysError]) -> None:
    assert one.__doc__
    assert str(one("what failed, where")) == "what failed, where"
    assert issubclass(one, RecsysError)
