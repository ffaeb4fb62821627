"""The report of a run: everything in it, nothing from outside, readable where it is read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from recsys import Lake
from recsys.demo import AS_OF
from recsys.report.making import page
from recsys.report.page import number
from recsys.settings import Settings
from recsys.tables import EVENTS, REJECTS, TRACKS
from tests.lookup import chromium
from tests.support.published import EARLIER, commit, publish
from tests.support.worlds import event, frame, track

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two runs; the later one is published."""
    return publish(tmp_path_factory.mktemp("report") / "lake", EARLIER, AS_OF)


@pytest.fixture(scope="module")
def html(lake: Lake) -> str:
    return page(lake, lake.published(), 512 * 2**20)


class Outline(HTMLParser):
    """Headings, and tags that were never closed."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_every_part_is_there(lake: Lake, html: str) -> None:
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    assert outline.headings == [
        "Checks", "What came in", "From catalogue to list", "What scores are made of", "Reasons", "Popularity", "Genres",
        "Taste map", "Measured", "Time", "Examples",
    ]  # fmt: skip
    for words in (lake.published().id, "compared with run", "512 MiB", "Rows that the run before already held", "not allowed"):
        assert words in html


def test_nothing_comes_from_outside(html: str) -> None:
    addresses = set(re.findall(r"https?://[^\"' )<]+", html))
    assert {address for address in addresses if not address.startswith("http://www.w3.org/")} == set()
    assert not re.search(r"<script|<link|@import|url\((?!#)", html)


def test_names_are_text(tmp_path: Path) -> None:
    """Titles, artists and listeners come from anywhere."""
    evil = "<script>alert(1)</script>"
    tracks = frame(TRACKS, [track(f"t{number}", title=evil, artist=evil, genres=[evil], popularity=0.5) for number in range(6)])
    lake = Lake(tmp_path / "lake")
    for name, rows in (("tracks", tracks), ("events", frame(EVENTS, [event(evil, "t1"), event(evil, "t2")]))):
        digest = f"{len(name):064x}"
        lake.add_batch(name, rows, rejects=REJECTS.empty(), source=evil, digest=digest, rows_read=rows.height)
    html = page(lake, commit(lake, Settings(list_limit=3, pool=5), AS_OF))
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize(
    ("value", "words"), [(None, "–"), (3.0, "3"), (1234567, "1,234,567"), (0.12345, "0.1235"), (2345.67, "2,345.7")]
)
def test_numbers(value: float | None, words: str) -> None:
    assert number(value) == words


def test_in_a_browser(html: str, tmp_path: Path) -> None:
    program = chromium.program_path()
    if program is None:
        pytest.skip("needs chromium")
    place = tmp_path / "report.html"
    place.write_text(html, encoding="utf-8")
    with chromium.browse(program, tmp_path / "profile") as tab:
        papers = []
        for width, dark in ((1280, False), (390, False), (390, True)):
            tab.screen(width, 900, dark=dark, phone=width < 500)
            tab.open(place.as_uri())
            tab.wait("document.readyState === 'complete' && document.querySelectorAll('svg.marks').length === 6")
            assert tab.run("document.documentElement.scrollWidth") <= width
            papers.append(tab.run("getComputedStyle(document.body).backgroundColor"))
            assert tab.run("getComputedStyle(document.querySelector('svg.marks path[fill^=var]')).fill") != "none"
        assert papers[0] == papers[1] != papers[2]
        assert tab.errors == []
