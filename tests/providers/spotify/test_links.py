from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import UsageError
from recsys.providers.spotify.links import Link, parse_link

ID = "4uLU6hMCjMI75M1A2tKUQC"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ID, "track"),
        (f" spotify:track:{ID} ", "track"),
        (f"spotify:album:{ID}", "album"),
        (f"spotify:user:somebody:playlist:{ID}", "playlist"),
        (f"https://open.spotify.com/track/{ID}", "track"),
        (f"https://open.spotify.com/track/{ID}?si=abc&context=spotify%3Aalbum%3Ax", "track"),
        (f"http://open.spotify.com/intl-de/album/{ID}/", "album"),
        (f"open.spotify.com/embed/artist/{ID}#frag", "artist"),
        (f"https://open.spotify.com/intl-pt/embed/playlist/{ID}", "playlist"),
        (f"https://open.spotify.com/user/somebody/playlist/{ID}", "playlist"),
        (f"https://open.spotify.com/embed?uri=spotify:user:somebody:playlist:{ID}", "playlist"),
        (f"https://embed.spotify.com/?uri=spotify%3Atrack%3A{ID}", "track"),
        (f"https://play.spotify.com/album/{ID}", "album"),
        (f"https://player.spotify.com/track/{ID}", "track"),
        (f"https://api.spotify.com/v1/tracks/{ID}", "track"),
        (f"https://open.spotify.com/track/{ID}%3Fsi%3Dabc", "track"),
        (f"<https://open.spotify.com/track/{ID}>", "track"),
        (f"SPOTIFY:track:{ID}", "track"),
        (f"spotify:track:{ID}?si=abc", "track"),
        (f"spotify://track/{ID}", "track"),
        (f"https://open.spotify.com/artist/{ID}/discography/all", "artist"),
        (f"https://open.spotify.com/album/1111111111111111111111/track/{ID}", "track"),
        (f"https://open.spotify.com/oembed?url=https%3A%2F%2Fopen.spotify.com%2Ftrack%2F{ID}", "track"),
    ],
)
def test_every_spelling_of_a_link(text: str, kind: str) -> None:
    assert parse_link(text) == Link(kind, ID)  # type: ignore[arg-type]


def test_the_library_and_links_of_other_services() -> None:
    assert parse_link("me:tracks") == parse_link("me:liked") == Link("me", "liked")
    assert (
        parse_link("https://open.spotify.com/collection/tracks")
        == parse_link("spotify:user:anna:collection")
        == Link("me", "liked")
    )
    assert str(parse_link("me:recent")) == "me:recent"
    assert parse_link("https://www.deezer.com/track/3135556") == Link("foreign", "https://www.deezer.com/track/3135556")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "spotify:",
        "spotify:track:",
        "spotify:track:short",
        f"spotify:episode:{ID}",
        f"https://open.spotify.com/show/{ID}",
        "https://open.spotify.com/",
        "https://open.spotify.com/embed?uri=nonsense",
        "https://spotify.link/abc",
        "https://spotify.app.link/abc",
        "https://spoti.fi/abc",
        "https://link.tospotify.com/abc",
        "https://open.spotify.com/user/anna",
        f"https://open.spotify.com/prerelease/{ID}",
        f"https://open.spotify.com.evil.test/track/{ID}",
        f"https://evil.test@open.spotify.com/track/{ID}",
        "USQX91300108",
        "Rick Astley - Never Gonna Give You Up",
        "me:followers",
        "ftp://open.example/track",
        "https://[broken",
    ],
)
def test_anything_else_says_what_is_allowed(text: str) -> None:
    with pytest.raises(UsageError):
        parse_link(text)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        link = parse_link(text)
    except UsageError:
        return
    assert link.kind in ("track", "album", "playlist", "artist", "me", "foreign")
