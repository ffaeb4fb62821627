"""How a flow that asks providers ends: numbers and kinds to Prefect, words to the process alone."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from flows import outcome
from flows.outcome import ShortfallError, conclude, wordless
from flows.report import RecordedError
from recsys.errors import ProviderError
from recsys.providers.account import Summary
from recsys.providers.facts import Skip

pytestmark = pytest.mark.slow  # the library of flows takes seconds to import


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Prefect gets: artifacts here, log lines in the logger `prefect`."""
    artifacts: list[dict[str, Any]] = []
    monkeypatch.setattr(outcome, "create_table_artifact", lambda table, **more: artifacts.append({"table": table, **more}))
    monkeypatch.setattr(outcome, "get_run_logger", lambda: logging.getLogger("prefect-run"))
    return artifacts


def said(caplog: pytest.LogCaptureFixture, name: str) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if record.name == name)


def test_all_came(heard: list[dict[str, Any]], caplog: pytest.LogCaptureFixture) -> None:
    summary = Summary("spotify", "Web API")
    summary.imported = 3
    with caplog.at_level(logging.INFO):
        conclude("import", [summary], {"musicbrainz": "set MUSICBRAINZ_CONTACT"}, {})
    (artifact,) = heard
    assert (artifact["key"], artifact["description"]) == ("import", "all came")
    assert [row["source"] for row in artifact["table"]] == ["spotify", "musicbrainz"]
    assert artifact["table"][0]["imported"] == 3
    assert "imported=3" in said(caplog, "prefect-run")
    assert "musicbrainz was left out: set MUSICBRAINZ_CONTACT" in said(caplog, "prefect-run")


def test_who_fell_short_is_named_by_kind_and_the_words_stay_here(
    heard: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    short = Summary("reccobeats", "no key")
    short.failed.append(Skip("SECRET-TRACK", "failed", "SECRET-WORDS", 1))
    assert short.shortfall
    with caplog.at_level(logging.INFO), pytest.raises(ShortfallError) as caught:
        conclude("enrich", [short], {}, {"spotify": ProviderError("SECRET-CAUSE")})
    assert "spotify: ProviderError" in str(caught.value)
    assert "reccobeats: " in str(caught.value)
    assert "2 fell short" in heard[0]["description"]
    assert "SECRET" not in str(caught.value) + repr(heard) + said(caplog, "prefect-run")
    assert "SECRET-CAUSE" in said(caplog, "recsys")


def test_errors_inside_reach_prefect_by_their_kind(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RecordedError, match=r"^enrich: ValueError; ") as caught, wordless("enrich"):
        raise ValueError("SECRET")
    assert isinstance(caught.value.cause, ValueError)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "SECRET" in said(caplog, "recsys")


def test_a_shortfall_passes_as_it_is() -> None:
    error = ShortfallError("x: kind")
    with pytest.raises(ShortfallError) as caught, wordless("enrich"):
        raise error
    assert caught.value is error
