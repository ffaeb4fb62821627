"""Who and what is in a run is found by a part of a name, in any spelling, or by one like it."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.readers.directory import near, search

ROWS = pl.DataFrame(
    {"title": ["Orchard at Dusk", "Hip-Hop", None], "artist": ["Ada", "Beyoncé", "Cem"], "track_id": ["t1", "t2", "t3"]}
)
COLUMNS = ("title", "artist", "track_id")


@pytest.mark.parametrize(
    ("text", "ids"),
    [("orchard", ["t1"]), ("ADA dusk", ["t1"]), ("hip hop", ["t2"]), ("beyonce", ["t2"]), ("t3", ["t3"]), ("nobody", [])],
)
def test_every_word_is_in_a_name(text: str, ids: list[str]) -> None:
    assert search(ROWS, COLUMNS, text)["track_id"].to_list() == ids


def test_a_name_like_it() -> None:
    assert near(ROWS, COLUMNS, "Orchid at Dusk", 5)["track_id"].to_list()[0] == "t1"
    assert near(ROWS, COLUMNS, "qqqqqqqq", 5).is_empty()
