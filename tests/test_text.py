"""Text from outside: what reaches a terminal, a player or a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from recsys.cli.screen import console, grid, say, warn
from recsys.readers.export import FORMATS, PLAYLIST_COLUMNS, Playlist
from recsys.text import cell, one_line, printable

EVIL = "a\x1b]0;title\x07b\x9bc\u202ed\u2066e\x7f\x00f\ud800"
BAD = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u061c\u200e\u200f\u202a\u202b\u202d\u202e\u2067\u2068\u2069\ufeff\ufffe\uffff",
]


@pytest.mark.parametrize("sign", [sign for sign in BAD if sign not in "\t\n"])
def test_no_command_is_left(sign: str) -> None:
    assert printable(f"a{sign}b") == "a\ufffdb"
    assert sign not in one_line(f"a{sign}b")


@pytest.mark.parametrize("text", ["Zoë", "日本語", "שלום", "مرحبا", "👩‍🚀", "a\tb\nc", ""])
def test_names_in_any_script_stay(text: str) -> None:
    assert printable(text) == text


def test_nothing_that_is_shown_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL)
    warn(EVIL)
    console().print(EVIL, markup=False)
    console().print(grid(EVIL, ("x",), [(EVIL,)]))
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert "a" in text
        assert not {*text} & {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\x7f", "\x00"}


@pytest.mark.parametrize("form", ["m3u", "xspf", "csv"])
def test_playlists_hold_no_commands_and_no_formulas(form: str) -> None:
    row = dict.fromkeys(PLAYLIST_COLUMNS) | {"rank": 1, "track_id": "=1+1", "title": EVIL, "artist": "@SUM(A1)", "score": -1.5}
    text = FORMATS[form](
        Playlist("u\x1b", EVIL, "run", datetime(2026, 1, 1, tzinfo=UTC), [row | {"reason": EVIL, "reason_code": "x"}])
    )
    assert not {*text} & {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\x7f", "\x00"}
    if form == "csv":
        (read,) = csv.DictReader(io.StringIO(text))
        assert (read["track_id"], read["artist"], read["score"]) == ("'=1+1", "'@SUM(A1)", "-1.5")


def test_xml_holds_every_name() -> None:
    row = dict.fromkeys(PLAYLIST_COLUMNS) | {
        "rank": 1,
        "track_id": "t",
        "title": "".join(BAD) + "\xa0Zoë",
        "score": 1.0,
        "reason": "r",
    }
    text = FORMATS["xspf"](Playlist("u", "l", "run", datetime(2026, 1, 1, tzinfo=UTC), [row | {"reason_code": "x"}]))
    title = ElementTree.fromstring(text).findtext(".//{*}track/{*}title")  # noqa: S314
    assert title is not None
    assert title.strip("\ufffd\t\n") == "\xa0Zoë"


def test_numbers_are_no_formulas() -> None:
    assert [cell(value) for value in (-1, 2.5, None, "-x", "x")] == [-1, 2.5, None, "'-x", "x"]
