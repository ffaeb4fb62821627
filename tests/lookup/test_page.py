"""The page in a real browser: lists, points, why, keyboard, phone, light and dark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from recsys.lake import Run
from recsys.stages.rankings.reasons import texts
from recsys.tables import PARTS
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
    assert scores == pytest.approx(stored["score"].to_list(), abs=0.06)
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
    lines = page.wait("[...document.querySelectorAll('.more tbody tr')].map(tr => [...tr.children].map(one => one.textContent))")
    named = {name: (fit, points) for name, fit, points in lines}
    assert set(named) <= {*PARTS, "× safety", "+ promotion", "= score"}
    parts = sum(float(named[name][1]) for name in PARTS if name in named)
    total = parts * float(named.get("× safety", ("1",))[0]) + float(named.get("+ promotion", ("", "0"))[1])
    assert total == pytest.approx(float(named["= score"][1]), abs=4e-4)
    assert page.run("document.querySelectorAll('.more [role=group] .meter').length") == 12
    assert page.run("document.querySelector('.open').ariaExpanded") == "true"
    page.run("document.querySelector('.open').click()")
    assert page.run("document.querySelector('.more')") is None


def test_own_tracks_behind_a_row_lead_to_what_is_known_of_them(page: Tab, run: Run) -> None:
    stored = run.read("rankings").filter(user_id="demo-u001", list="balanced").sort("rank")
    row = stored.filter(pl.col("because").list.len() > 1).row(0, named=True)
    page.run(f"document.querySelector('#row-{row['rank']} .open').click()")
    own = page.wait("[...document.querySelectorAll('.own [data-own]')].map(one => one.dataset.own)")
    assert own == [one["track_id"] for one in row["because"]]
    shares = page.run("[...document.querySelectorAll('.own .meter b')].map(one => Number(one.textContent))")
    assert shares == pytest.approx([*(one["share"] for one in row["because"]), row["because_rest"]], abs=6e-3)
    page.run("document.querySelector('.own [data-own]').click()")
    page.wait("document.querySelector('#answer').textContent.includes('events')")
    assert f"track={own[0]}" in page.run("location.hash")


def test_reasons_in_german(page: Tab, run: Run) -> None:
    page.run("(one => { one.value = 'de'; one.dispatchEvent(new Event('change')); })(document.querySelector('#language'))")
    page.wait("document.querySelector('.reason').lang === 'de'")
    rows = run.read("rankings").filter(user_id="demo-u001", list="balanced").sort("rank")
    assert page.run("document.querySelector('.reason').textContent") == texts(rows, "de")[0]


def order(run: Run, name: str = "balanced") -> list[str]:
    """The tracks of a list, best first."""
    return run.read("rankings").filter(user_id="demo-u001", list=name).sort("rank")["track_id"].to_list()


def test_where_a_track_stood_before(page: Tab, published: Lake) -> None:
    runs = {run.id: run for run in published.runs()}
    now = published.published()
    before = next(run for name, run in runs.items() if name != now.id)
    old, new = (order(run) for run in (before, now))
    said = page.run("[...document.querySelectorAll('.moved > span:first-child')].map(one => one.textContent)")
    assert len(said) == len(new)
    for rank, (track, words) in enumerate(zip(new, said, strict=True), 1):
        was = old.index(track) + 1 if track in old else 0
        assert words == ("new" if not was else "=" if was == rank else f"▲{was - rank}" if was > rank else f"▼{rank - was}")


def test_two_lists_side_by_side(page: Tab, run: Run) -> None:
    page.run("(one => { one.value = 'comfort'; one.dispatchEvent(new Event('change')); })(document.querySelector('#other'))")
    page.wait("document.querySelectorAll('#others > li').length")
    one, other = (set(order(run, name)) for name in ("balanced", "comfort"))
    shared = page.run("[...document.querySelectorAll('#rows > li.shared')].map(li => li.dataset.track)")
    assert set(shared) == one & other
    assert f"share {len(one & other)} of" in page.run("document.querySelector('#message').textContent")
    page.run("history.back()")
    page.wait("document.querySelectorAll('#rows > li .open').length")


def test_find_in_the_list_by_title_and_artist(page: Tab) -> None:
    name = page.run("document.querySelector('#rows > li:nth-child(3) .name').textContent").replace(" · ", " ")
    page.run("document.querySelector('#find').focus()")
    page.type(name.upper())
    shown = page.wait("[...document.querySelectorAll('#rows > li')].filter(li => !li.hidden).map(li => li.id)")
    assert shown == ["row-3"]


def test_links_to_listen_lead_away_without_a_word(page: Tab) -> None:
    links = page.run("[...document.querySelectorAll('.listen a')].map(one => [one.href, one.rel, one.target])")
    assert links
    assert all(href.startswith("https://") and "noreferrer" in rel and target == "_blank" for href, rel, target in links)


def test_the_state_of_the_run_and_what_was_heard(page: Tab, published: Lake) -> None:
    assert page.wait("document.querySelectorAll('#runs li').length") == len(published.runs())
    assert page.run("document.querySelectorAll('#heard li .name').length") == 10


def test_why_not(page: Tab) -> None:
    page.run("document.querySelector('#track').value = 'nope'; document.querySelector('#ask button').click()")
    assert "no such track" in page.wait("document.querySelector('#answer').textContent")


def test_why_not_by_title(page: Tab, run: Run) -> None:
    answer = run.read("tracks").filter(~pl.col("title").is_duplicated()).row(0, named=True)
    page.run(
        f"document.querySelector('#track').value = {json.dumps(answer['title'])}; document.querySelector('#ask button').click()"
    )
    page.wait(f"document.querySelector('#answer').textContent.includes({json.dumps(answer['title'] + ': ')})")


def test_what_sounds_like_a_track_leads_on(page: Tab, run: Run) -> None:
    track = run.read("tracks").filter(pl.col("tempo") > 0)["id"][0]
    page.run(f"document.querySelector('#track').value = {json.dumps(track)}; document.querySelector('#ask button').click()")
    assert page.wait("document.querySelectorAll('#alike button').length") == 10
    page.run("document.querySelector('#alike button').click()")
    page.wait(f"!location.hash.includes('track={track}')")


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
    assert page.run("document.activeElement.closest('.more, #rows') !== null")
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
    page.run("document.querySelector('#lists button').click()")  # the tabs are there all the same
    page.wait("document.querySelectorAll('#rows > li').length")


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
    assert tab.wait("document.querySelectorAll('#operations details').length") == 19
    assert tab.errors == []
