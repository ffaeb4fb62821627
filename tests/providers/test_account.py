from __future__ import annotations

from pathlib import Path

from recsys.lake import Lake
from recsys.providers.account import LONGEST_RAW, Rejects, Summary, account_rejects
from recsys.providers.errors import UnavailableError
from recsys.providers.facts import Listing, Skip

ODD, LOST = Skip("a", "episode", "no music", 1), Skip("b", "failed", "503", 2, "x" * 5000)


def test_the_account_adds_up_and_says_what_is_missing() -> None:
    summary = Summary("s", imported=2, updated=1, unchanged=3)
    assert summary.shortfall is None
    summary.take(Listing(skipped=[ODD], not_asked=0))
    assert (summary.account["asked"], summary.shortfall) == (7, None)
    summary.take(Listing(skipped=[LOST], not_asked=4))
    assert summary.account == {
        "asked": 12, "imported": 2, "updated": 1, "unchanged": 3, "skipped": 1, "failed": 1, "not_asked": 4,
    }  # fmt: skip
    assert summary.shortfall == "1 of 12 failed, the first: 503"
    summary.take(Listing(stopped=UnavailableError("down")))
    assert summary.shortfall == "down"
    assert summary.shortfall_kind == "1 failed (failed), 4 not asked for, stopped early"


def test_the_kind_of_a_shortfall_has_no_word_from_outside() -> None:
    whole = Summary("s", imported=1)
    assert whole.shortfall_kind is None
    secret = Summary("s", failed=[Skip("ann", "unreadable", "no user ann", 1)], problems=["ann's page"], stopped="/1/user/ann")
    assert secret.shortfall_kind == "1 failed (unreadable), 1 answers not whole, stopped early"


def test_two_accounts_are_one() -> None:
    summary = Summary("s", imported=1, notes=["n"])
    summary.add(Summary("s", imported=2, notes=["n"], not_asked=3, failed=[LOST]))
    assert (summary.account["asked"], summary.notes, summary.causes) == (7, ["n"], {"failed": 1})


def test_rows_of_rejects_are_cut_and_come_once(tmp_path: Path) -> None:
    known = Rejects(Lake(tmp_path), "s")
    rows = known.fresh([ODD, LOST])
    frame = account_rejects(rows, "d" * 64)
    assert frame.select("line", "code", "reason").rows() == [(1, "episode", "no music"), (2, "failed", "503")]
    assert [len(raw) for raw in frame["raw"]] == [1, LONGEST_RAW]
    known.stored(rows)
    assert known.fresh([ODD, LOST]) == []
