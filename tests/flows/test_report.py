"""What a flow run says of itself, and what is stored of its errors by others: words without ids."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.report import RecordedError, RunReport, UnpublishedError
from recsys.errors import CheckError, LakeError, RecsysError

REPORT = RunReport(
    "2026-01-31-0123456789ab", datetime(2026, 1, 31, tzinfo=UTC), Path("runs/x"), already=False, published=False,
    problems=("fail: lists: rule (3, for example user_id=SECRET)",), counts=("fail: lists: rule (3)", "warn: x: y (1)"),
)  # fmt: skip


def test_a_run_that_is_not_published_says_why_without_examples() -> None:
    error = UnpublishedError(REPORT)
    assert str(error) == "run 2026-01-31-0123456789ab was not published: fail: lists: rule (3); warn: x: y (1)"
    assert error.report is REPORT
    assert isinstance(error, CheckError)


def test_an_error_is_its_stage_and_kind() -> None:
    cause = LakeError("row of SECRET")
    error = RecordedError("ratings", cause)
    assert str(error) == "ratings: LakeError; the words are in the output of the command"
    assert error.cause is cause


@pytest.mark.parametrize(
    ("error", "kind"), [(UnpublishedError(REPORT), CheckError), (RecordedError("ratings", ValueError("SECRET")), RecsysError)]
)
def test_stored_by_somebody_else_it_is_its_words_alone(error: Exception, kind: type[Exception]) -> None:
    stored = copy.copy(error)  # by the protocol with which others store it
    assert type(stored) is kind
    assert str(stored) == str(error)
    assert "SECRET" not in repr(vars(stored)) + repr(stored)
