"""Names: what counts as the same one, and sets of names as integers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.matrices.tokens import fold, lower, name_sets, token


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Rock ", "rock"),
        ("\tDEEP House\n", "deep house"),
        ("ÉTÉ", "été"),
        ("ΟΔΟΣ", "οδοσ"),  # a final sigma stays medial
        ("İstanbul", "istanbul"),
        ("   ", ""),
    ],
)
def test_token_is_trimmed_and_lower_case(text: str, expected: str) -> None:
    assert token(text) == expected


def test_lower_keeps_outer_spaces() -> None:
    assert lower(" Rock ") == " rock "


@pytest.mark.parametrize(("one", "other"), [("ROCK", "rock"), ("\u212a", "k"), ("Σ", "ς"), ("ẞ", "ß"), ("ſ", "S")])
def test_fold_is_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("rock ", "rock"), ("ß", "ss"), ("é", "e"), ("İ", "i")])
def test_fold_differs(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_token_of_a_token_is_itself(text: str) -> None:
    assert token(token(text)) == token(text)
    assert len(lower(text)) == len(text)


class TestNameSets:
    rows = (["Rock", "pop "], None, ["pop", "POP", "jazz"], ["Rock", "pop "], [" "])

    def test_hand_table(self) -> None:
        sets = name_sets(self.rows, token)
        assert sets.names == {"jazz": 0, "pop": 1, "rock": 2}
        assert sets.of.tolist() == [0, 1, 2, 0, 1]
        assert sets.indptr.tolist() == [0, 2, 2, 5]
        assert sets.members.tolist() == [2, 1, 1, 1, 0]

    def test_blank_names_count_when_asked(self) -> None:
        assert name_sets(self.rows, str, blank=True).names == {" ": 0, "POP": 1, "Rock": 2, "jazz": 3, "pop": 4, "pop ": 5}

    def test_ids_of_known_names_only(self) -> None:
        assert name_sets(self.rows, token).ids(["rock", "funk", "jazz"]).tolist() == [2, 0]

    def test_no_rows(self) -> None:
        sets = name_sets([], token)
        assert (sets.of.size, sets.indptr.tolist(), sets.names) == (0, [0], {})
