"""What came of everything that was asked for: on the screen, as JSON, and as the exit."""

from __future__ import annotations

import json

import pytest

from recsys.cli.accounts import SHOWN, _print_some, as_json, print_summary
from recsys.errors import ProviderError
from recsys.providers.account import Summary
from recsys.providers.facts import Skip


def summary() -> Summary:
    result = Summary("spotify", "Web API")
    result.imported = 1200
    result.skipped.append(Skip("t[1]", "unknown", "not [bold]there", 3))
    return result


def test_the_account_in_one_line_and_each_skip_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary(), "table", "imported")
    said = capsys.readouterr()
    words = said.out + said.err
    assert "imported: 1,201 asked = 1,200 imported" in words
    assert "access: Web API" in words
    assert "unknown: t[1]: not [bold]there" in words


def test_as_json_the_parts_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary(), "json", "imported")
    result = json.loads(capsys.readouterr().out)
    assert (result["asked"], result["imported"], result["skipped"]) == (1201, 1200, 1)
    assert [reject["name"] for reject in result["rejects"]] == ["t[1]"]
    assert result["causes"] == as_json(summary())["causes"]
    assert result["shortfall"] is None


def test_what_may_come_later_is_an_error_after_the_account(capsys: pytest.CaptureFixture[str]) -> None:
    short = summary()
    short.failed.append(Skip("x", "failed", "timed out", 1))
    with pytest.raises(ProviderError) as caught:
        print_summary(short, "table", "imported")
    assert str(caught.value) == short.shortfall
    assert "failed: x: timed out" in capsys.readouterr().out


@pytest.mark.parametrize(("count", "title"), [(0, None), (SHOWN, "10 warnings"), (25, "25 warnings (the first 10)")])
def test_long_accounts_are_cut(count: int, title: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    _print_some("warnings", [str(number) for number in range(count)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:1] == ([title] if title else [])
    assert len(lines) == (1 + min(count, SHOWN) if title else 0)
