from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import UsageError
from recsys.providers.spotify.links import Link, parse

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
    ],
)
def test_every_spelling_of_a_link(text: str, kind: str) -> None:
    assert parse(text) == Link(kind, ID)  # type: ignore[arg-type]


def test_the_library_and_links_of_other_services() -> None:
    assert parse("me:tracks") == Link("me", "tracks")
    assert parse("https://www.deezer.com/track/3135556") == Link("foreign", "https://www.deezer.com/track/3135556")


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
        "me:followers",
        "ftp://open.example/track",
        "https://[broken",
    ],
)
def test_anything_else_says_what_is_allowed(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        link = parse(text)
    except UsageError:
        return
    assert link.kind in ("track", "album", "playlist", "artist", "me", "foreign")
