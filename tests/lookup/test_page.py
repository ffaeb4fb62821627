"""The page in a real browser: lists, points, why, keyboard, phone, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.lake import Run
from tests.lookup import chromium
from tests.lookup.chromium import Tab

pytestmark = pytest.mark.slow

TAB, ENTER, RIGHT = ("Tab", 9), ("Enter", 13), ("ArrowRight", 39)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    program = chromium.program_path()
    if program is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with chromium.browse(program, tmp_path_factory.mktemp("browser")) as result:
        yield result


@pytest.fixture
def page(tab: Tab, address: str) -> Tab:
    """The page with one listener's balanced list."""
    tab.errors.clear()
    tab.screen(1280, 900)
    tab.open("about:blank")
    tab.open(f"{address}/#user=demo-u001&list=balanced")
    tab.wait("document.querySelectorAll('#rows > li').length")
    return tab


def test_the_list_is_the_stored_one(page: Tab, run: Run) -> None:
    stored = run.read("rankings").filter(user_id="demo-u001", list="balanced").sort("rank")
    assert page.run("[...document.querySelectorAll('#rows > li')].map(li => li.dataset.track)") == stored["track_id"].to_list()
    scores = page.run("[...document.querySelectorAll('.score')].map(n => Number(n.textContent))")
    assert scores == pytest.approx(stored["score"].to_list(), abs=6e-4)
    assert page.run("document.querySelector('.reason').textContent") == stored["reason"][0]
    assert run.id in page.run("document.querySelector('#run').textContent")
    assert page.errors == []


def test_bars_are_as_long_as_the_score(page: Tab, run: Run) -> None:
    widths = page.run(
        "[...document.querySelectorAll('.bar')].map(bar => [...bar.querySelectorAll('rect:not(.back)')]"
        ".reduce((sum, rect) => sum + rect.width.baseVal.value, 0))"
    )
    scores = run.read("rankings").filter(user_id="demo-u001", list="balanced").sort("rank")["score"]
    assert widths == [pytest.approx(score / max(scores) * 1000, abs=0.5) for score in scores]


def test_taste_is_drawn_from_the_stored_vector(page: Tab) -> None:
    assert page.run("document.querySelectorAll('.radar text').length") == 12
    assert len(page.run("document.querySelector('.radar .shape').getAttribute('points')").split(" ")) == 12
    assert "energy 0." in page.run("document.querySelector('.radar').getAttribute('aria-label')")


def test_why_opens_and_adds_up(page: Tab) -> None:
    page.run("document.querySelector('.open').click()")
    numbers = page.wait("[...document.querySelectorAll('.more td:last-child')].map(td => Number(td.textContent))")
    safety = page.run("Number(document.querySelectorAll('.more tbody tr')[6].children[1].textContent)")
    assert sum(numbers[:6]) * safety + numbers[7] == pytest.approx(numbers[8], abs=4e-4)
    assert page.run("document.querySelectorAll('.more .meter').length") == 12
    assert page.run("document.querySelector('.open').ariaExpanded") == "true"
    page.run("document.querySelector('.open').click()")
    assert page.run("document.querySelector('.more')") is None


def test_why_not(page: Tab) -> None:
    page.run("document.querySelector('#track').value = 'nope'; document.querySelector('#ask button').click()")
    assert "no such track" in page.wait("document.querySelector('#answer').textContent")


def test_by_keyboard_alone(page: Tab, address: str) -> None:
    page.run("document.querySelector('#lists [aria-selected=true]').focus()")
    page.key(*RIGHT)
    page.wait("document.activeElement.textContent === 'comfort'")
    page.wait("location.hash.includes('list=comfort')")
    page.run("document.querySelector('#user').select(); document.querySelector('#user').focus()")
    page.type("demo-u002")
    page.key(*ENTER)
    page.wait("document.querySelector('#message').textContent.includes('for demo-u002')")
    page.run("document.querySelector('#rows .open').focus()")
    page.key(*ENTER)
    page.wait("document.querySelector('.more') !== null")
    page.key(*TAB)
    assert page.run("document.activeElement.className") == "open"
    page.run("history.back()")
    page.wait("document.querySelector('#message').textContent.includes('for demo-u001')")


def test_suggestions_while_typing(page: Tab) -> None:
    page.run("document.querySelector('#user').value = ''; document.querySelector('#user').focus()")
    page.type("demo/")
    assert page.wait("document.querySelector('#users option')?.value") == "demo/ü 100%"


def test_unknown_listeners_and_lists_are_said(page: Tab, address: str) -> None:
    page.open(f"{address}/#user=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&list=balanced")
    page.wait("document.querySelector('#message').textContent.includes('does not know <img src=x onerror=alert(1)>')")
    assert page.run("document.querySelector('#message img')") is None
    page.open(f"{address}/#user=demo-u001&list=nope")
    page.wait("document.querySelector('#message').textContent.includes('lists: balanced')")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844), (320, 640)])
def test_fits_every_screen_in_both_colours(page: Tab, width: int, height: int, dark: bool, tmp_path: Path) -> None:
    page.screen(width, height, dark=dark, phone=width < 500)
    page.run("document.querySelector('.open').click()")
    assert page.run("document.documentElement.scrollWidth") <= width
    paper, ink = page.run("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    assert (brightness(ink) > brightness(paper)) is dark
    assert abs(brightness(ink) - brightness(paper)) > 400
    page.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 5000


def brightness(colour: str) -> int:
    """Sum of red, green and blue of ``rgb(r, g, b)``."""
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))


def test_docs_show_the_contract(tab: Tab, address: str) -> None:
    tab.errors.clear()
    tab.open(f"{address}/docs")
    assert tab.wait("document.querySelectorAll('#operations details').length") == 12
    assert tab.errors == []
