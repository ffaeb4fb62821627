"""Model ``events``: aliases resolved, and what two files both hold counted once."""

from __future__ import annotations

import re

import pytest

from recsys import models
from recsys.ingest.exports.players import ROCKBOX
from recsys.ingest.exports.reading import _FORMATS
from recsys.ingest.exports.services import HEADINGS
from tests.support.grid import expect, run
from tests.support.worlds import AS_OF

NO_ALIASES = "id track_id"
DROP = {"as_of": AS_OF, "future_events": "drop"}
KEEP = {"as_of": AS_OF, "future_events": "keep"}
ORDER = ("user_id", "track_id", "type", "weight", "completed_ms")


def test_equal_rows_stay_within_a_file_and_count_once_across_files() -> None:
    result = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at  batch
            u        a         play  2026-05-01   1
            u        a         play  2026-05-01   1
            u        a         play  2026-05-01   2
            u        b         play  2026-05-01   1
            u        b         play  2026-05-01   2
            u        b         play  2026-05-01   2
            u        c         play  2026-05-01   1
            u        c         like  2026-05-01   2
            u        c         play  2026-05-02   2
        """,
        aliases=NO_ALIASES,
    )
    expect(
        result.sort(*ORDER, "occurred_at"),
        """
            user_id  track_id  type  occurred_at
            u        a         play  2026-05-01
            u        a         play  2026-05-01
            u        b         play  2026-05-01
            u        b         play  2026-05-01
            u        c         like  2026-05-01
            u        c         play  2026-05-01
            u        c         play  2026-05-02
        """,
    )


def test_undated_rows_all_stay() -> None:
    result = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at           batch
            u        a         like  -                     1
            u        a         like  -                     2
            u        a         like  0001-01-01T00:00:00Z  2
        """,
        aliases=NO_ALIASES,
    )
    assert result.height == 3
    assert result["occurred_at"].null_count() == 3


def test_other_weight_or_length_is_another_event_and_zero_weight_is_none() -> None:
    result = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at  weight  completed_ms  batch
            u        a         play  2026-05-01   -       1000          1
            u        a         play  2026-05-01   0       1000          2
            u        a         play  2026-05-01   0.5     1000          2
            u        a         play  2026-05-01   -       2000          2
        """,
        aliases=NO_ALIASES,
    )
    expect(
        result.sort(*ORDER),
        """
            weight  completed_ms
            -       1000
            -       2000
            0.5     1000
        """,
    )


def test_aliases_are_resolved_before_repeats_are_counted() -> None:
    result = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at  batch
            u        text:1    play  2026-05-01   1
            u        a         play  2026-05-01   2
        """,
        aliases="""
            id      track_id
            text:1  a
        """,
    )
    assert result["track_id"].to_list() == ["a"]


@pytest.mark.parametrize(("variables", "tracks"), [(DROP, ["a", "b", "d"]), (KEEP, ["a", "b", "c", "d"])])
def test_events_after_as_of(variables: dict[str, object], tracks: list[str]) -> None:
    result = run(
        "events",
        variables,
        input_events="""
            user_id  track_id  type  occurred_at
            u        a         like  2026-05-31T23:59:59Z
            u        b         like  2026-06-01T00:00:00Z
            u        c         like  2026-06-01T00:00:01Z
            u        d         like  -
        """,
        aliases=NO_ALIASES,
    )
    assert sorted(result["track_id"]) == tracks


SOURCES = "user_id track_id type occurred_at completed_ms source batch"


def plays(*rows: str) -> list[tuple[str, str]]:
    """Minute and second, and format, of the plays that remain of one listener; a row is track, time, length and format."""
    events = "\n".join(
        [
            SOURCES,
            *(f"u {row.rsplit(' ', 1)[0].replace(' ', ' play 2026-05-01T10:', 1)} {row.rsplit(' ', 1)[1]} 1" for row in rows),
        ]
    )
    result = run("events", DROP, input_events=events, aliases=NO_ALIASES, releases="track_id song\nlive a\na a")
    return sorted(result.select(result["occurred_at"].dt.strftime("%M:%S"), "source").rows())


def test_one_play_in_two_sources_counts_once() -> None:
    assert plays("a 00:00Z 200000 spotify-basic", "a 00:25Z 200000 spotify-extended") == [("00:25", "spotify-extended")]
    assert plays("a 00:00Z 200000 spotify-extended", "live 01:25Z - lastfm") == [("00:00", "spotify-extended")]
    assert len(plays("a 00:00Z 200000 spotify-extended", "a 01:31Z - lastfm")) == 2
    assert len(plays("a 00:00Z 200000 spotify-extended", "b 00:10Z - lastfm")) == 2


def test_true_repeats_survive() -> None:
    loop = [f"a {minute:02}:00Z 60000 spotify-extended" for minute in range(5)]
    scrobbled = [f"a {minute:02}:20Z - lastfm" for minute in range(5)]
    assert plays(*loop, *scrobbled) == [(f"{minute:02}:00", "spotify-extended") for minute in range(5)]
    assert len(plays(*loop, *scrobbled, "a 05:20Z - lastfm")) == 6


@pytest.mark.slow
def test_the_same_length_before_it_can_have_passed() -> None:
    assert plays("a 00:00Z 200000 spotify-extended", "a 00:07Z 200000 spotify-extended") == [("00:00", "spotify-extended")]
    assert len(plays("a 00:00Z 200000 spotify-extended", "a 03:20Z 200000 spotify-extended")) == 2
    assert len(plays("a 00:00Z 5000 spotify-extended", "a 00:05Z 5000 spotify-extended")) == 2
    assert len(plays("a 00:00Z 200000 spotify-extended", "a 00:07Z 190000 spotify-extended")) == 2
    assert len(plays("a 00:00Z - lastfm", "a 00:07Z - lastfm")) == 2


def test_tables_of_events_are_not_merged() -> None:
    assert len(plays("a 00:00Z 200000 csv", "a 00:07Z 200000 parquet", "a 00:07Z 200000 spotify")) == 3


def test_every_format_that_tells_of_plays_takes_part() -> None:
    text = (models.SQL / "events.sql").read_text(encoding="utf-8")
    told = {form.name for form in (*_FORMATS, ROCKBOX, *(heading.form for heading in HEADINGS))}
    saves = {"spotify-library", "spotify-saved", "listenbrainz-feedback", "apple-library"}
    assert told - saves == {*re.findall(r"\('([a-z-]+)', \d+\)", text)}
