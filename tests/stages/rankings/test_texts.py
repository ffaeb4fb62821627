"""The words of reasons: every language has every text, its places filled, and none is too long."""

from __future__ import annotations

import re

import polars as pl
import pytest

from recsys.stages.rankings.reasons import MOST_ARGS, texts
from recsys.stages.rankings.texts import _LONGEST, CODES, FEATURE_WORDS, LONGEST_NAME, SOUNDS, TEXTS
from recsys.tables import FEATURES

LONG = "Ein sehr langer Titel " * 3
OTHERS = {
    **dict.fromkeys(
        (
            ("listeners", 2, 0),
            ("listeners", 2, 1),
            ("listeners", 3, 0),
            ("listeners", 3, 1),
            ("artist", 3, 2),
            ("discovery", 3, 1),
            ("discovery", 3, 2),
        ),
        "50",
    ),
    ("discovery", 2, 1): "popularity-",
    **dict.fromkeys((("sound", 2, 0), ("sound", 3, 0), ("sound", 3, 1)), "instrumentalness+"),
    **dict.fromkeys((("target", 1, 0), ("target", 2, 0), ("target", 2, 1)), "instrumentalness=0.88"),
}
"""The longest arguments that are no titles or names, by code, number of arguments and place."""


@pytest.mark.slow
@pytest.mark.parametrize("language", TEXTS)
def test_every_language_has_every_text_and_none_is_too_long(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    assert SOUNDS[language].keys() == SOUNDS["en"].keys()
    for code, variants in TEXTS[language].items():
        assert variants.keys() == TEXTS["en"][code].keys()
        for number, template in variants.items():
            assert sorted(set(re.findall(r"\{(\d)\}", template))) == [str(place) for place in range(number)]
            args = [OTHERS.get((code, number, place), LONG) for place in range(number)]
            schema = {"reason_code": pl.String, "reason_args": pl.List(pl.String)}
            text = pl.DataFrame({"reason_code": [code], "reason_args": [args]}, schema=schema)
            said = texts(text, language).item()
            assert len(said) <= _LONGEST, said
            assert said.count("…") == args.count(LONG)
    assert max(number for variants in TEXTS[language].values() for number in variants) <= MOST_ARGS
    assert 2 * LONGEST_NAME < _LONGEST


@pytest.mark.parametrize("language", TEXTS)
def test_features_have_words_of_the_contract(language: str) -> None:
    """Every word belongs to a feature, every value has one place, and there are words for what the page says."""
    assert {name[:-1] for name in SOUNDS[language]} <= {*FEATURES, "popularity"}
    assert {name[-1] for name in SOUNDS[language]} == {"+", "-"}
    assert FEATURE_WORDS[language].keys() <= set(FEATURES)
    assert all(words.count("{}") == 1 for words in FEATURE_WORDS[language].values())


def test_no_two_codes_of_a_language_say_the_same() -> None:
    for variants in TEXTS.values():
        said = [text for texts_of in variants.values() for text in texts_of.values()]
        assert len(set(said)) == len(said)
    assert len(set(CODES)) == len(CODES)
