from __future__ import annotations

import pytest

from recsys.providers.errors import MalformedError, MissingError
from recsys.providers.webplayer.answers import Track, embedded, ident, player_fields


def test_first_and_other_artists_are_one_list() -> None:
    track = Track.model_validate(
        {
            "name": "S", "uri": f"spotify:track:{'1' * 22}", "firstArtist": {"items": [{"profile": {"name": "A"}}]},
            "otherArtists": {"items": [{"profile": {"name": "B"}}]}, "trackDuration": {"totalMilliseconds": 5},
        }
    )  # fmt: skip
    fields = player_fields(track)
    assert (fields["artists"], fields["duration_ms"], fields["spotify_id"]) == (["A", "B"], 5, "1" * 22)


def test_ids() -> None:
    assert ident(f"spotify:track:{'a' * 22}", "track") == "a" * 22
    assert [ident(uri, "track") for uri in ("spotify:local:x", f"spotify:album:{'a' * 22}", None)] == [None, None, None]


@pytest.mark.parametrize(
    ("page", "kind"),
    [(b"<html>", MalformedError), (b'<script id="__NEXT_DATA__" type="application/json">{"props": {}}</script>', MissingError)],
)
def test_pages_without_data(page: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        embedded(page)
