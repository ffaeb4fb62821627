from __future__ import annotations

from pathlib import Path

from recsys.providers.account import Summary
from recsys.providers.cache import Cache
from recsys.providers.facts import Facts, Listing, Row, Skip
from recsys.providers.questions import FIRST_DISTANCE, Questions
from tests.support.wire import Clock


def row(name: str, title: str = "T") -> Row:
    return {"id": name, "title": title}


def test_those_never_asked_come_first_and_the_others_wait(tmp_path: Path, clock: Clock) -> None:
    questions = Questions(Cache(tmp_path, 100.0, clock), "p")
    rows = [row("a"), row("b"), row("c")]
    questions.settle(rows[:2], Listing([Facts("b", "p", {})], [Skip("a", "no_match", "x")]))
    summary = Summary("p")
    assert [one["id"] for one in questions.due(rows, summary)] == ["b", "c"]
    assert "no answer before for 1 track," in summary.notes[0]
    clock.sleep(FIRST_DISTANCE + 1)
    assert [one["id"] for one in questions.due(rows, Summary("p"))] == ["b", "c", "a"]


def test_another_title_is_another_question_and_a_failure_is_none(tmp_path: Path, clock: Clock) -> None:
    questions = Questions(Cache(tmp_path, 100.0, clock), "p")
    questions.settle([row("a"), row("b")], Listing(skipped=[Skip("a", "no_match", "x"), Skip("b", "failed", "503")]))
    assert [one["id"] for one in questions.due([row("a", "New"), row("b")], Summary("p"))] == ["a", "b"]
