"""One reason in words: by hand, and the same as whole columns are said."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.stages.rankings.reasons import texts
from recsys.stages.rankings.texts import CODES, LONGEST_NAME, SOUNDS, TEXTS
from recsys.stages.rankings.wording import reason

pytestmark = pytest.mark.slow  # whole runs


@pytest.mark.parametrize(
    ("code", "args", "language", "text"),
    [
        ("popular", [], "en", "Widely played"),
        ("own_tracks", ["A" * (LONGEST_NAME + 1)], "en", f"Because you like {'A' * (LONGEST_NAME - 1)}…"),
        ("own_tracks", ["A" * LONGEST_NAME], "de", f"Weil du {'A' * LONGEST_NAME} magst"),
        ("target", ["tempo=164", "time_signature=4"], "en", "164 bpm, 4/4: close to what you asked for"),
        ("target", ["valence=0.2"], "de", "Heiterkeit 0.2: fast so, wie du es wolltest"),
        ("target", ["energy=0.88"], "en", "Energy 0.88: close to what you asked for"),
        ("sound", ["energy-", "acousticness+", "{0}"], "en", "As calm and acoustic as {0}, which you like"),
        ("own_tracks", [], "en", None),
        ("no such code", ["x"], "en", None),
    ],
)
def test_by_hand(code: str, args: list[str], language: str, text: str | None) -> None:
    assert reason(code, args, language) == text


ARGUMENTS = st.one_of(
    st.text(max_size=40), st.sampled_from([*SOUNDS["en"], "energy=0.88", "tempo=164", "time_signature=4", "key=-1"])
)


@given(st.sampled_from(CODES), st.lists(ARGUMENTS, max_size=3), st.sampled_from([*TEXTS]))
def test_one_reason_is_said_as_in_a_column(code: str, args: list[str], language: str) -> None:
    schema = {"reason_code": pl.String, "reason_args": pl.List(pl.String)}
    column = texts(pl.DataFrame({"reason_code": [code], "reason_args": [args]}, schema=schema), language).item()
    if len(args) in TEXTS[language][code]:
        assert reason(code, args, language) == column
    else:
        assert reason(code, args, language) is None


@given(st.lists(st.tuples(st.sampled_from(CODES), st.lists(ARGUMENTS, max_size=3)), max_size=12), st.sampled_from([*TEXTS]))
def test_rows_of_many_kinds_are_each_said_in_their_place(rows: list[tuple[str, list[str]]], language: str) -> None:
    schema = {"reason_code": pl.String, "reason_args": pl.List(pl.String)}
    column = texts(pl.DataFrame(rows, schema=schema, orient="row"), language)
    otherwise = TEXTS[language]["balanced"][0]
    assert column.to_list() == [reason(code, args, language) or otherwise for code, args in rows]
