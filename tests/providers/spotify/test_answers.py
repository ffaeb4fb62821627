from __future__ import annotations

import pytest

from recsys.providers.spotify.answers import Entry, Page, Track, isrc, release_date, track_fields
from tests.providers.spotify_answers import track


def test_the_columns_of_a_track() -> None:
    fields = track_fields(Track.model_validate(track(7)))
    assert (fields["title"], fields["artist"], fields["popularity"], fields["isrc"]) == (
        "Song 7",
        "Artist 7, Guest",
        0.5,
        "USQX90000007",
    )


@pytest.mark.parametrize(
    ("text", "date"), [("1999", "1999"), ("1999-05-01", "1999-05-01"), ("0000", None), ("", None), (None, None)]
)
def test_dates(text: str | None, date: str | None) -> None:
    assert release_date(text) == date


def test_codes() -> None:
    assert [isrc(text) for text in ("us-qx9-13-00108", "x", None)] == ["USQX91300108", None, None]


def test_an_entry_under_either_name_and_an_odd_one() -> None:
    page = Page[Entry].model_validate({"items": [{"item": track(1)}, {"track": track(2)}, {"item": 3}]})
    assert len(page.items) == 3
    assert [one.named.name for one in page.items if isinstance(one, Entry) and one.named] == ["Song 1", "Song 2"]
