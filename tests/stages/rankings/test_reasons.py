"""The reason of a row: by hand, for every kind of evidence; the words themselves: test_texts.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys.stages.rankings.picked import ROW_SOURCES
from recsys.stages.rankings.reasons import SOUND_NAMES, RowEvidence, Vocabulary, reasons, texts
from recsys.stages.rankings.texts import CODES, SOUNDS
from recsys.stages.rankings.wording import reason
from recsys.tables import FEATURES, PARTS

NOTHING: dict[str, Any] = dict.fromkeys(PARTS, 0.0)
NOTHING |= {"supporters": 0, "neighbors": 0, "by_artist": 0, "cosine": -1.0, "known": 0.0, "fresh": False, "source": "ranked"}
VALUES = {"energy=0.88": 0.88, "tempo=164": 164.0}


def of(language: str = "en", **given: Any) -> tuple[str, list[str], str]:
    """Of one row whose evidence is written out."""
    row, titles, features = NOTHING | given, list[str](), np.zeros((1, len(FEATURES)))

    def title(name: str) -> int:
        titles.extend([row[name]] if row.get(name) else [])
        return len(titles) - 1 if row.get(name) else -1

    def fit(name: str) -> int:
        if not row.get(name):
            return -1
        feature = FEATURES.index(row[name].split("=")[0])
        features[0, feature] = VALUES[row[name]]
        return feature

    seeded = "seed" in row
    own = np.array([[title("own_1"), title("own_2")]], np.int32)
    evidence = RowEvidence(
        points=np.array([[row[part] for part in PARTS]]),
        own=own,
        share=np.array([[row.get("share_1", 0.0), row.get("share_2", 0.0)]]),
        seeded=np.array([seeded]),
        starts=own if row.get("seed") else np.array([[-1, -1]]),
        **{name: np.array([row[name]], np.int32) for name in ("supporters", "neighbors", "by_artist")},
        **{name: np.array([0 if row.get(name) else -1], np.int32) for name in ("artist", "genre")},
        theirs=np.array([title("theirs")], np.int32),
        nearest=np.array([title("nearest")], np.int32),
        cosine=np.array([row["cosine"]]),
        sounds=np.array([[SOUND_NAMES.index(row[name]) if row.get(name) else -1 for name in ("sound_1", "sound_2")]]),
        fits=np.array([[fit("fit_1"), fit("fit_2")]]),
        known=np.array([np.nan if row["known"] is None else row["known"]]),
        fresh=np.array([row["fresh"]]),
        source=np.array([ROW_SOURCES.index(row["source"])]),
    )
    said = (pl.Series([row[name]] if row.get(name) else [], dtype=pl.String) for name in ("artist", "genre"))
    names = Vocabulary(pl.Series(titles, dtype=pl.String), *said, features)
    one = reasons(evidence, names, language).row(0)
    return one[0], one[1], one[2]


OWN = {"own_1": "Distant Window", "own_2": "Waking the Halo", "share_1": 0.3, "share_2": 0.2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("evidence", "code", "text"),
    [
        ({"collaborative": 9.0, **OWN}, "own_tracks", "Because you like Distant Window and Waking the Halo"),
        ({"collaborative": 9.0, **OWN, "share_2": -0.1}, "own_tracks", "Because you like Distant Window"),
        ({"collaborative": 9.0, "supporters": 11, "neighbors": 50}, "listeners", "11 of the 50 listeners closest to you like it"),
        (
            {"collaborative": 9.0, "supporters": 44, "neighbors": 50, **OWN},
            "listeners",
            "44 of the 50 listeners closest to you like it; you like Distant Window",
        ),
        (
            {"familiarity": 3.0, "artist": "Slow Postcards", "by_artist": 4, "theirs": "Orchard at Dusk"},
            "artist",
            "More by Slow Postcards: you like Orchard at Dusk and 3 more",
        ),
        (
            {"familiarity": 3.0, "artist": "Slow Postcards", "by_artist": 1, "theirs": "Orchard at Dusk"},
            "artist",
            "More by Slow Postcards: you like Orchard at Dusk",
        ),
        (
            {"content": 2.0, "nearest": "Cloud at Noon", "cosine": 0.95, "sound_1": "energy-", "sound_2": "acousticness+"},
            "sound",
            "As calm and acoustic as Cloud at Noon, which you like",
        ),
        ({"content": 2.0, "nearest": "Cloud at Noon", "cosine": 0.95}, "sound", "Sounds like Cloud at Noon, which you like"),
        (
            {"content": 2.0, "nearest": "Cloud at Noon", "cosine": 0.5, "genre": "dub"},
            "genre",
            "More dub, a genre you like",
        ),
        (
            {"collaborative": 9.0, **OWN, "seed": True},
            "seed",
            "Goes with Distant Window and Waking the Halo, seeds of this list",
        ),
        (
            {"collaborative": 9.0, "supporters": 44, "neighbors": 50, **OWN, "seed": True},
            "listeners",
            "44 of the 50 listeners closest to you like it",
        ),
        ({"collaborative": -1.0, **OWN, "share_2": 0.0, "seed": True}, "seed", "Goes with Distant Window, a seed of this list"),
        ({"collaborative": -1.0, **OWN}, "balanced", "Rounds off the list"),
        (
            {"target": 9.0, "fit_1": "energy=0.88", "fit_2": "tempo=164"},
            "target",
            "Energy 0.88, 164 bpm: close to what you asked for",
        ),
        ({"fresh": True, "popularity": 3.0, "artist": "Ada"}, "discovery", "New to you: Ada, little known elsewhere"),
        ({"fresh": True, "popularity": 3.0, "artist": "Ada", "known": 0.5}, "discovery", "New to you: Ada"),
        ({"fresh": True, "popularity": 3.0, "artist": "Ada", "known": None}, "discovery", "New to you: Ada"),
        (
            {"fresh": True, "exploration": 3.0, "artist": "Ada", "supporters": 7, "neighbors": 50},
            "discovery",
            "New to you: Ada; 7 of the 50 listeners closest to you like it",
        ),
        ({"popularity": 3.0, "known": 0.8}, "popular", "Widely played"),
        ({"source": "cold", "popularity": 3.0, "known": 0.8}, "cold", "What most listeners start with"),
        ({"source": "backfill_artist", "artist": "Ada"}, "backfill_artist", "To fill the list: one more by Ada"),
        ({}, "balanced", "Rounds off the list"),
    ],
)
def test_by_hand(evidence: dict[str, Any], code: str, text: str) -> None:
    assert of(**evidence)[::2] == (code, text)


def test_names_that_look_like_words_are_said_as_they_are() -> None:
    """Songs and artists may be called as sounds and values are in `reason_args`."""
    for names in (["energy+", "tempo=90"], ["popularity-", "key=3"]):
        owned = {"own_1": names[0], "own_2": names[1], "share_1": 0.3, "share_2": 0.2}
        by_artist = {"familiarity": 3.0, "artist": names[0], "by_artist": 1, "theirs": names[1]}
        near = {"content": 2.0, "nearest": names[1], "cosine": 0.95, "sound_1": "energy-"}
        for given, text in (
            ({"collaborative": 9.0, **owned}, f"Because you like {names[0]} and {names[1]}"),
            (by_artist, f"More by {names[0]}: you like {names[1]}"),
            (near, f"As calm as {names[1]}, which you like"),
            (
                {"fresh": True, "popularity": 3.0, "artist": names[0], "known": 0.1},
                f"New to you: {names[0]}, little known elsewhere",
            ),
        ):
            code, args, said = of(**given)
            rows = pl.DataFrame({"reason_code": [code], "reason_args": [args]})
            assert (said, reason(code, args, "en"), texts(rows, "en").to_list()) == (text, text, [text])


def test_the_evidence_with_the_most_points_is_the_reason() -> None:
    voted = {"collaborative": 10.0, **OWN, "supporters": 30, "neighbors": 50}  # 5 points for own tracks, 6 for listeners
    assert of(**voted)[0] == "listeners"
    assert of(**voted | {"supporters": 20})[0] == "own_tracks"
    assert of(**voted, familiarity=7.0, artist="Ada", by_artist=2, theirs="Dusk")[0] == "artist"


def test_equal_evidence_goes_by_the_order_of_codes() -> None:
    equal = {
        "collaborative": 10.0,
        **OWN,
        "supporters": 25,
        "neighbors": 50,
        "familiarity": 5.0,
        "artist": "Ada",
        "by_artist": 2,
        "theirs": "Dusk",
    }
    assert of(**equal)[0] == CODES[0] == "own_tracks"


def test_german_says_the_same_of_the_same_arguments() -> None:
    evidence = {"content": 2.0, "nearest": "Cloud at Noon", "cosine": 0.95, "sound_1": "energy-"}
    assert of("de", **evidence) == ("sound", ["energy-", "Cloud at Noon"], "So ruhig wie Cloud at Noon aus deiner Musik")
    assert of("de", target=1.0, fit_1="energy=0.88")[2] == "Energie 0.88: fast so, wie du es wolltest"


@pytest.mark.parametrize("language", ["en", "de"])
def test_names_that_look_like_sounds_or_values_are_said_as_they_are(language: str) -> None:
    names = ["é" * 20, "x" * 27, "Rock-", "C+", "a=b", "energy=", "energy-", "tempo=128"]
    rows = pl.DataFrame({"reason_code": ["genre"] * len(names), "reason_args": [[name] for name in names]})
    one_by_one = [reason("genre", [name], language) for name in names]
    assert texts(rows, language).to_list() == one_by_one
    assert all(name in str(said) for name, said in zip(names, one_by_one, strict=True) if len(name) < 27)
    assert "…" in str(one_by_one[1])
    assert all(sound[-1] in "+-" for sound in SOUNDS[language])
